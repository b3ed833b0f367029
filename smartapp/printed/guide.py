"""The submission guide as text for a terminal."""

from collections.abc import Iterator

from scoring.conditions import Submitter
from scoring.rulings import Ruling
from smartapp.attesting.submission_guide import NOTICE, VERBS, Guide, OpenRoute
from smartapp.printed.terminal import wrapped

_WHO = {
    Submitter.CLINICIAN: "MIPS eligible clinician",
    Submitter.REPRESENTATIVE: "representative of a practice or an APM Entity",
    Submitter.INTERMEDIARY: "third-party intermediary",
}


def guide_text(guide: Guide) -> str:
    """The window, then for each submitter the ways, the files and what is in doubt, with sources."""
    lines = [f"Promoting Interoperability {guide.year}: how it gets to CMS", ""]
    for deadline in (guide.opens, guide.closes, guide.hardship):
        lines += wrapped(f"{deadline.day}  {deadline.title}{_sure(deadline.ruling)}", "", "  ")
        lines += _doubts(deadline.ruling, "  ")
    for text in (guide.standing, guide.provisional):
        lines += ["", *wrapped(text, "")] if text else []
    for route in guide.routes:
        lines += ["", *_route(route)]
    return "\n".join([*lines, "", *wrapped(NOTICE, ""), ""])


def _route(found: OpenRoute) -> Iterator[str]:
    route = found.route
    yield f"As a {_WHO[route.submitter]} ({route.submitter})"
    yield from wrapped(f"{route.text}{_sure(route.ruling)}", "  ")
    yield from _doubts(route.ruling, "  ")
    for way in found.ways:
        yield ""
        yield from wrapped(f"{way.title}. {way.text}{_sure(way.ruling)}", "- ", "  ")
        for form in way.files:
            yield f"  {VERBS[form]}"
        yield from _doubts(way.ruling, "  ")


def _sure(ruling: Ruling) -> str:
    return f" [{ruling.confidence}: {'; '.join(cite.text for cite in ruling.cites)}]"


def _doubts(ruling: Ruling, indent: str) -> Iterator[str]:
    for doubt in ruling.doubts:
        yield from wrapped(f"In doubt: {doubt}", indent)
