"""Tests lie where the code lies: `fusion/join/timing.py` is tested in `tests/fusion/join/test_timing.py`.

Where that would not read well the exception stands here, with the file to look into.
"""

from __future__ import annotations

import fnmatch
from pathlib import Path

import diarfuse

ROOT = Path(diarfuse.__file__).resolve().parent
TESTS = Path(__file__).resolve().parent
FOLDERS = ("fusion", "diarize", "asr_adapters", "exporters", "transcribe")
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if not path.name.startswith("__")
)

ELSEWHERE = {
    # lists of like things, tested by one table of examples, and by properties that hold for all of them
    "fusion/formats/*.py": "fusion/formats/test_formats.py",
    "exporters/*.py": "exporters/test_exporters.py",
    "diarize/front_ends/*.py": "diarize/front_ends/test_front_ends.py",
    # parts of one thing that is tested as a whole
    "transcribe/documents/opening/answering.py": "transcribe/documents/opening/test_handler.py",
    "fusion/audio/*.py": "fusion/audio/test_audio.py",
    "fusion/editing/*.py": "fusion/test_document.py",
    "fusion/records.py": "fusion/test_document.py",
    "fusion/text/wordlists.py": "fusion/text/test_sentences.py",
    "fusion/join/batches.py": "fusion/join/test_contested.py",
    "fusion/join/confidence.py": "fusion/join/test_assign.py",
    "fusion/join/explain.py": "fusion/join/test_assign.py",
    "diarize/arrays.py": "test_architecture.py",
    "diarize/embedders.py": "diarize/test_adding.py",
    "diarize/embedding.py": "diarize/test_pipeline.py",
    "diarize/options.py": "diarize/test_pipeline.py",
    "diarize/staging.py": "diarize/test_adding.py",
    "diarize/voice_quality.py": "diarize/test_voiceprint.py",
    "diarize/models/*.py": "diarize/models/test_store.py",
    "diarize/sortformer/*.py": "diarize/sortformer/test_pipeline.py",
    "diarize/live/feeding.py": "diarize/live/test_pipeline.py",
    "diarize/models/end_to_end/*.py": "diarize/models/end_to_end/test_nemotron.py",
    "transcribe/voices/*.py": "transcribe/voices/test_store.py",
    "transcribe/remote/*.py": "transcribe/remote/test_remote.py",
    "transcribe/batch/*.py": "transcribe/batch/test_running.py",
    "transcribe/serving/*.py": "transcribe/serving/test_life.py",
    # what only a run of the program shows
    "transcribe/commands/batch.py": "transcribe/batch/test_running.py",
    "transcribe/commands/live.py": "transcribe/live/test_recording.py",
    "transcribe/commands/run.py": "transcribe/test_cli.py",
    "transcribe/commands/options.py": "transcribe/test_cli_bad_input.py",
    "transcribe/commands/config.py": "transcribe/commands/test_settings.py",
    "transcribe/commands/diarize.py": "transcribe/test_main_job.py",
    "transcribe/commands/doctor.py": "transcribe/test_doctor.py",
    "transcribe/commands/redo.py": "transcribe/documents/test_redo.py",
    "transcribe/commands/identify.py": "transcribe/voices/test_namer.py",
    "transcribe/job.py": "transcribe/test_together.py",
    "asr_adapters/whisper_windows.py": "asr_adapters/test_resuming.py",
    "transcribe/documents/hashes.py": "transcribe/documents/test_unfinished.py",
    "transcribe/inputs/loading.py": "transcribe/test_channels.py",
    "transcribe/inputs/missing.py": "transcribe/inputs/test_paths.py",
    "transcribe/joining.py": "transcribe/test_main_job.py",
    "transcribe/screen/interrupt.py": "transcribe/test_cli.py",
    "transcribe/screen/traced.py": "transcribe/commands/test_settings.py",
    "transcribe/options.py": "transcribe/test_cli_bad_input.py",
    "transcribe/runs.py": "transcribe/test_cli.py",
    "transcribe/live/concluding.py": "transcribe/live/test_beside.py",
    "transcribe/live/session.py": "transcribe/live/test_recording.py",
    "transcribe/live/sharing.py": "transcribe/live/test_hearing.py",
    "transcribe/live/tracks.py": "transcribe/live/test_beside.py",
    "transcribe/documents/verbose_lines.py": "transcribe/test_cli.py",
}
"""Pattern of modules -> the test file."""

NO_MODULE = {
    "asr_adapters/*": "an adapter's behaviour that needs more than one file",
    "benchmarks/*": "of benchmarks/",
    "diarize/models/test_first_contact.py": "the store, the reader and the builders against a hub",
    "diarize/sortformer/test_official.py": "files, networks and memory at the official shape, against the references",
    "diarize/models/test_bits.py": "a law: equal bits in any batch",
    "diarize/test_parity.py": "the whole pipeline against pyannote's recorded stages",
    "diarize/test_speaker_contract.py": "the whole pipeline",
    "examples/*": "of examples/",
    "exporters/test_page*.py": "the page in a real browser",
    "fusion/formats/test_channels.py": "a law: channels keep their order in all formats",
    "fusion/formats/test_siblings.py": "shapes that lie beside the known ones",
    "packaging/*": "the built wheel",
    "security/*": "attacks",
    "transcribe/documents/desk/test_page.py": "the page of a folder, in a real browser",
    "transcribe/documents/opening/test_page.py": "the page that `open` shows, in a real browser",
    "transcribe/serving/test_openai.py": "OpenAI's own client",
    "transcribe/test_*.py": "the program as its users run it",
    "transcribe/voices/test_kills.py": "a kill at every step",
    "test_*.py": "laws of the whole",
}
"""Tests that belong to no single module -> what they are of."""


def home_of(module: str) -> str:
    folder, _, name = module.rpartition("/")
    own = f"{folder}/test_{name}"
    if (TESTS / own).exists():
        return own
    return next((test for pattern, test in ELSEWHERE.items() if fnmatch.fnmatch(module, pattern)), own)


def test_every_module_has_its_tests_where_one_looks() -> None:
    assert len(MODULES) > 300
    homes = {module: home_of(module) for module in MODULES}
    assert {module: home for module, home in homes.items() if not (TESTS / home).is_file()} == {}


def test_no_exception_outlives_its_module() -> None:
    assert [p for p in ELSEWHERE if not any(fnmatch.fnmatch(module, p) for module in MODULES)] == []
    assert [test for test in ELSEWHERE.values() if not (TESTS / test).is_file()] == []


def test_every_test_file_is_of_something() -> None:
    of_modules = {f"{folder}/test_{name}" for folder, _, name in (m.rpartition("/") for m in MODULES)}
    known = of_modules | set(ELSEWHERE.values())
    found = {path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")}
    rest = {
        t for t in found - known if not any(fnmatch.fnmatch(t, p) and t.count("/") == p.count("/") for p in NO_MODULE)
    }
    assert rest == set()
