"""What one selector reads of a resource apart from who and when: an answer with its reason, codings, a setting."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from extractors import ccda, columns
from extractors.decode import Json
from extractors.fhirpath import Found, Unusual, code_in
from extractors.selectors import Selector
from extractors.vocabulary import Answer, EventKind

_UNCODED = (None, None, None, None)
_UNMAPPED = "has a value that the profile does not map"
_MODIFIED = "a modifierExtension that this profile does not know may change the meaning"


class Hit(StrEnum):
    """What a rule made of a resource that it matched; one resource may give several."""

    MATCHED = "matched"
    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"
    EXCLUDED = "excluded"
    UNMAPPED = "unmapped"
    UNDATED = "undated"
    ZONE_ASSUMED = "zone_assumed"
    ABOUT_NOTHING = "about_nothing"

    __hash__ = str.__hash__  # an enum's own is slower


class Said(NamedTuple):
    """What a rule made of one resource: its answer, why it is barred, and what was not mapped (None: it was)."""

    rule: str
    answer: Answer
    barred: str | None
    unmapped: str | None
    about_nothing: bool
    undated: bool
    zone_assumed: bool

    @property
    def hits(self) -> Iterator[tuple[Hit, str]]:
        """Each thing to be counted."""
        yield Hit.MATCHED, ""
        yield Hit(self.answer), ""
        if self.about_nothing:
            yield Hit.ABOUT_NOTHING, ""
        if self.undated:
            yield Hit.UNDATED, ""
        if self.zone_assumed:
            yield Hit.ZONE_ASSUMED, ""
        if self.barred is not None:
            yield Hit.EXCLUDED, self.barred
        if self.unmapped is not None:
            yield Hit.UNMAPPED, self.unmapped


@dataclass(slots=True)
class Tried:
    """How often each rule did what, counted in resources as they were read.

    The third part of a key is the reason of an exclusion, or the value that is not mapped: that only if it is a
    code of the resource, for any other text may be a name or a number.
    """

    hits: Counter[tuple[str, Hit, str]] = field(default_factory=Counter)

    def note(self, said: Said, times: int) -> None:
        """Count what a rule made of some resources alike."""
        for hit, what in said.hits:
            self.hits[said.rule, hit, what] += times


def is_unmapped(reason: str | None) -> bool:
    """Whether the reason of an event is that its value is not in the profile's map."""
    return reason is not None and reason.endswith(_UNMAPPED)


class Told(NamedTuple):
    """What a selector reads of a resource apart from who and when: the kinds of its events, its answer, its coding."""

    kinds: tuple[EventKind, ...]
    answer: Answer
    reason: str | None
    coded: tuple[str | None, str | None, str | None, str | None]
    setting: str | None
    detail: str | None
    said: Said


def told_of(selector: Selector, found: Sequence[Found], whole: Json | None = None, modified: bool = False) -> Told:
    """What is told by what a selector that matched finds.

    Args:
        selector: what matched.
        found: in the order of `SAYS`, then the exclusions that hold.
        whole: the whole resource; None where that is not at hand.
        modified: whether it has a modifierExtension.

    Raises:
        Unreadable: a document that is read is none.
        Unusual: more of the resource matters than is at hand.
    """
    code, setting, detail, answer, document, kind_path, *barred = found
    if whole is None and any([one and type(one[0]) is dict for one in (setting, detail, answer)]):
        raise Unusual  # what is written out is written whole
    verdict = _verdict(selector, whole, modified, barred[0] if barred else (), answer, document)
    return Told(
        tuple(_kinds(selector, kind_path)),
        verdict.answer,
        verdict.reason,
        columns.coded(code, EventKind.PRESCRIPTION_WRITTEN in selector.kinds) if code else _UNCODED,
        str(setting[0]) if setting else None,
        columns.text(verdict.detail or detail),
        Said(selector.rule, verdict.answer, verdict.barred, verdict.unmapped, False, False, False),
    )


class _Verdict(NamedTuple):
    """An answer with its reason; why the resource is barred, what was not mapped, and the word of a document."""

    answer: Answer
    reason: str | None
    barred: str | None = None
    unmapped: str | None = None
    detail: Found = ()


_MET = _Verdict(Answer.MET, None)


def _verdict(
    selector: Selector, whole: Json | None, modified: bool, barred: Found, answer: Found, document: Found
) -> _Verdict:
    if barred:
        reason = selector.exclusions[barred[0]].reason
        return _Verdict(Answer.NOT_MET, reason, reason)
    if modified:
        return _Verdict(Answer.UNKNOWN, _MODIFIED, _MODIFIED)
    if not selector.answers:
        return _MET
    if "ccda" in selector.texts:
        reading = ccda.read_best(document)
        return _mapped(whole, selector, reading.word, reading.reason)._replace(detail=[reading.word])
    return _mapped(whole, selector, columns.text(answer), None)


def _mapped(whole: Json | None, selector: Selector, word: str | None, reason: str | None) -> _Verdict:
    """The answer that a profile maps a word to."""
    answer = selector.answers.get(word or "")
    if answer is not None:
        return _Verdict(answer, None if answer is Answer.MET else reason or f"{selector.resource} says {word or ''}")
    if whole is None:  # whether the word is a code is for the whole resource to tell
        raise Unusual
    return _Verdict(Answer.UNKNOWN, f"{selector.resource} {_UNMAPPED}", unmapped=code_in(whole, word) or "")


def _kinds(selector: Selector, found: Found) -> Iterable[EventKind]:
    if "kind_path" not in selector.texts:
        return selector.kinds
    return [EventKind(code) for code in found if isinstance(code, str) and code in selector.kinds]
