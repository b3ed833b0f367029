"""What verifying a binder came to, as text for a terminal."""

import json
from collections.abc import Iterator

from smartapp.binder.verifying import Verification
from smartapp.signing_key import in_groups


def verification_text(found: Verification) -> str:
    """Every fault by file; of a binder that is whole, what that means and what it does not."""
    lines = _sound(found) if found.whole else [_head(found), *map(str, found.faults)]
    return "\n".join([*map(printable, [*lines, *_replayed(found), *_whose(found)]), ""])


def printable(text: str) -> str:
    """A text of somebody else's binder without what steers a terminal, as JSON writes such characters.

    Lines stay lines; a JSON document stays the same document.
    """
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)


def _head(found: Verification) -> str:
    """Only what is whole is replayed: what comes out otherwise then is as it was signed, and yet not so."""
    return f"{found.name}: {'does NOT come out as it says' if found.replayed else 'NOT as it was signed'}."


def _sound(found: Verification) -> list[str]:
    told = found.told
    points = told.get("points")
    score = f"{points} points" if points is not None else "no score"
    attestation = (told.get("attestation") or {}).get("text", "")
    head = f"{found.name}: whole. {found.files} files, every byte as it was signed."
    return [head, f"Period {told.get('period')}, {score}. {attestation} Keep until {told.get('keep_until')}."]


def _replayed(found: Verification) -> Iterator[str]:
    if found.replayed and found.whole:
        yield (
            "Replayed: cases counted and scored again by the rules within; every number is the same. "
            "So is every page, table and summary, made again."
        )
        yield "Taken as put in: cases, rules, settings, answers, names of what was read, versions of software."
        yield from (f"Not replayed: {name}" for name in found.as_given)
    elif found.replayed is False:
        yield "Not replayed, because it is not whole."


def _whose(found: Verification) -> Iterator[str]:
    if found.fingerprint is None:
        return
    yield f"Signing key: {in_groups(found.fingerprint)}"
    if found.signed_with is not None:
        yield f"Key of the signature under the answers: {in_groups(found.signed_with)}"
    if not found.trusted:
        yield "Whose key that is, the file cannot prove: compare it with what the practice gave you (--key)."
