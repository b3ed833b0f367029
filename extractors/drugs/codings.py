"""The codings of one drug as they stand in a resource, and their canonical text, the key of table `drug`.

A MedicationRequest may state its drug in several codings, in any order. The text holds all of them with what they
display and the concept's own words, sorted, so that their order never matters.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
NDC = "http://hl7.org/fhir/sid/ndc"
HCPCS = "urn:oid:2.16.840.1.113883.6.285"
_OIDS = {"2.16.840.1.113883.6.88": RXNORM, "2.16.840.1.113883.6.69": NDC, "2.16.840.1.113883.6.285": HCPCS}
_INVISIBLE = re.compile(r"[\s\u200b-\u200d\ufeff]")
_TELLING = {RXNORM: 0, NDC: 1}


@dataclass(frozen=True, slots=True, order=True)
class Coding:
    """A code of a system as it is written, without blanks, and what it displays; empty texts where it says nothing."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Concept:
    """What a resource says of its drug: its codings, in a fixed order, and its own words."""

    codings: tuple[Coding, ...] = ()
    text: str = ""


def concept_of(stated: Mapping[str, Any]) -> Concept:
    """The codings of a CodeableConcept that have a code, each once, the most telling first."""
    return _concept(*_said(stated))


_Codings = tuple[tuple[str, str, str], ...]


def _said(stated: Mapping[str, Any]) -> tuple[_Codings, str]:
    """System, code and display of the codings as they stand, and the concept's words: equal ones have one answer."""
    return tuple(
        [
            (str(one.get("system") or ""), str(one["code"]), str(one.get("display") or ""))
            for one in stated.get("coding") or ()
            if one and one.get("code")
        ]
    ), str(stated.get("text") or "")


@lru_cache(maxsize=4096)
def _concept(codings: _Codings, text: str) -> Concept:
    return Concept(tuple(sorted({_coding(*one) for one in codings}, key=_place)), text)


def _coding(system: str, code: str, display: str) -> Coding:
    system = _INVISIBLE.sub("", system)
    return Coding(_OIDS.get(system.removeprefix("urn:oid:"), system), _INVISIBLE.sub("", code), display)


def _place(coding: Coding) -> tuple[int, Coding]:
    return _TELLING.get(coding.system, 2), coding


def coded(stated: Mapping[str, Any]) -> tuple[str | None, str | None, str | None, str | None]:
    """System and code of the first coding of a concept in their order, the concept's `drug_key`, and what it displays.

    A concept without a code displays its own words.
    """
    codings, text = _said(stated)
    return _coded(codings, text) if codings else (None, None, None, stated.get("text"))


@lru_cache(maxsize=4096)
def _coded(codings: _Codings, text: str) -> tuple[str | None, str | None, str | None, str | None]:
    first = _concept(codings, text).codings[0]
    return first.system or None, first.code, _drug_key(codings, text), first.display or text or None


def drug_key(stated: Mapping[str, Any]) -> str | None:
    """The canonical text of a CodeableConcept for a drug; None when it has no code."""
    return _drug_key(*_said(stated))


@lru_cache(maxsize=4096)
def _drug_key(codings: _Codings, text: str) -> str | None:
    concept = _concept(codings, text)
    if not concept.codings:
        return None
    rows = [[one.system, one.code, one.display] for one in concept.codings]
    return json.dumps({"codings": rows, "text": concept.text}, ensure_ascii=False, separators=(",", ":"))


def concept_of_key(key: str) -> Concept:
    """The concept of which `drug_key` made the text; one without codings for any other text."""
    if not key.startswith('{"codings":'):
        return Concept()
    found = json.loads(key)
    return Concept(tuple(Coding(*row) for row in found["codings"]), found["text"])
