"""The four counts of a corpus, as somebody writes them who trusts the export: a loop over dictionaries, and one query.

Prescriptions of the year by clinician, those of them that were transmitted, referrals, and patients seen. Neither
guards a line, checks a shape, follows a replaced version or keeps evidence.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

YEAR = "2026"
_LEFT_OUT = ("draft", "entered-in-error")
_REFERRAL = "3457005"


def _coded(concepts: list[dict[str, Any]], code: str) -> bool:
    return any(coding.get("code") == code for concept in concepts for coding in concept.get("coding", ()))


class Tables:
    """What of the resources matters to the counts, by references."""

    def __init__(self) -> None:
        self.npi: dict[str, str] = {}
        self.orders: dict[str, str] = {}
        self.sent: set[str] = set()
        self.referrals: list[str] = []
        self.visits: set[tuple[str, str]] = set()

    def practitioner(self, found: dict[str, Any]) -> None:
        """Who a clinician is."""
        self.npi["Practitioner/" + found["id"]] = found["identifier"][0]["value"]

    def order(self, found: dict[str, Any]) -> None:
        """A prescription of the year."""
        counts = found.get("intent") == "order" and found.get("status") not in _LEFT_OUT
        if counts and found["authoredOn"].startswith(YEAR):
            self.orders["MedicationRequest/" + found["id"]] = found["requester"]["reference"]

    def provenance(self, found: dict[str, Any]) -> None:
        """What tells of a transmission."""
        if _coded([found["activity"]], "transmit"):
            self.sent.update(target["reference"] for target in found["target"])

    def request(self, found: dict[str, Any]) -> None:
        """A referral of the year."""
        counts = found.get("intent") == "order" and found.get("status") not in _LEFT_OUT
        if counts and _coded(found["category"], _REFERRAL) and found["authoredOn"].startswith(YEAR):
            self.referrals.append(found["requester"]["reference"])

    def visit(self, found: dict[str, Any]) -> None:
        """A visit of the year."""
        if found["status"] == "finished" and found["period"]["start"].startswith(YEAR):
            for one in found["participant"]:
                self.visits.add((one["individual"]["reference"], found["subject"]["reference"]))

    def counted(self) -> dict[str, Any]:
        """The counts by NPI."""
        counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for order, clinician in self.orders.items():
            counts[self.npi[clinician]][0] += 1
            counts[self.npi[clinician]][1] += order in self.sent
        for clinician in self.referrals:
            counts[self.npi[clinician]][2] += 1
        for clinician, _ in self.visits:
            counts[self.npi[clinician]][3] += 1
        return {"counts": dict(counts)}


def counted(resources: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The counts of resources."""
    tables = Tables()
    reads = {
        "Practitioner": tables.practitioner,
        "MedicationRequest": tables.order,
        "Provenance": tables.provenance,
        "ServiceRequest": tables.request,
        "Encounter": tables.visit,
    }
    for found in resources:
        read = reads.get(found["resourceType"])
        if read:
            read(found)
    return tables.counted()


TYPES = ("Practitioner", "MedicationRequest", "Provenance", "ServiceRequest", "Encounter")

SQL = """
with doctor as (
  select 'Practitioner/' || id as clinician, identifier[1].value as npi
  from read_ndjson($Practitioner, columns = {id: 'VARCHAR', identifier: 'STRUCT(value VARCHAR)[]'})
), written as (
  select 'MedicationRequest/' || id as id, requester.reference as clinician
  from read_ndjson($MedicationRequest, columns = {id: 'VARCHAR', intent: 'VARCHAR', status: 'VARCHAR',
    authoredOn: 'VARCHAR', requester: 'STRUCT(reference VARCHAR)'})
  where intent = 'order' and status not in ('draft', 'entered-in-error') and starts_with(authoredOn, '2026')
), sent as (
  select distinct item.reference as id
  from read_ndjson($Provenance, columns = {activity: 'STRUCT(coding STRUCT(code VARCHAR)[])',
    target: 'STRUCT(reference VARCHAR)[]'}), unnest(target) as told(item)
  where list_contains(list_transform(activity.coding, lambda one: one.code), 'transmit')
), counted as (
  select clinician, count(*) as prescribed, count(sent.id) as transmitted, 0 as referred, 0 as seen
  from written left join sent using (id) group by clinician
  union all
  select requester.reference, 0, 0, count(*), 0
  from read_ndjson($ServiceRequest, columns = {intent: 'VARCHAR', status: 'VARCHAR', authoredOn: 'VARCHAR',
    category: 'STRUCT(coding STRUCT(code VARCHAR)[])[]', requester: 'STRUCT(reference VARCHAR)'})
  where intent = 'order' and status not in ('draft', 'entered-in-error') and starts_with(authoredOn, '2026')
    and list_contains(flatten(list_transform(category, lambda one: list_transform(one.coding, lambda c: c.code))),
      '3457005')
  group by 1
  union all
  select one.individual.reference, 0, 0, 0, count(distinct subject.reference)
  from read_ndjson($Encounter, columns = {status: 'VARCHAR', period: 'STRUCT("start" VARCHAR)',
    subject: 'STRUCT(reference VARCHAR)', participant: 'STRUCT(individual STRUCT(reference VARCHAR))[]'}),
    unnest(participant) as told(one)
  where status = 'finished' and starts_with(period.start, '2026')
  group by 1
)
select npi, sum(prescribed)::int, sum(transmitted)::int, sum(referred)::int, sum(seen)::int
from counted join doctor using (clinician) group by npi
"""
