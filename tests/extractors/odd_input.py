"""The odd inputs of `odd_input/expected.toml` as files, each with a good order before and after."""

import gzip
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from tests.extractors.practice import prescription

EXPECTED = Path(__file__).with_suffix("") / "expected.toml"


@dataclass(frozen=True, slots=True)
class Odd:
    """One kind of odd input, and what becomes of it (see the head of the file)."""

    group: str
    name: str
    title: str
    becomes: str
    line: str = ""
    made: str = ""
    reason: str = ""
    at: int = 2
    state: str = "read"
    lost: tuple[str, ...] = ()
    because: str = ""
    not_read_as: str = ""


def _document() -> dict[str, Any]:
    return tomllib.loads(EXPECTED.read_text(encoding="utf-8"))


def _odd(given: dict[str, Any]) -> Odd:
    renamed = {"not_read_as" if key == "as" else key: value for key, value in given.items()}
    return Odd(**{**renamed, "lost": tuple(given.get("lost", ()))})


ODDITIES = tuple(_odd(given) for given in _document()["odd"])
_MEMBERS = _document()["member"]


def order(name: str, place: str) -> bytes:
    return json.dumps(prescription(f"{name}-{place}")).encode()


def _line(odd: Odd) -> bytes:
    return Template(odd.line).substitute(_MEMBERS, ID=f"{odd.name}-odd").encode()


def _among(odd: Odd, line: bytes) -> bytes:
    return b"\n".join([order(odd.name, "before"), line, order(odd.name, "after"), b""])


def file_of(odd: Odd) -> bytes:
    """The bytes of the file that holds the odd input and its good neighbours."""
    return _MADE[odd.made](odd) if odd.made else _among(odd, _line(odd))


def _good(odd: Odd) -> list[bytes]:
    return [order(odd.name, place) for place in ("before", "odd", "after")]


def _plain(odd: Odd) -> bytes:
    return b"\n".join([*_good(odd), b""])


def _members(odd: Odd) -> bytes:
    before, line, after = _good(odd)
    whole = b"\n".join([before, line, after])
    cut = len(before) + 30
    return gzip.compress(whole[:cut]) + gzip.compress(whole[cut:])


def _long(odd: Odd, size: int) -> bytes:
    return _among(odd, _with(odd, b'"note":[{"text":"' + b"x" * size + b'"}]'))


def _with(odd: Odd, member: bytes) -> bytes:
    """A good order with one member more."""
    return order(odd.name, "odd")[:-1] + b"," + member + b"}"


def _cut_gzip(odd: Odd) -> bytes:
    """Gzip cut behind the first line: what follows is longer than what a block of gzip holds back."""
    before = gzip.compress(order(odd.name, "before") + b"\n")
    return before + gzip.compress(order(odd.name, "after"))[:40]


def _wrong_checksum(odd: Odd) -> bytes:
    packed = bytearray(gzip.compress(_plain(odd)))
    packed[-6] ^= 1
    return bytes(packed)


def _extensions(depth: int) -> bytes:
    return b'"extension":[{"url":"x",' * depth + b'"valueString":"y"' + b"}]" * depth


_MADE: dict[str, Callable[[Odd], bytes]] = {
    "byte order mark": lambda odd: b"\xef\xbb\xbf" + _plain(odd),
    "byte order mark within": lambda odd: _among(odd, b"\xef\xbb\xbf" + order(odd.name, "odd")),
    "CRLF": lambda odd: b"\r\n".join([*_good(odd), b""]),
    "blank lines": lambda odd: b"\n \t\n\n".join([b"", *_good(odd), b""]),
    "no final newline": lambda odd: b"\n".join(_good(odd)),
    "plain": _plain,
    "gzip": lambda odd: gzip.compress(_plain(odd)),
    "gzip members": _members,
    "truncated gzip": _cut_gzip,
    "damaged gzip": _wrong_checksum,
    "last line cut": lambda odd: b"\n".join(
        [order(odd.name, "before"), order(odd.name, "after"), b'{"resourceType": "Medicat']
    ),
    "empty": lambda _: b"",
    "blanks only": lambda _: b"\n \n\t\n",
    "UTF-16": lambda odd: _plain(odd).decode().encode("utf-16"),
    "UTF-16 unmarked": lambda odd: _plain(odd).decode().encode("utf-16-le"),
    "Latin-1": lambda odd: _among(odd, _with(odd, '"note":[{"text":"José"}]'.encode("latin-1"))),
    "CSV": lambda _: b"id,status\n1,active\n",
    "array": lambda odd: b"[" + b",".join(_good(odd)) + b"]",
    "long line": lambda odd: _long(odd, 41 * 1024 * 1024),
    "line of a megabyte": lambda odd: _long(odd, 1024 * 1024),
    "NUL": lambda odd: _among(odd, _with(odd, b'"note":[{"text":"a\x00b"}]')),
    "raw tab": lambda odd: _among(odd, _with(odd, b'"note":[{"text":"a\tb"}]')),
    "invalid UTF-8": lambda odd: _among(odd, _with(odd, b'"note":[{"text":"a\xffb"}]')),
    "raw half pair": lambda odd: _among(odd, _with(odd, b'"note":[{"text":"\xed\xa0\x80"}]')),
    "separators": lambda odd: _among(odd, _with(odd, '"note":[{"text":"a\u2028b\u2029c\u0085d\\f"}]'.encode())),
    "many digits": lambda odd: _among(odd, _with(odd, b'"note":[{"x":' + b"9" * 5000 + b"}]")),
    "nested extensions": lambda odd: _among(odd, _with(odd, _extensions(100))),
    "1500 levels": lambda odd: _among(odd, _with(odd, b'"x":' + b"[" * 1500 + b"]" * 1500)),
    "many extensions": lambda odd: _among(
        odd, _with(odd, b'"extension":[' + b",".join([b'{"url":"x","valueString":"y"}'] * 100) + b"]")
    ),
}
