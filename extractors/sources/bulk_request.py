"""What a bulk export is asked for, and in which dialect (FHIR Bulk Data Access)."""

from enum import StrEnum


class Level(StrEnum):
    """Whose records an export gives: those of a Group's members, of all patients, or all there is."""

    GROUP = "group"
    PATIENT = "patient"
    SYSTEM = "system"
