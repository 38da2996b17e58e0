"""The options that put names on speakers, and the one that lets a server do the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from fusion.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcribe.identify import Namer
    from transcribe.job import Job, JobOptions
    from transcribe.remote_job import RemoteJob

NAMING_OPTIONS = (
    click.option("--identify", is_flag=True, help="Name the speakers who are enrolled (see `transcribe voice`)."),
    click.option("--link-speakers", is_flag=True, help="Give the same unknown voice one label in all recordings."),
    click.option(
        "--voice-model", default="campplus", show_default=True, metavar="PACK", help="The pack that compares voices."
    ),
)
REMOTE_OPTION = click.option(
    "--remote",
    metavar="URL",
    help="Let the server at URL recognise and diarize; names stay here. Its token comes from $DIARFUSE_REMOTE_TOKEN.",
)


@dataclass(frozen=True, slots=True)
class Naming:
    """The values of `NAMING_OPTIONS` and of `REMOTE_OPTION`."""

    identify: bool
    link_speakers: bool
    voice_model: str
    remote: str | None

    @classmethod
    def pop(cls, values: dict[str, Any]) -> Naming:
        """Take the values out of the command line's, so that the rest are the job's."""
        return cls(**{name: values.pop(name) for name in ("identify", "link_speakers", "voice_model", "remote")})

    def namer(self, options: JobOptions, on_note: Callable[[str], None] | None = None) -> Namer | None:
        """What names the speakers of one recording after another; None if nobody asked for names.

        Raises:
            OptionError: names without speakers.
            VoiceError: nobody is enrolled.
        """
        if not (self.identify or self.link_speakers):
            return None
        if not options.diarize:
            option = "--identify" if self.identify else "--link-speakers"
            raise OptionError(f"{option} does nothing without --diarize: add --diarize.")
        from transcribe.identify import load_namer

        return load_namer(
            identify_speakers=self.identify,
            link=self.link_speakers,
            model=self.voice_model,
            models_dir=options.models_dir,
            offline=options.offline,
            on_note=on_note,
        )

    def job(self, options: JobOptions) -> Job | RemoteJob:
        """The job that does the work, here or at a server."""
        if self.remote is None:
            from transcribe.job import Job

            return Job(options)
        from transcribe.remote_job import RemoteJob

        return RemoteJob(options, self.remote)
