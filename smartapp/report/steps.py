"""What the forms of the steps share: what stands in their fields, what is wrong with it, and the versions saved."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from scoring.year import RuleBook
from smartapp.ahead.carried import cut_short
from smartapp.attesting.proposed import Difference, Proposed, difference
from smartapp.report.words import moment, objective_title
from smartapp.scored import Scored
from smartapp.store import Draft

_EMPTY: Mapping[str, str] = {}
_WHAT = {
    "answer": "answer",
    "claim": "claimed exclusion",
    "level": "level of active engagement",
    "road": "path",
    "done": "day",
    "managed": "day of the management",
    "edition": "edition",
    "people": "who took part",
    "registered": "day of the registration",
    "asked": "requests of the agency",
    "answered": "requests of the agency",
    "missed": "requests of the agency",
    "met": "total of the EHR's report",
    "of": "total of the EHR's report",
    "report": "name of the EHR's report",
    "on": "day of the EHR's report",
    "status": "special status",
}
_NAMED = {
    "cehrt-id": "CMS EHR Certification ID",
    "in-use-from": "In use from",
    "certified-on": "Certified on",
    "products": "Products",
    "type": "Type of clinician",
    "statuses": "Special statuses",
    "below-threshold": "Low-volume threshold",
    "shared-savings": "Shared Savings Program",
    "hardship": "Hardship exception",
    "hardship-reason": "Reason of the hardship exception",
    "controlled": "Controlled substances in e-Prescribing",
    "period": "Performance period of the answers",
    "reason": "These answers",
}


@dataclass(frozen=True, slots=True)
class Version:
    """One saved version, in words. `key` names it in a form; `changes` are against the version before it.

    `stands` marks the version that stands now, which cannot be restored.
    """

    key: str
    name: str
    at: str
    by: str
    reason: str
    changes: tuple[str, ...]
    stands: bool


@dataclass(frozen=True, slots=True)
class Differs:
    """One field that two people filled differently."""

    field: str
    label: str
    theirs: str
    yours: str


@dataclass(frozen=True, slots=True)
class Stale:
    """Somebody saved in between: who, and where it differs from what was typed."""

    told: str
    rows: tuple[Differs, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a form would do: the points in words, what changes, and what would shut the gate."""

    text: str
    changed: tuple[str, ...]
    shut: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """The state of one form. `based_on` is the number of the version that it started from, empty for none.

    `labels` name the fields with problems, for whoever reads the summary without seeing the field.
    """

    fields: Mapping[str, str]
    may_edit: bool
    based_on: str
    history: tuple[Version, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    looked: Looked | None = None
    stale: Stale | None = None
    saved: str = ""

    def value(self, name: str) -> str:
        """What stands in a field; empty where nothing does."""
        return self.fields.get(name, "")

    def problem(self, name: str) -> str:
        """What is wrong with a field; empty if nothing."""
        return self.problems.get(name, "")


def refused(form: Form, problems: Mapping[str, str], rules: RuleBook) -> Form:
    """A form with what is wrong with it."""
    return replace(form, problems=problems, labels={name: label_of(name, rules) for name in problems})


def label_of(field_name: str, rules: RuleBook) -> str:
    """A field in words, with the id that it is about."""
    if field_name in _NAMED:
        return _NAMED[field_name]
    what, _, about = field_name.partition("-")
    about = about if about in rules.measures else about.rpartition("-")[0] or about
    title = objective_title(rules, about) if what == "road" else about
    return f"{title}: {_WHAT.get(what, what)}"


def changed_in_words(fields: Sequence[str], rules: RuleBook) -> str:
    """The reason that is written down where a person gave none."""
    return f"Changed: {'; '.join(dict.fromkeys(label_of(one, rules) for one in fields))}."


def looked_at(proposed: Proposed) -> Looked:
    """What a form would do, before it is saved."""
    rules = proposed.before.reading.rules
    changed = tuple(dict.fromkeys(label_of(one, rules) for one in proposed.changed))
    if proposed.after is None:
        return Looked("It cannot be scored as it is.", changed, ())
    found = difference(proposed.before, proposed.after)
    told = " ".join([points_in_words(found), *_short_totals(proposed.after, proposed.before)])
    return Looked(told, changed, tuple(one.message for one in found.shut_by))


def _short_totals(after: Scored, before: Scored) -> Iterator[str]:
    """Of each total that is new, what it cannot hold of the period."""
    for measure, total in after.attestations.reported.items():
        short = cut_short(total, after.reading.period)
        if short and total != before.attestations.reported.get(measure):
            yield f"The total of {measure} was reported before the period ends. {short}"


def points_in_words(found: Difference) -> str:
    """The score before and after, in one sentence."""
    before = _points(found.before, found.readable[0])
    after = _points(found.after, found.readable[1])
    if before == after:
        return f"The score stays {before}."
    return f"The score goes from {before} to {after}."


def _points(points: int | None, readable: int) -> str:
    return f"not determinable ({readable} can be read so far)" if points is None else str(points)


@dataclass(frozen=True, slots=True)
class Sides:
    """Three states of the same fields: what the form started from, what was saved since, and what was typed."""

    base: Mapping[str, str]
    theirs: Mapping[str, str]
    typed: Mapping[str, str]

    def mine(self) -> dict[str, str]:
        """The fields that the person changed."""
        return {name: text for name, text in self.typed.items() if text != self.base.get(name, "")}

    def merged(self) -> dict[str, str]:
        """What was saved since, with what the person changed."""
        return {**self.theirs, **self.mine()}

    def differing(self, rules: RuleBook) -> Iterator[Differs]:
        """The fields that the person changed and that now stand otherwise."""
        for name, text in self.mine().items():
            theirs = self.theirs.get(name, "")
            if text != theirs:
                yield Differs(name, label_of(name, rules), theirs or "nothing", text or "nothing")


def stale_of(newest: Draft, zone: tzinfo, sides: Sides, rules: RuleBook) -> Stale:
    """Who saved in between, and where that differs."""
    when = moment(newest.at.astimezone(zone))
    return Stale(f"{newest.by} saved version {newest.number} on {when}. {newest.reason}", tuple(sides.differing(rules)))
