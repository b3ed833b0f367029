"""The JSON Schema of QPP JSON by year, made from CMS's measure list: CMS publishes none of today's object."""

from typing import Any

from scoring.identity import NEEDED
from scoring.model import Metric
from scoring.submission import CATEGORY
from scoring.year import RuleBook
from smartapp.exports.qpp_json import METHODS, SET_FIELDS


def schema(rules: RuleBook) -> dict[str, Any]:
    """The JSON Schema of what `write_qpp_json` makes for a year: shapes, ids and words, not what goes together.

    What two values have to do with each other is `pi180 check`'s.
    """
    digits = {"type": "string", "pattern": "^[0-9]{9}$"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"QPP JSON with the Promoting Interoperability set, performance year {rules.year}",
        "type": "object",
        "required": ["entityType", "performanceYear", "measurementSets"],
        "additionalProperties": False,
        "properties": {
            "entityType": {"enum": list(NEEDED)},
            "performanceYear": {"const": rules.year},
            "taxpayerIdentificationNumber": digits,
            "nationalProviderIdentifier": {**digits, "pattern": "^[0-9]{10}$"},
            "entityId": {"type": "string", "minLength": 1},
            "measurementSets": {"type": "array", "minItems": 1, "maxItems": 1, "items": _set_schema(rules)},
        },
        "oneOf": [_identity_schema(entity, needed) for entity, needed in NEEDED.items()],
    }


def _identity_schema(entity: str, needed: tuple[str, ...]) -> dict[str, Any]:
    """An entity type has the identifiers that it needs, and no other."""
    identifiers = {name for names in NEEDED.values() for name in names}
    none = {name: False for name in sorted(identifiers - set(needed))}
    return {"properties": {"entityType": {"const": entity}, **none}, "required": list(needed)}


def _set_schema(rules: RuleBook) -> dict[str, Any]:
    day = {"type": "string", "pattern": f"^{rules.year}-[0-9]{{2}}-[0-9]{{2}}$"}
    return {
        "type": "object",
        "required": list(SET_FIELDS),
        "additionalProperties": False,
        "properties": {
            "category": {"const": CATEGORY},
            "submissionMethod": {"enum": list(METHODS)},
            "programName": {"enum": list(rules.conditions.programs.names)},
            "performanceStart": day,
            "performanceEnd": day,
            "cehrtId": {"type": "string", "pattern": f"^{rules.gate.cehrt.shape}$"},
            "measurements": {"type": "array", "minItems": 1, "uniqueItems": True, "items": _measurement_schema(rules)},
        },
    }


def _measurement_schema(rules: RuleBook) -> dict[str, Any]:
    count = {"type": "integer", "minimum": 0}
    pair = {
        "type": "object",
        "required": ["numerator", "denominator"],
        "additionalProperties": False,
        "properties": {"numerator": count, "denominator": count},
    }
    values: dict[Metric, dict[str, Any]] = {Metric.PROPORTION: pair, Metric.BOOLEAN: {"type": "boolean"}}
    kinds = [
        {
            "properties": {
                "measureId": {"enum": [m.id for m in rules.measures.values() if m.metric is metric]},
                "value": value,
            }
        }
        for metric, value in values.items()
    ]
    return {"type": "object", "required": ["measureId", "value"], "oneOf": kinds} | {
        "propertyNames": {"enum": ["measureId", "value"]}
    }
