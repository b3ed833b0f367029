"""Credentials for a server that is read without a person at a browser: none, or a token that a file holds."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

from extractors.errors import SourceError
from extractors.gateway import Credential

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What a bearer token may be made of (RFC 6750, 2.1)."""
_LONGEST = 64 * 1024
_LOOKS, _BETWEEN = 20, 0.1
"""How often an empty file is looked at, and the seconds between: who writes it anew empties it first."""


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
            text = self._written().decode("ascii").strip()
        except OSError as problem:
            raise SourceError(f"{self.path}: {problem.strerror}. Name a file that holds the token.") from None
        except UnicodeDecodeError:
            text = ""
        if not _TOKEN.fullmatch(text):
            raise SourceError(f"{self.path}: expected one bearer token and nothing else. Write it there alone.")
        return Credential(f"Bearer {text}", self.base)

    def _written(self) -> bytes:
        """What the file holds; an empty one is waited for a moment."""
        for _ in range(_LOOKS):
            if found := self.path.read_bytes()[:_LONGEST]:
                return found
            time.sleep(_BETWEEN)
        return b""
