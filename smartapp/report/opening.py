"""Where the anchors of the report open in the app: which page, with which filter, at which place."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

_MEASURE = re.compile(
    r"measure-(?P<measure>\w+)"
    r"(?:-(?P<variant>controlled-included|controlled-excluded|all)(?:-(?P<standing>met|unknown|not_met|undecided))?)?"
    r"(?P<report>-report)?"
)
_PAGES = {"periods": "periods", "plan": "plan", "advice": "submission", "completeness": "basis", "basis": "basis"}
"""Anchors that stand on a page below their own name."""

_WHOLE_PAGES = {
    "cases": "measures",
    "lines": "measures",
    "exclusions": "exclusions",
    "answers": "attestations",
    "roads": "hie",
    "cehrt": "cehrt",
}
"""Parts of the report that are a whole page of the app."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page below home, what its address asks for besides the choice, and the place on it (empty: its top)."""

    page: str
    query: str
    anchor: str


def place_in_app(anchor: str) -> Place:
    """Where an anchor of the report opens; a number of cases opens to as many rows."""
    found = _MEASURE.fullmatch(anchor)
    if found is None:
        return _of_no_measure(anchor)
    page = f"measures/{found['measure']}"
    if found["variant"] is None:
        return Place(page, "", "report" if found["report"] else "")
    show = (found["standing"] or "denominator").replace("_", "-")
    return Place(page, urlencode({"variant": found["variant"], "show": show}), "cases")


def _of_no_measure(anchor: str) -> Place:
    if anchor in _WHOLE_PAGES:
        return Place(_WHOLE_PAGES[anchor], "", "")
    if anchor.startswith(("exclusion-", "line-")):
        return Place("exclusions" if anchor.startswith("exclusion-") else "measures", "", anchor)
    if anchor.startswith("statement-") or anchor == "basis-of-count":
        return Place("attestations", "", anchor)
    return Place(_PAGES.get(anchor, "score"), "", anchor)


def address(home: str, choice: str, place: Place) -> str:
    """The address of a place.

    Args:
        home: the path of a launch.
        choice: what is chosen, as a query with its question mark; empty for none.
        place: where to.
    """
    query = f"{choice}{'&' if choice else '?'}{place.query}" if place.query else choice
    return f"{home}/{place.page}{query}{'#' if place.anchor else ''}{place.anchor}"
