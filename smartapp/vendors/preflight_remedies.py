"""What would make a fact readable that a server does not show: for its vendor, in resources, elements and searches."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from extractors.directory import NPI
from extractors.preflight import Preflight
from extractors.preflight_carriers import Carrier, KindShown, Seen, Shown
from extractors.selectors import Selector
from extractors.vocabulary import Answer, EventKind

NOUNS: Mapping[EventKind, str] = {
    EventKind.PRESCRIPTION_WRITTEN: "prescription",
    EventKind.PRESCRIPTION_TRANSMITTED: "transmission",
    EventKind.PDMP_QUERIED: "PDMP query",
    EventKind.REFERRAL_MADE: "referral",
    EventKind.TRANSITION_MADE: "transition",
    EventKind.SUMMARY_SENT: "sent summary",
    EventKind.RECEIPT_CONFIRMED: "receipt",
    EventKind.TRANSITION_RECEIVED: "incoming transition",
    EventKind.REFERRAL_RECEIVED: "incoming referral",
    EventKind.SUMMARY_RECEIVED: "received summary",
    EventKind.MEDICATIONS_RECONCILED: "medication reconciliation",
    EventKind.ALLERGIES_RECONCILED: "allergy reconciliation",
    EventKind.PROBLEMS_RECONCILED: "problem reconciliation",
    EventKind.PATIENT_SEEN: "visit",
    EventKind.ACCESS_VDT: "portal access",
    EventKind.ACCESS_API: "app access",
    EventKind.IMMUNIZATION_GIVEN: "immunization",
}
"""What an element would tell of, for the kinds that measures need."""

_LONGEST_ANSWER = 40
_CODING = re.compile(r"([\w.]+)\.coding\.where\(system = '([^']+)' and code = '([^']+)'\)\.exists\(\)")


def _as_token(found: re.Match[str]) -> str:
    """A test for one code as a search would word it: `code is system|code`."""
    return f"{found[1]} is {found[2]}|{found[3]}"


class By(StrEnum):
    """Who can mend it."""

    VENDOR = "vendor"
    PRACTICE = "practice"
    ASKER = "you"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that would make it readable: by whom, what was found instead, and what is wanted."""

    by: By
    found: str
    wanted: str


def remedies(kind: KindShown) -> list[Remedy]:
    """Each way in which a kind that is not shown would be; none for one that is."""
    if kind.shown is Shown.YES:
        return []
    found = list(_by_no_rule(kind))
    found += [_OF_SEEN[carrier.seen](carrier) for carrier in kind.carriers if carrier.seen in _OF_SEEN]
    return list(dict.fromkeys([*found, *_policy(kind)]))


def npi_remedies(found: Preflight) -> list[Remedy]:
    """What is wanted of a server that shows of no clinician an NPI."""
    people = found.clinicians
    if people.shown is Shown.YES:
        return []
    if people.shown is Shown.NOT_KNOWN:
        instead = f"{people.read} Practitioner could be read of {people.named} clinicians named, none with an NPI"
        return [Remedy(By.ASKER, instead, "permission to read Practitioner")]
    instead = f"none of {people.read} Practitioner has an NPI, so no act can be attributed"
    return [Remedy(By.VENDOR, instead, f"Practitioner.identifier with the system {NPI}")]


def wanted(selector: Selector) -> str:
    """What a rule selects and takes for a yes, in its own expressions; a test for a code as a token."""
    texts = selector.texts
    said = [f"{selector.resource} where {_CODING.sub(_as_token, texts['where'])}"]
    if "focus" in texts and selector.focus_types:
        said.append(f"{texts['focus']} names the {' or '.join(sorted(selector.focus_types))}")
    yes = sorted(value for value, answer in selector.answers.items() if answer is Answer.MET)
    if yes and len(texts.get("answer", "")) <= _LONGEST_ANSWER:
        said.append(f"{texts.get('answer', 'its content')} is {' or '.join(yes)}")
    return "; ".join(said)


def _by_no_rule(kind: KindShown) -> Iterator[Remedy]:
    if kind.because:
        by = By.PRACTICE if kind.shown is Shown.MAPPED else By.VENDOR
        yield Remedy(by, kind.because, "nothing more" if kind.shown is Shown.MAPPED else _ANY_RECORD)
    elif not kind.carriers:
        times = f"{kind.asserted} evidence Provenance assert it, which is no record" if kind.asserted else _NO_RULE
        yield Remedy(By.VENDOR, times, _ANY_RECORD)


_NO_RULE = "no rule of the profile knows a resource that records it"
_ANY_RECORD = (
    "a resource of yours that records the act, and a rule of a profile that reads it "
    "(docs/how-to/write-a-profile.md); an evidence Provenance would only assert it"
)


def _policy(kind: KindShown) -> Iterator[Remedy]:
    if kind.kind in (EventKind.ACCESS_VDT, EventKind.ACCESS_API) and kind.shown is not Shown.MAPPED:
        yield Remedy(By.PRACTICE, "", "a policy for all patients, stated as [[standing]] in the site file (--site)")


def _search(carrier: Carrier) -> str:
    resource = carrier.selector.resource
    return "_revinclude=Provenance:target" if resource == "Provenance" else f"{resource}?patient="


def _number(carrier: Carrier) -> str:
    return f"{carrier.of} {carrier.selector.resource}"


def _not_matched(carrier: Carrier) -> Remedy:
    return Remedy(By.VENDOR, f"none of {_number(carrier)} matches", wanted(carrier.selector))


def _empty(carrier: Carrier) -> Remedy:
    return Remedy(By.VENDOR, f"no {carrier.selector.resource} of these patients", wanted(carrier.selector))


def _no_type(carrier: Carrier) -> Remedy:
    instead = f"the server does not have {carrier.selector.resource}"
    return Remedy(By.VENDOR, instead, f"{_search(carrier)}, with {wanted(carrier.selector)}")


def _withheld(carrier: Carrier) -> Remedy:
    resource = carrier.selector.resource
    return Remedy(By.ASKER, f"{resource} may not be read: {carrier.detail}", f"permission for user/{resource}.rs")


def _not_read(carrier: Carrier) -> Remedy:
    instead = f"{carrier.selector.resource} could not be read whole: {carrier.detail}"
    return Remedy(By.VENDOR, instead, f"a whole answer to {_search(carrier)}")


def _unmapped(carrier: Carrier) -> Remedy:
    values = f" ({', '.join(carrier.unmapped)})" if carrier.unmapped else ""
    instead = f"{carrier.matched} of {_number(carrier)} match with values that the profile does not map{values}"
    return Remedy(By.PRACTICE, instead, f"these values in the map of the rule {carrier.selector.rule}, in a profile")


def _incomplete(carrier: Carrier) -> Remedy:
    elements = " and ".join(carrier.elements)
    return Remedy(By.VENDOR, f"{carrier.matched} of {_number(carrier)} match, none with {elements}", elements)


def _about_others(carrier: Carrier) -> Remedy:
    selector = carrier.selector
    instead = f"{carrier.matched} of {_number(carrier)} match, and none is about a case of the sample"
    named = " or ".join(sorted(selector.focus_types)) or "case"
    return Remedy(By.VENDOR, instead, f"{selector.resource}: {selector.texts.get('focus', 'id')} names the {named}")


def _never_met(carrier: Carrier) -> Remedy:
    instead = f"{carrier.matched} of {_number(carrier)} match, and none says that it was done"
    return Remedy(By.ASKER, instead, "a sample with one that was done (--patients FILE)")


_OF_SEEN: Mapping[Seen, Callable[[Carrier], Remedy]] = {
    Seen.UNMAPPED: _unmapped,
    Seen.INCOMPLETE: _incomplete,
    Seen.ABOUT_OTHERS: _about_others,
    Seen.NEVER_MET: _never_met,
    Seen.NOT_MATCHED: _not_matched,
    Seen.EMPTY: _empty,
    Seen.NO_TYPE: _no_type,
    Seen.WITHHELD: _withheld,
    Seen.NOT_READ: _not_read,
}


def headline(kinds: list[KindShown]) -> str:
    """What keeps a measure from being derivable, in one phrase: `no transmission element`; empty where nothing does."""
    nouns = {shown: [NOUNS[one.kind] for one in kinds if one.shown is shown] for shown in Shown}
    said = [f"no {_listed(nouns[Shown.NO])} element"] if nouns[Shown.NO] else []
    said += [f"whether it shows {_listed(nouns[Shown.NOT_KNOWN])}"] if nouns[Shown.NOT_KNOWN] else []
    said += [f"to map: {_listed(nouns[Shown.MAPPED])}"] if nouns[Shown.MAPPED] else []
    return "; ".join(said)


def _listed(nouns: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(nouns[:-1]), nouns[-1]]))
