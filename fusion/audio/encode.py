"""Sound into a file that is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Literal

from ..types import SAMPLE_RATE

if TYPE_CHECKING:
    from ..types import Samples

_PART = SAMPLE_RATE * 60

Kind = Literal["PCM_16", "FLOAT"]


@contextmanager
def encoding(
    file: IO[bytes], channels: int, kind: Kind, container: Literal["WAV", "FLAC"]
) -> Iterator[Callable[[Samples], None]]:
    """A function that adds samples, float32 (num_samples,) or (num_samples, channels), 16 kHz, to the sound in `file`.

    Raises:
        OSError: the file cannot take it. soundfile itself would print that and go on, or fail an assertion.
    """
    import soundfile

    held = _Held(file)
    with soundfile.SoundFile(held, "w", SAMPLE_RATE, channels, kind, format=container) as sound:

        def add(samples: Samples) -> None:
            for start in range(0, len(samples), _PART):
                sound.write(samples[start : start + _PART])
                held.check()

        yield add
    held.check()


class _Held:
    """A file that keeps its first error where soundfile calls it, for it calls from C, through which none can pass."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise what was kept."""
        if self._error is not None:
            raise self._error

    def write(self, data: bytes) -> int:
        """All of it is taken, as far as soundfile is told."""
        self._kept(lambda: self._file.write(data))
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """To there, unless the file fails."""
        return self._kept(lambda: self._file.seek(offset, whence))

    def tell(self) -> int:
        """Where it is."""
        return self._kept(self._file.tell)

    def read(self, size: int) -> bytes:
        """What stands there: soundfile wants a file that can."""
        return self._file.read(size)

    def _kept(self, call: Callable[[], int]) -> int:
        try:
            return call()
        except OSError as error:
            self._error = self._error or error
            return 0
