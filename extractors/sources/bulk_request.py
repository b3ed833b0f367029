"""What a bulk export is asked for, and in which form (FHIR Bulk Data Access, STU1 to STU3)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from extractors.decode import Json
from extractors.gateway import Asked

_FHIR_JSON = "application/fhir+json"
_NDJSON = "application/fhir+ndjson"


class Level(StrEnum):
    """Whose records an export gives: those of a Group's members, of all patients, or all there is."""

    GROUP = "group"
    PATIENT = "patient"
    SYSTEM = "system"


class Form(StrEnum):
    """How a server wants a list of types: servers refuse each other's form."""

    GET = "get"
    GET_REPEATED = "get-repeated"
    POST = "post"
    POST_REPEATED = "post-repeated"


@dataclass(frozen=True, slots=True)
class Request:
    """One export. `since` is the server's own transactionTime of an earlier one, as it stood there; None: everything.

    No filter beyond types is ever sent: what it would leave out could not be told from what is not there.
    """

    base: str
    level: Level
    group: str
    types: tuple[str, ...]
    since: str | None = None

    @property
    def url(self) -> str:
        """Where it is asked for."""
        place = {Level.GROUP: f"Group/{self.group}/", Level.PATIENT: "Patient/", Level.SYSTEM: ""}[self.level]
        return f"{self.base}/{place}$export"

    def as_document(self) -> Json:
        """What tells it from another request, as a journal states it."""
        return {
            "base": self.base,
            "level": str(self.level),
            "group": self.group,
            "types": list(self.types),
            "since": self.since,
        }

    def kick_off(self, form: Form) -> Asked:
        """The request that starts it."""
        headers = {"Accept": _FHIR_JSON, "Prefer": "respond-async"}
        repeated = form in (Form.GET_REPEATED, Form.POST_REPEATED)
        types: Sequence[str] = self.types if repeated else (",".join(self.types),)
        values = [("_outputFormat", _NDJSON), *(("_type", one) for one in types)]
        values += [("_since", self.since)] if self.since else []
        if form in (Form.GET, Form.GET_REPEATED):
            return Asked("GET", f"{self.url}?{urlencode(values)}", headers)
        return Asked("POST", self.url, {**headers, "Content-Type": _FHIR_JSON}, _parameters(values))


def _parameters(values: Sequence[tuple[str, str]]) -> str:
    names = {"_since": "valueInstant"}
    parts = [{"name": name, names.get(name, "valueString"): value} for name, value in values]
    return json.dumps({"resourceType": "Parameters", "parameter": parts})
