"""Credentials for a server that is read without a person at a browser: none, or a token that a file holds."""

import os
import re
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from extractors.errors import SourceError
from extractors.gateway import Credential

_TOKEN = re.compile(rb"[A-Za-z0-9._~+/-]+=*")
"""What a bearer token may be made of (RFC 6750, 2.1)."""
_LONGEST = 64 * 1024
"""Bytes that a file with a token may have."""
_WAITS = (0.0, *[0.1] * 20)
"""Seconds before each look at a file that is blank: who writes it anew empties it first."""


@dataclass(frozen=True, slots=True)
class Anonymous:
    """No credential: for servers that show their records to everybody, such as sandboxes."""

    def credential(self, refused: Credential | None = None) -> None:
        """None, also after a refusal."""


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A bearer token in a file, which another program may renew at any time; `base` alone may see the token."""

    path: Path
    base: str

    def credential(self, refused: Credential | None = None) -> Credential:  # noqa: ARG002
        """The token that the file holds now: after a refusal a newer one, if there is one by then.

        Raises:
            SourceError: there is no such file, or it holds no token; its content is never told.
        """
        try:
            found = self._written()
        except OSError as problem:
            raise SourceError(f"{self.path}: {problem.strerror}. Name a file that holds the token.") from None
        if not _TOKEN.fullmatch(found):
            raise SourceError(f"{self.path}: expected one bearer token and nothing else. Write it there alone.")
        return Credential(f"Bearer {found.decode('ascii')}", self.base)

    def _written(self) -> bytes:
        """What the file holds, without blanks around it; a blank file is waited for a moment."""
        for wait in _WAITS:
            time.sleep(wait)
            if found := self._held().strip():
                return found
        return b""

    def _held(self) -> bytes:
        """The bytes of the file.

        Raises:
            SourceError: it is no file, or is too long for a token.
            OSError: it cannot be read.
        """
        with open(self.path, "rb", opener=_without_waiting) as file:  # `Path.open` takes no opener
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SourceError(f"{self.path}: is no regular file. Name a file that holds the token.")
            found = file.read(_LONGEST + 1)
        if len(found) > _LONGEST:
            raise SourceError(f"{self.path}: expected one bearer token, got more than {_LONGEST // 1024} KB.")
        return found


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe, too, to which nobody writes, at which one would wait for ever."""
    return os.open(path, flags | os.O_NONBLOCK)
