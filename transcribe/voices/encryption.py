"""Optional encryption of enrolled voices with a passphrase: scrypt makes the key, AES-256-GCM keeps the files.

Both come from the `cryptography` package (extra ``voices``); nothing here
invents anything. Names are inside the encryption, and file names are random.
"""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from ...fusion.errors import MissingExtraError, VoiceError

KIND = "diarfuse-encrypted"
_N, _R, _P = 1 << 15, 8, 1  # 32 MiB and about 0.1 s a try: OWASP's advice for scrypt
_CHECK = b"diarfuse voices"
_MAGIC = b"DFV1"


class Key:
    """A key derived from a passphrase; `header` is what must be kept to derive it again."""

    def __init__(self, passphrase: str, header: dict[str, Any] | None = None) -> None:
        """Derive the key; with `header`, the same key as when it was made.

        Raises:
            MissingExtraError: `cryptography` is not installed.
            VoiceError: the passphrase is empty or wrong.
        """
        if not passphrase:
            raise VoiceError("The passphrase is empty: give one, or enrol without --encrypt.")
        salt, sealed = (os.urandom(16), b"") if header is None else _kept(header)
        self._cipher = _cipher(passphrase, salt)
        if header is None:
            check = base64.b64encode(self.seal(_CHECK, "check")).decode()
            header = {"format": KIND, "version": 1, "salt": base64.b64encode(salt).decode(), "check": check}
        elif self.open(sealed, "check") != _CHECK:
            raise VoiceError("The passphrase is wrong: try again.")
        self.header = header

    def seal(self, data: bytes, name: str) -> bytes:
        """Encrypt `data`; `name` (of the file) is authenticated, so that files cannot be swapped."""
        nonce = os.urandom(12)
        sealed: bytes = self._cipher.encrypt(nonce, data, name.encode())
        return _MAGIC + nonce + sealed

    def open(self, data: bytes, name: str) -> bytes:
        """Decrypt what `seal` made; what was never sealed comes back as it is (encrypting was interrupted).

        Raises:
            VoiceError: the passphrase is wrong or the data was changed.
        """
        from cryptography.exceptions import InvalidTag

        if not is_sealed(data):
            return data
        try:
            opened: bytes = self._cipher.decrypt(data[4:16], data[16:], name.encode())
        except (InvalidTag, ValueError):
            raise VoiceError("The passphrase is wrong, or the voice files were changed: try again.") from None
        return opened


def is_sealed(data: bytes) -> bool:
    """Whether `Key.seal` made these bytes, with whatever key."""
    return data.startswith(_MAGIC)


def _kept(header: dict[str, Any]) -> tuple[bytes, bytes]:
    """The salt, and what the right key opens."""
    try:
        if header["format"] == KIND and header["version"] == 1:
            salt, sealed = (base64.b64decode(header[name], validate=True) for name in ("salt", "check"))
            return salt, sealed
    except (KeyError, TypeError, ValueError):
        pass
    raise VoiceError(
        "The file lock.json of the voices folder is damaged: restore it, or run `transcribe voice forget-all`."
    )


def _cipher(passphrase: str, salt: bytes) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
    except ImportError as error:
        raise MissingExtraError("Encrypting voices", "cryptography", "voices") from error
    return AESGCM(Scrypt(salt=salt, length=32, n=_N, r=_R, p=_P).derive(passphrase.encode()))


def read_header(data: bytes) -> dict[str, Any]:
    """The header of a locked folder.

    Raises:
        VoiceError: it is no JSON object.
    """
    try:
        header = json.loads(data[: 1 << 16])
    except (ValueError, RecursionError):
        header = None
    return header if isinstance(header, dict) else {}
