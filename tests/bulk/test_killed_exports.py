"""F1: an export is killed at every step, in a first round and in later ones, and ends as one that nobody disturbed."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from smartapp.reading.fetching import Renew
from tests.bulk.conftest import practice
from tests.bulk.exporter import MOMENT, Asked, Exporter, Raw, as_json, exported, exporter, job_of
from tests.crawl.scripted import fingerprint
from tests.extractors.practice import prescription

Rx = "MedicationRequest"
STEPS = (
    "before asked",
    "after asked",
    "before accepted",
    "after accepted",
    "before manifest",
    "after manifest",
    "before rename",
    "after rename",
    "before file",
    "after file",
    "before committed",
    "after committed",
    "before DELETE",
    "before closed",
    "after closed",
)


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Clinic:
    """An export into a folder, which is killed again and again; `renew` is what the first order asks for."""

    server: Exporter
    out: Path
    renew: Renew = Renew.KEEP
    seen: list[str] = field(default_factory=list)

    def run(self, until: str = "", number: int = 1) -> None:
        """Export until some step has come so often; to the end, where none is named."""
        left = number

        def reached(step: str) -> None:
            nonlocal left
            self.seen.append(step)
            left -= step == until
            if left == 0:
                raise Killed

        counts = any(step == "after committed" for step in self.seen)
        exported(self.server, self.out, renew=Renew.KEEP if counts else self.renew, reached=reached)

    def killed(self, step: str, number: int = 1) -> None:
        before = self.server.kicked_off
        with pytest.raises(Killed):
            self.run(step, number)
        assert self.server.kicked_off - before <= 1

    def killed_at_all(self) -> None:
        """At each step in turn, then on to the end."""
        before = self.server.kicked_off
        for step in STEPS:
            self.killed(step)
        self.run()
        assert self.server.kicked_off - before == 2  # one whose answer was never kept, and one that was
        assert not [one for one in self.out.rglob("*.part")]


@pytest.fixture
def clinic(server: Exporter, tmp_path: Path) -> Clinic:
    return Clinic(server, tmp_path / "o")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The fingerprint of the same server, exported once without a disturbance."""
    out = tmp_path_factory.mktemp("unbroken") / "o"
    with exporter(practice()) as server:
        exported(server, out)
    return fingerprint(out)


@pytest.mark.requirement("R56", "R116")
def test_a_first_export_that_is_killed_at_every_step(clinic: Clinic, unbroken: str) -> None:
    clinic.killed_at_all()

    assert fingerprint(clinic.out) == unbroken


@pytest.mark.requirement("R56", "R62")
def test_an_export_of_changes_and_deletions_that_is_killed_at_every_step(clinic: Clinic) -> None:
    server, everything = clinic.server, list(clinic.server.resources)
    gone = {"request": {"method": "DELETE", "url": f"{Rx}/rx-2"}}
    bundle = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [gone]}).encode()
    server.says("GET", "/files/gone", Raw(body=bundle))

    def first() -> None:
        clinic.renew, server.manifest, server.resources = Renew.KEEP, {}, everything
        clinic.run()
        clinic.seen.clear()
        deleted = [{"type": "Bundle", "url": f"{server.root}/files/gone"}]
        server.manifest = {"transactionTime": "2026-11-23T04:00:00Z", "deleted": deleted}
        server.resources = [prescription("rx-3"), *(one for one in everything if one["id"] not in ("rx-1", "rx-2"))]
        clinic.renew = Renew.CHANGES

    place, clinic.out = clinic.out, clinic.out.with_name("undisturbed")
    first()
    clinic.run()
    expected, clinic.out = fingerprint(clinic.out), place
    first()
    clinic.killed_at_all()

    assert fingerprint(clinic.out) == expected
    assert ["_since" in one.path for one in server.heard if "$export" in one.path][-2:] == [True, True]


@pytest.mark.requirement("R56", "R57")
def test_an_export_whose_list_has_pages_that_is_killed_at_every_step(clinic: Clinic, unbroken: str) -> None:
    server = clinic.server
    kinds = sorted({one["resourceType"] for one in server.resources})
    files = [{"type": kind, "url": f"{server.root}/files/1/{kind}.ndjson"} for kind in kinds]
    server.manifest = {"output": files[:2], "link": [{"relation": "next", "url": "/pages/2"}]}
    more = {"link": [{"relation": "next", "url": "/pages/3"}]}
    server.says("GET", "/pages/2", as_json({"transactionTime": MOMENT, "output": files[2:4], **more}))
    server.says("GET", "/pages/3", as_json({"transactionTime": MOMENT, "output": files[4:]}))
    clinic.killed_at_all()

    assert fingerprint(clinic.out) == unbroken


@pytest.mark.requirement("R56")
@pytest.mark.parametrize("step", ["before rename", "after rename", "before file", "after file"])
def test_an_export_that_is_killed_while_it_fetches_by_fresh_addresses(clinic: Clinic, step: str, unbroken: str) -> None:
    """F7 and F1: each list of addresses is good for two files; the fourth file comes in the second round."""
    server, good = clinic.server, [0]

    def expiring(asked: Asked) -> Raw | None:
        if asked.method == "GET" and asked.path.startswith("/jobs"):
            good[0] = 2
        if asked.path.startswith("/files"):
            good[0] -= 1
            return Raw(403) if good[0] < 0 else None
        return None

    server.scripts.append(expiring)
    clinic.killed(step, 4)
    proven, asked = {one.type for one in job_of(clinic.out).files.values()}, len(server.asked("GET", "/files"))
    assert len(proven) == (4 if step == "after file" else 3)
    clinic.run()

    assert fingerprint(clinic.out) == unbroken
    assert job_of(clinic.out).is_whole
    assert not [one.path for one in server.asked("GET", "/files")[asked:] for kind in proven if f"/{kind}." in one.path]
