"""A tiny practice in the demo EHR, and one patient of it read live with a clinician's own token."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import responses
from flask import Flask

from extractors.gateway import ONCE, Credential, Gateway
from extractors.profile import load_profile
from extractors.site import Site
from extractors.sources.search import LiveServer
from smartapp.demo_ehr import Faults, create_demo_ehr
from smartapp.reading.patient import PatientView, Reads, Task, patient_view
from smartapp.reading.person import person_of
from smartapp.smart.scopes import granted
from smartapp.store import Person
from tests.demo_ehr.signing_in import BASE, FHIR, PUBLIC, READ_ALL, signed_in
from tests.extractors.practice import (
    OPEN,
    document,
    fulfilment,
    message,
    prescription,
    ref,
    referral,
    resource,
    staff,
    transmission,
    visit,
)
from tests.smartapp.ehr_bridge import serve

Json = dict[str, Any]
TODAY = date(2026, 11, 20)
"""A Friday without a holiday before it; the fourth business day before it is Monday 16."""
HER = "Practitioner/c"
NAMES = {"c": "Dr. Cara Clinician", "d": "Dr. Dan Other", "e": "Dr. Eve Elsewhere"}


def about(patient: str, one: Json) -> Json:
    """A resource of one patient, which says so as a server's searches want it."""
    name = "for" if one["resourceType"] == "Task" else "subject"
    return {**one, name: ref(f"Patient/{patient}")}


def patient(number: str = "p", **elements: Any) -> Json:
    known = {"name": [{"text": f"Patient {number.upper()}"}], "birthDate": "1980-02-03"}
    return {**resource("Patient", number), **known, **elements}


def somebody_else() -> list[Json]:
    """Another patient with one record of every type, so that the server has each type."""
    given = [prescription("q-rx"), fulfilment("completed", of="q-rx", name="q-task"), referral("q-referral")]
    given += [message("q-message", "MedicationRequest/q-rx"), visit("q-visit"), document("q-doc")]
    return [patient("q"), *(about("q", one) for one in given), transmission("q-rx")]


@dataclass(frozen=True)
class Bearer:
    """The token of one launch."""

    token: str = field(repr=False)

    def credential(self, refused: Credential | None = None) -> Credential:
        assert refused is None, "the demo EHR refused a fresh token"
        return Credential(f"Bearer {self.token}", FHIR)


@dataclass(frozen=True)
class Chart:
    """One patient's record, and how it is read; a test changes what it is about."""

    ehr: Flask
    faults: Faults
    today: date = TODAY
    scope: str = READ_ALL
    site: Site = OPEN
    user: str | None = HER
    needs_banner: bool | None = None
    person: Person | bool | None = True

    def but(self, **changes: Any) -> "Chart":
        return replace(self, **changes)

    @contextmanager
    def server(self) -> Iterator[tuple[LiveServer, str]]:
        """The live server, and the scope that was granted."""
        tokens = signed_in(self.ehr, self.scope, patient="p", clinician="c")
        with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
            serve(wire, self.ehr, BASE)
            yield LiveServer(FHIR, Gateway(patience=ONCE), Bearer(tokens["access_token"])), tokens["scope"]

    def view(self) -> PatientView:
        with self.server() as (server, scope):
            known = person_of(server, self.user) if self.person is True else self.person
            reads = Reads(
                profile=load_profile("generic"),
                site=self.site,
                granted=granted(scope),
                user=self.user,
                person=known or None,
                today=self.today,
                needs_banner=self.needs_banner,
            )
            return patient_view(server, "p", reads)

    @cached_property
    def seen(self) -> PatientView:
        """What is shown, read once: for a test that does not change what the server answers in between."""
        return self.view()

    def task(self, measure: str) -> Task:
        return next(task for task in self.seen.tasks if task.measure == measure)


def named(person: Json) -> Json:
    return {**person, "name": [{"text": NAMES[person["id"]]}]} if person["resourceType"] == "Practitioner" else person


def chart(folder: Path, *records: Json, person: Json | None = None, others: Iterable[Json] = ()) -> Chart:
    """The practice with these records of patient p; `others` are written as they are."""
    written = [*map(named, staff()), person or patient(), *somebody_else(), *others]
    written += [one if "target" in one or one.get("subject") or one.get("for") else about("p", one) for one in records]
    by_type: dict[str, list[str]] = {}
    for one in written:
        by_type.setdefault(one["resourceType"], []).append(json.dumps(one))
    folder.mkdir(exist_ok=True)
    for kind, lines in by_type.items():
        (folder / f"{kind}.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    faults = Faults()
    return Chart(create_demo_ehr(folder, BASE, [PUBLIC], faults), faults)
