"""What a server means that does not start an export."""

from extractors.errors import Unreachable
from extractors.gateway import Answer
from extractors.sources.bulk_server import FAULT, FORBIDDEN, NOT_IMPLEMENTED, TOO_MANY


class NoExport(Exception):  # noqa: N818  # the word says it
    """The server does not export this to us; the message says why, for a crawl may."""


class Busy(Unreachable):
    """The server runs another export for this client, or asks for rest."""


def refusal(answer: Answer) -> Exception:
    """What a kick-off that was not accepted means."""
    if answer.status == TOO_MANY:
        return Busy(
            "the server runs another export for this client, or asks for rest (status 429). It is not asked again. "
            "Give the same command later"
        )
    if answer.status >= FAULT and answer.status != NOT_IMPLEMENTED:
        return Unreachable(f"the server failed at starting the export (status {answer.status}). Try again later")
    if answer.status == FORBIDDEN:
        return NoExport("the server does not permit this export (status 403)")
    return NoExport(f"the server does not export this (status {answer.status})")
