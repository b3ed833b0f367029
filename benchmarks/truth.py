"""What a corpus holds, counted from what was drawn and never by reading it again."""

from collections import Counter
from typing import Any

from benchmarks.made_up import Json, npi

YEAR = "2026"
COUNTS = ("prescribed", "transmitted", "referred", "seen")
"""What is counted for each clinician in the year: prescriptions, those of them that were transmitted, referrals, and
patients seen, each once."""


class Truth:
    """Lines by type, damaged lines by file and number, and counts of whole lines.

    `prescribed` and `transmitted` are those of all years; `counts` holds `COUNTS` by NPI for the year alone.
    """

    def __init__(self) -> None:
        self.size = 0
        self.lines: Counter[str] = Counter()
        self.damaged: list[tuple[str, int]] = []
        self._ever: Counter[str] = Counter()
        self._counts: dict[str, list[int]] = {}
        self._order: str | None = None
        self._seen = bytearray()

    def whole(self, found: Json) -> None:
        """Count a resource whose line is whole; what tells of an order's transmission comes next after the order."""
        kind = found["resourceType"]
        if kind == "MedicationRequest":
            self._order = None
            if found["status"] in ("active", "completed"):
                self._order = f"MedicationRequest/{found['id']}"
                self._add("prescribed", found["requester"], found["authoredOn"])
                self._ever["prescribed"] += 1
        elif kind == "Provenance" and found["target"][0]["reference"] == self._order:
            self._add("transmitted", found["agent"][0]["who"], found["recorded"])
            self._ever["transmitted"] += 1
        elif kind == "ServiceRequest":
            self._add("referred", found["requester"], found["authoredOn"])
        elif kind == "Encounter":
            self._visit(found)

    def _visit(self, found: Json) -> None:
        """Count a visit of whoever was not seen yet; a patient has one clinician."""
        who, patient = found["participant"][0]["individual"], int(found["subject"]["reference"].rpartition("-")[2])
        self._seen.extend(bytes(max(0, patient + 1 - len(self._seen))))
        if not self._seen[patient]:
            self._seen[patient] = self._add("seen", who, found["period"]["start"])

    def _add(self, what: str, clinician: Json, when: str) -> bool:
        """Count something for a clinician where it is of the year; whether it is."""
        if not when.startswith(YEAR):
            return False
        known = npi(int(clinician["reference"].rpartition("-")[2]))
        self._counts.setdefault(known, [0] * len(COUNTS))[COUNTS.index(what)] += 1
        return True

    def told(self) -> dict[str, Any]:
        """All of it, for a JSON file."""
        return {
            "bytes": self.size,
            "lines": dict(self.lines),
            "prescribed": self._ever["prescribed"],
            "transmitted": self._ever["transmitted"],
            "damaged": self.damaged,
            "counts": dict(sorted(self._counts.items())),
        }
