"""`transcribe voice` and `transcribe identify` with the real CAM++ pack on real voices."""

from __future__ import annotations

import getpass
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from diarfuse.diarize.voiceprint import VoiceEmbedder
from diarfuse.fusion.document import read_document
from diarfuse.fusion.errors import DiarfuseError
from diarfuse.fusion.formats.rttm import read_rttm
from diarfuse.fusion.formats.turns import read_turns_file
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.commands.identify import identify
from diarfuse.transcribe.commands.voice import _answered_by, voice
from diarfuse.transcribe.voices.namer import load_embedder
from diarfuse.transcribe.voices.records import Prototype
from diarfuse.transcribe.voices.store import VoiceStore

pytestmark = pytest.mark.filterwarnings("ignore:Can not control echo:Warning")


@pytest.fixture
def home(tmp_path: Path, monkeypatch) -> Path:
    """An empty voices folder of this test's own."""
    monkeypatch.setenv("DIARFUSE_VOICES_DIR", str(tmp_path / "voices"))
    monkeypatch.delenv("DIARFUSE_VOICES_PASSPHRASE", raising=False)
    return tmp_path / "voices"


class Remembering:
    """An embedder that hears each recording once: the same answer to the same question."""

    def __init__(self, real: VoiceEmbedder) -> None:
        self._real, self._answers = real, {}
        self.space, self.pack = real.space, real.pack

    def __getattr__(self, name: str):
        def ask(samples, *further):
            spans = [list(each) if isinstance(each, Iterable) else each for each in further]
            key = (name, samples.tobytes(), repr(spans))
            if key not in self._answers:
                self._answers[key] = getattr(self._real, name)(samples, *spans)
            return self._answers[key]

        return ask


@pytest.fixture(scope="module")
def embedder(store):
    """Loaded once for the module; the commands load their own."""
    return Remembering(load_embedder(models_dir=store.root, offline=True))


@pytest.fixture
def call(home: Path, embedder, monkeypatch):  # noqa: ARG001  (an empty home is what it needs)
    """``call(words...)``: (exit code, stdout, stderr); errors of ours become exit code 1 and their sentence."""

    monkeypatch.setattr("diarfuse.transcribe.voices.namer.load_embedder", lambda *_, **__: embedder)

    def run(*words: object, command: click.Command = voice, answer: str = "") -> tuple[int, str, str]:
        try:
            code = CliRunner().invoke(command, [str(w) for w in words], input=answer, standalone_mode=False)
            if code.exception is not None:
                raise code.exception
        except click.Abort:
            return 130, "", ""
        except DiarfuseError as error:
            return error.exit_code, "", str(error)
        return code.return_value or 0, code.stdout, code.stderr

    return run


@pytest.fixture
def voices(shared: Path) -> Path:
    return shared / "audio" / "voices"


ANA = [f"ls1998/1998-15444-000{i}.flac" for i in range(3)]
BEN = ["ls2033/2033-164914-0006.flac"]


def enrol(call, voices: Path, name: str, files: list[str]) -> None:
    assert call("enroll", name, *[voices / f for f in files], "--consent")[0] == 0


@pytest.mark.parametrize("words", [["list"], ["forget-all", "--yes"], ["enroll", "Ana", "ana.wav", "--consent"]])
def test_a_file_in_the_place_of_the_voices_is_told(home: Path, words: list[str], capsys) -> None:
    home.write_text("mine", encoding="utf-8")
    assert run(["voice", *words]) == 1
    assert f"Error: '{home}', where voices are kept, is a file: set $" in capsys.readouterr().err
    assert home.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("words", [["enroll", "SPEAKER_01", __file__, "--consent"], ["rename", "Ana", "nobody"]])
@pytest.mark.usefixtures("home")
def test_a_name_that_nobody_can_have_is_a_mistake_in_the_command(words: list[str], capsys) -> None:
    assert run(["voice", *words]) == 2
    assert re.search(r"SPEAKER_01.*choose another|Nobody can be called 'nobody'", capsys.readouterr().err)


def test_embed_gives_a_unit_vector_and_its_space(call, voices: Path) -> None:
    code, out, _ = call("embed", voices / ANA[0], "--json")
    facts = json.loads(out)
    assert code == 0
    assert np.linalg.norm(facts["embedding"]) == pytest.approx(1, abs=1e-4)
    assert len(facts["embedding"]) == 192
    assert facts["space"].endswith("-fbank80-1")
    assert facts["flags"] == []
    assert facts["speech"] > 10


def test_verify_says_same_different_or_cannot_tell(call, voices: Path) -> None:
    assert call("verify", voices / ANA[0], voices / ANA[2])[1].startswith("same: score 0.")
    code, out, _ = call("verify", voices / ANA[0], voices / BEN[0], "--json")
    facts = json.loads(out)
    assert (code, facts["decision"]) == (1, "different")
    assert facts["probability"] < 0.1
    assert 0 < facts["false_accept"] < 0.01
    short = call("verify", voices / ANA[0], voices / "ls1998/1998-15444-0008.flac")[1]
    assert short.startswith("too little speech to tell")
    assert "2.3 s, 3 s are needed" in short
    assert "short: " in short
    assert "probability" not in short
    assert "measured" not in short


def test_enrolment_asks_for_consent_and_takes_no_for_an_answer(call, voices: Path, home: Path) -> None:
    files = [voices / f for f in ANA]
    assert call("enroll", "Ana", *files, answer="n\n")[0] == 130
    assert not home.exists()
    assert call("enroll", "Ana", *files, answer="y\n")[0] == 0
    (person,) = json.loads(call("list", "--json")[1])
    assert person["consent"].endswith("Z")
    assert [sorted(p) for p in person["prototypes"]] == [["added", "space", "speech"]] * 3


def test_bad_recordings_are_not_enrolled(call, voices: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(voices / BEN[0], dtype="float32", frames=12 * 16_000)
    other, _ = soundfile.read(voices / ANA[0], dtype="float32", frames=12 * 16_000)
    for name, changed, says in (
        ("quiet.wav", samples * 0.01, "quiet"),
        ("loud.wav", np.clip(samples * 50, -1, 1), "clipped"),
        ("short.wav", samples[: 8 * rate], "s of speech, 10 s are needed"),
        ("silence.wav", samples * 0, "holds no speech"),
        ("two.wav", np.concatenate([samples[: 8 * rate], other[: 8 * rate]]), "more than one"),
        ("brief.wav", np.concatenate([samples[: 6 * rate], other[: 6 * rate]]), "more than one"),
        ("both.wav", (samples + other) / 2, "more than one voice (several at once in "),
    ):
        soundfile.write(tmp_path / name, changed, rate)
        code, _, error = call("enroll", "Ben", tmp_path / name, "--consent")
        assert code == 1
        assert says in error
    different = call("enroll", "Ben", voices / BEN[0], voices / ANA[0], "--consent")[2]
    assert "are not the same voice" in different
    assert call("list")[1] == "Nobody is enrolled: run `transcribe voice enroll NAME FILE`.\n"


def test_show_delete_export_import_forget(call, voices: Path, home: Path, tmp_path: Path) -> None:
    enrol(call, voices, "Ana", ANA)
    assert "embedding" not in call("show", "ana")[1]
    out = tmp_path / "voices.json"
    assert "in the clear" in call("export", "-o", out, "--yes")[1]
    assert call("delete", "Ana")[0] == 0
    assert "Nobody named 'Ana' is enrolled" in call("show", "Ana")[2]
    assert call("import", out)[1] == "Imported: Ana.\n"
    assert call("forget-all", answer="y\n")[1].endswith("1 enrolled voices are deleted, and all search indexes.\n")
    assert not home.exists()


def keep(home: Path, *names: str) -> None:
    """Enrol people with made-up numbers, where nobody listens to them."""
    for seed, name in enumerate(names):
        numbers = np.random.default_rng(seed).standard_normal(192).astype(np.float32)
        VoiceStore(home).add(name, [Prototype(numbers, "made-up-1", 12.0, "2026-01-02T03:04:05Z")], "2026-01-02")


def test_export_tells_names_and_file_apart_and_asks(call, home: Path, tmp_path: Path, monkeypatch) -> None:
    keep(home, "Ana", "Ben B.")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(click.MissingParameter, match="out"):
        call("export", "Ana")
    assert "Nobody named 'Cid'" in call("export", "-o", "x.json", "Cid", "--yes")[2]
    assert call("export", "-o", "x.json", "Ana", answer="n\n")[0] == 130
    assert "give --yes" in call("export", "-o", "x.json", "Ana")[2]
    assert list(tmp_path.glob("*.json")) == []
    assert call("export", "ben b.", "-o", "x.json", answer="y\n")[0] == 0
    assert [person["name"] for person in json.loads((tmp_path / "x.json").read_bytes())["people"]] == ["Ben B."]
    assert call("export", "-o", "-", "--yes")[1].count('"name"') == 2
    (tmp_path / "link").symlink_to(tmp_path / "x.json")
    before = (tmp_path / "x.json").read_bytes()
    code, _, error = call("export", "-o", "link", "--yes")
    assert (code, (tmp_path / "x.json").read_bytes()) == (1, before)
    assert "'link' exists" in error


def test_another_voice_needs_its_option(call, voices: Path, tmp_path: Path) -> None:
    enrol(call, voices, "Cath", ANA)
    code, _, error = call("enroll", "cath", voices / BEN[0], "--consent")
    assert code == 1
    assert "Cath is enrolled with another voice: likeness 0." in error
    assert "--another-voice" in error
    call("export", "-o", tmp_path / "cath.json", "--yes")
    call("delete", "Cath")
    enrol(call, voices, "CATH", BEN)
    assert "another voice" in call("import", tmp_path / "cath.json")[2]
    assert call("enroll", "Cath", voices / ANA[0], "--consent", "--another-voice")[1].startswith("CATH is enrolled")
    assert call("import", tmp_path / "cath.json", "--another-voice")[1] == "Imported: Cath.\n"
    assert call("list")[1].startswith("Cath  3 recordings")


def test_a_folder_is_enrolled_without_its_short_clips(call, voices: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ana"
    folder.mkdir()
    (folder / "notes.txt").write_text("no recording")
    for name in (*ANA, "ls1998/1998-15444-0008.flac"):
        shutil.copy(voices / name, folder)
    code, _, said = call("enroll", "Ana", folder, "--consent")
    assert code == 0
    assert said == f"{folder}/1998-15444-0008.flac is passed over: 2.3 s of speech, 3 s are needed.\n"
    assert call("list")[1].startswith("Ana  3 recordings")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "hold 0.0 s of speech, 10 s are needed" in call("enroll", "Ana", empty, "--consent")[2]
    assert "short: 2.3 s" in call("enroll", "Ana", folder / "1998-15444-0008.flac", "--consent")[2]


def test_a_voice_is_renamed(call, home: Path) -> None:
    keep(home, "Ana")
    assert call("rename", "ana", "Ana Maria L\u00f3pez")[1] == "ana is now called Ana Maria L\u00f3pez.\n"
    assert [person["name"] for person in json.loads(call("list", "--json")[1])] == ["Ana Maria L\u00f3pez"]


@pytest.mark.parametrize(
    ("words", "code"), [(("list",), 0), (("verify", "one", "two"), 1), (("delete", "Ana"), 1), (("show", "Ana"), 1)]
)
def test_every_voice_command_shreds_what_a_killed_one_left(call, home: Path, words: tuple[str, ...], code: int) -> None:
    home.mkdir()
    for name in ("x.voice.1234.part", "y.part"):  # as an earlier version named them, and as this one does
        (home / name).write_text("Ana")
    assert call(*words)[0] == code
    assert not list(home.glob("*.part"))


def test_encrypting_asks_for_a_passphrase_once_and_keeps_it(call, voices: Path, home: Path, monkeypatch) -> None:
    pytest.importorskip("cryptography")
    files = [voices / f for f in ANA]
    assert call("enroll", "Ana", *files, "--consent", "--encrypt", answer="secret\nsecret\n")[0] == 0
    assert (home / "lock.json").is_file()
    assert call("enroll", "Ana", *files, "--consent", "--encrypt", answer="secret\n")[0] == 0  # no new one is asked for
    assert "passphrase is wrong" in call("list", answer="Secret\n")[2]
    monkeypatch.setenv("DIARFUSE_VOICES_PASSPHRASE", "secret")
    assert call("list")[1].startswith("Ana  3 recordings")


def test_where_nobody_can_answer_the_option_that_does_is_named(call, voices: Path, home: Path, monkeypatch) -> None:
    files = [voices / f for f in ANA]
    code, _, error = call("enroll", "Ana", *files)
    assert (code, home.exists()) == (2, False)
    assert "give --consent, if Ana agreed" in error
    code, _, error = call("forget-all")
    assert code == 2
    assert "give --yes" in error
    home.mkdir()
    (home / "lock.json").write_text("{}")
    for words in (["list"], ["enroll", "Ana", *files, "--consent", "--encrypt"]):
        code, _, error = call(*words)
        assert code == 2
        assert "$DIARFUSE_VOICES_PASSPHRASE" in error

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("click.termui.visible_prompt_func", interrupted)
    with pytest.raises(click.Abort), _answered_by("--yes"):
        click.confirm("Sure?")


@pytest.mark.parametrize("limit", [0, -1])
def test_a_search_shows_at_least_one(call, voices: Path, tmp_path: Path, limit: int) -> None:
    with pytest.raises(click.BadParameter, match="x>=1"):
        call("search", tmp_path, voices / BEN[0], "--limit", limit)


def test_a_voice_like_an_enrolled_one_is_pointed_out(call, voices: Path) -> None:
    enrol(call, voices, "Ana", ANA)
    assert "sounds like Ana" in call("enroll", "Anne", *[voices / f for f in ANA], "--consent")[2]


def test_search_ranks_recordings_and_listens_only_to_what_changed(call, voices: Path, tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for file in ("ls2033/2033-164914-0001.flac", "ls1998/1998-15444-0005.flac", "ls1688/1688-142285-0000.flac"):
        shutil.copy(voices / file, folder)
    (folder / "broken.wav").write_bytes(b"no audio")
    (folder / "dangling.wav").symlink_to(tmp_path / "gone.wav")
    (folder / "folder.wav").mkdir()
    enrol(call, voices, "Ben", BEN)
    _, out, log = call("search", folder, "Ben", "--json")
    (found,) = json.loads(out)
    assert found["file"].endswith("2033-164914-0001.flac")
    start, end, score = found["stretches"][0]
    assert 0 <= start < end <= 6.8
    assert score > 0.6
    assert "4/4" in log
    assert "broken.wav" in log
    (folder / "1688-142285-0000.flac").unlink()
    shutil.copy(voices / "ls2033/2033-164914-0002.flac", folder)
    _, out, log = call("search", folder, voices / BEN[0])
    assert [line.split()[1].rsplit("/", 1)[1] for line in out.splitlines()] == [
        "2033-164914-0001.flac",
        "2033-164914-0002.flac",
    ]
    assert "1/1" in log  # broken.wav is not tried again
    assert not list(folder.glob(".*"))


def test_a_meeting_gets_its_names(call, voices: Path, shared: Path, tmp_path: Path) -> None:
    """True turns, so that only the naming is tried: two enrolled people are found, the third stays."""
    enrol(call, voices, "Ana L.", ANA)
    enrol(call, voices, "Ben", ["ls2609/2609-156975-0007.flac"])
    sim = shared / "audio" / "sim"
    samples, rate = soundfile.read(sim / "sim_dev_3spk.flac", stop=60 * 16000)
    soundfile.write(tmp_path / "sim_dev_3spk.wav", samples, rate)
    out = tmp_path / "named.rttm"
    words = (tmp_path / "sim_dev_3spk.wav", "--rttm", sim / "sim_dev_3spk.rttm")
    _, _, said = call(*words, "-o", out, command=identify)
    assert "ls1998 is Ana L. (matched 0." in said
    assert "ls2033 stays (no match: " in said
    assert {turn.speaker for turn in read_rttm(out)} == {"Ana_L.", "ls2033", "ls19"}
    kept = tmp_path / "named.json"
    assert call(*words, "-o", kept, "-o", tmp_path / "again.rttm", command=identify)[0] == 0
    assert {turn.speaker for turn in read_turns_file(kept)} == {"Ana L.", "ls2033", "ls19"}
    assert (tmp_path / "again.rttm").read_bytes() == out.read_bytes()
    primary = call(*words, "--primary", "ana l.", command=identify)[2]
    assert primary.count(" is Ana L. ") == 1
    assert primary.count(" stays (no match: Ana L. ") + primary.count(" stays (too short") == 2


def test_turns_from_a_file_do_not_tell_how_long_the_recording_is(call, tmp_path: Path, monkeypatch) -> None:
    embedder = SimpleNamespace(space="x")
    namer = SimpleNamespace(names=lambda *_: ({}, []), voices=[], embedder=embedder)
    monkeypatch.setattr("diarfuse.transcribe.voices.namer.load_namer", lambda **_: namer)
    soundfile.write(tmp_path / "a.wav", np.zeros(5 * 16_000, np.float32), 16_000)
    (tmp_path / "a.rttm").write_text("SPEAKER a 1 0 2 <NA> <NA> B <NA> <NA>\n", encoding="utf-8")
    out = tmp_path / "a.json"
    assert call(tmp_path / "a.wav", "--rttm", tmp_path / "a.rttm", "-o", out, command=identify)[0] == 0
    assert read_document(out).transcript.duration == 5.0


def test_help_needs_no_numpy() -> None:
    """`voice --help` is a page of text: it loads neither numpy nor a network."""
    code = "import sys; import diarfuse.transcribe.commands.voice, diarfuse.transcribe.commands.serve; "
    code += "import diarfuse.transcribe.commands.identify; "
    code += "assert not {'numpy', 'onnxruntime', 'starlette'} & set(sys.modules), sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[3])


def test_the_commands_pass_the_track_on(call, home: Path, tmp_path: Path, monkeypatch) -> None:
    del home
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, np.zeros(16_000), 16_000)
    one, other = tmp_path / "a.wav", tmp_path / "b.wav"
    heard: list[tuple[str, object]] = []

    def load(path: Path, *, on_note, track) -> np.ndarray:
        heard.append((path.name, track))
        on_note("told of")
        return np.zeros(16_000, np.float32)

    monkeypatch.setattr("diarfuse.transcribe.voices.enrol.load_audio", load)
    for words in (
        ("embed", one),
        ("verify", other, one),
        ("enroll", "Ana", one, "--consent"),
        ("search", tmp_path, one),
    ):
        assert "holds no speech" in call(*words, "--audio-track", "2")[2]
    assert heard == [("a.wav", 2), ("b.wav", 2), ("a.wav", 2), ("a.wav", 2)]


def test_where_there_is_no_terminal_the_variable_is_named(home: Path, monkeypatch, capsys) -> None:
    pytest.importorskip("cryptography")
    VoiceStore().encrypt("secret")
    assert (home / "lock.json").is_file()
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda prompt: getpass.fallback_getpass(prompt, sys.stderr))
    monkeypatch.setattr(sys, "stdin", io.StringIO("secret\n"))
    assert run(["voice", "list"]) == 2
    assert capsys.readouterr().err == (
        "Error: There is no terminal at which the passphrase could be asked for unseen: give it in "
        "$DIARFUSE_VOICES_PASSPHRASE.\n"
    )


def test_nobody_cannot_be_exported(call, home: Path, tmp_path: Path) -> None:
    assert call("export", "-o", tmp_path / "out.json", "--yes") == (
        1,
        "",
        "Nobody is enrolled: there is nothing to export.",
    )
    assert not (tmp_path / "out.json").exists()
    assert not home.exists() or not list(home.glob("*.voice"))
