"""The columns of what extraction emits, as Arrow schemas: the contract between extraction and SQL.

Instants are UTC text of fixed width, days ISO text in the practice's zone, so that plain comparison orders
them in every engine. Null means that the source does not say.
"""

import pyarrow as pa


def _text(*names: str) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in names])


def _with(schema: pa.Schema, **numbers: pa.DataType) -> pa.Schema:
    for name, kind in numbers.items():
        schema = schema.append(pa.field(name, kind))
    return schema


EVENT = _with(
    _text(
        "kind", "answer", "reason", "focus", "source", "content", "patient", "clinician", "on_behalf_of",
        "organization", "from_utc", "to_utc", "day_from", "day_to", "ended_utc", "ended_day", "code_system", "code",
        "codings", "display", "setting", "counterpart", "identifier", "detail", "grade", "rule",
    ),
    rank=pa.int32(),
    zone_assumed=pa.bool_(),
)  # fmt: skip
"""One row per fact that a resource witnesses. `source` is the resource, `content` the hash of its version."""

RESOURCE = _with(
    _text("key", "type", "content", "version", "updated", "file"),
    line=pa.int64(),
    entry=pa.int64(),
    deleted=pa.bool_(),
)
"""One row per resource of a type that is read, matched or not. `line` counts from 1, `entry` within a Bundle from 0."""

REFERENCE = _text("source", "content", "relation", "target")
"""One row per reference that later joins need."""

DIRECTORY = _text("key", "content", "attribute", "value")
"""One row per directory fact; attributes: npi, tin, alias, practitioner, organization, inactive, begun, ended,
insurer, part-of, managed-by, replaced-by, drug, class, subject, named, authored, prescribes,
asks, asks-for."""


CASE_INPUTS = {
    "untangled": _text("key", "same_as"),
    "site_tin": _text("key", "tin"),
    "closed": _text("kind"),
    "standing": _text("kind", "day_from", "ended_day", "why"),
    "calendar": _with(_text("day"), number=pa.int64(), business=pa.int64(), is_business=pa.bool_()),
    "shared_ehr": _text("organization"),
    "setting": _with(
        _text("history_from", "data_until"),
        pdmp_lookback_days=pa.int64(),
        access_business_days=pa.int64(),
        collapse_changes=pa.bool_(),
        exclude_shared_ehr=pa.bool_(),
        recon_by_session=pa.bool_(),
        telehealth_in_pea=pa.bool_(),
    ),
    "drug": _with(_text("codings", "code_system", "code", "schedule", "class", "reason"), opioid=pa.int64()),
}
"""What joins need besides events: identities, the site's settings, the calendar and the drugs in use."""
