"""Who may hand a year's data to CMS, by which way, between which days, and with which of our files."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from scoring.conditions import Deadline, DeadlineId, Form, Route, Submitter, WayRule
from scoring.rulings import Ruling
from scoring.year import RuleBook
from smartapp.due import distance

VERBS = {
    Form.QPP_JSON: "pi180 export qpp-json SUBMISSION.json -o FILE.json",
    Form.QRDA3: "pi180 export qrda3 SUBMISSION.json -o FILE.xml",
    Form.WORKSHEET: "pi180 export worksheet SUBMISSION.json -o FILE.html",
}
"""How each file is made."""

NOTICE = (
    "pi180 is independent software: not a CMS product, and not certified EHR technology (CEHRT). It sends nothing to "
    "CMS; what is handed in, a person hands in."
)


@dataclass(frozen=True, slots=True)
class OpenRoute:
    """What one kind of submitter may do: the route with its ways as they are ruled."""

    route: Route
    ways: tuple[WayRule, ...]


@dataclass(frozen=True, slots=True)
class Guide:
    """The guide of one year. `as_of` None: from no day. `hardship` is the last day to apply for an exception."""

    year: int
    opens: Deadline
    closes: Deadline
    hardship: Deadline
    routes: tuple[OpenRoute, ...]
    provisional: str
    as_of: date | None

    @property
    def standing(self) -> str:
        """Where `as_of` lies to the window, in words; empty without a day."""
        if self.as_of is None:
            return ""
        if self.as_of < self.opens.day:
            return f"The window is not open yet: it opens on {self.opens.day}{distance(self.as_of, self.opens.day)}."
        if self.as_of > self.closes.day:
            return f"The window closed on {self.closes.day}: CMS takes nothing of {self.year} any more."
        return f"The window is open until {self.closes.day}{distance(self.as_of, self.closes.day)}."


def submission_guide(rules: RuleBook, submitter: Submitter | None = None, as_of: date | None = None) -> Guide:
    """The guide of a year.

    Args:
        rules: of the year.
        submitter: who would hand it in; None for all.
        as_of: the day from which days are counted; None counts none.
    """
    found, deadlines = rules.conditions, rules.conditions.deadlines
    return Guide(
        year=rules.year,
        opens=deadlines[DeadlineId.SUBMISSION_OPENS],
        closes=deadlines[DeadlineId.SUBMISSION_CLOSES],
        hardship=deadlines[DeadlineId.HARDSHIP],
        routes=tuple(
            OpenRoute(route, tuple(found.ways[way] for way in route.ways))
            for route in found.routes
            if submitter in (None, route.submitter)
        ),
        provisional=found.provisional.text if found.provisional else "",
        as_of=as_of,
    )


def guide_document(guide: Guide) -> dict[str, Any]:
    """What `pi180 submission-guide --json` prints, in the shape `pi180/submission-guide/1`. Days are ISO text."""
    return {
        "schema": "pi180/submission-guide/1",
        "year": guide.year,
        "opens": _deadline(guide.opens),
        "closes": _deadline(guide.closes),
        "hardship_applications_until": _deadline(guide.hardship),
        "as_of": guide.as_of and guide.as_of.isoformat(),
        "standing": guide.standing,
        "provisional": guide.provisional,
        "sent_by_pi180": False,
        "submitters": [_route(one) for one in guide.routes],
    }


def _route(found: OpenRoute) -> dict[str, Any]:
    route = found.route
    return {
        "submitter": route.submitter.value,
        "text": route.text,
        "ways": [_way(way) for way in found.ways],
        **_ruling(route.ruling),
    }


def _way(way: WayRule) -> dict[str, Any]:
    files = [{"form": form.value, "made_by": VERBS[form]} for form in way.files]
    return {"way": way.id.value, "title": way.title, "text": way.text, "files": files, **_ruling(way.ruling)}


def _deadline(deadline: Deadline) -> dict[str, Any]:
    return {"day": deadline.day.isoformat(), "title": deadline.title, **_ruling(deadline.ruling)}


def _ruling(ruling: Ruling) -> dict[str, Any]:
    return {
        "confidence": ruling.confidence.value,
        "cites": [{"text": cite.text, "url": cite.url} for cite in ruling.cites],
        "doubts": list(ruling.doubts),
    }
