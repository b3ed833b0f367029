"""Servers to try preflight on: the demo EHR behind `responses`, open to everybody, and a validator of its answers."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import responses
from click.testing import CliRunner, Result

from smartapp.cli import main
from smartapp.demo_ehr import Faults, create_demo_ehr
from tests.demo_ehr.signing_in import BASE, FHIR, PUBLIC, signed_in
from tests.smartapp.ehr_bridge import serve

Json = dict[str, Any]

_TYPES: Mapping[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


@contextmanager
def open_server(scenario: Path) -> Iterator[Faults]:
    """The demo EHR of a scenario, answering without a token."""
    faults = Faults()
    app = create_demo_ehr(scenario, BASE, [PUBLIC], faults)
    token, inner = signed_in(app, patient=None, clinician="office-staff")["access_token"], app.wsgi_app

    def with_token(environ: Any, start: Any) -> Any:
        return inner({**environ, "HTTP_AUTHORIZATION": f"Bearer {token}"}, start)

    app.wsgi_app = with_token  # type: ignore[method-assign]
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        serve(wire, app, BASE)
        yield faults


def write(folder: Path, resources: Iterable[Json]) -> Path:
    """A scenario of a few resources."""
    folder.mkdir()
    for one in resources:
        with (folder / f"{one['resourceType']}.ndjson").open("a", encoding="utf-8") as file:
            file.write(json.dumps(one) + "\n")
    return folder


def preflight(*words: str, base: str = FHIR) -> Result:
    return CliRunner().invoke(main, ["preflight", base, "--year", "2026", *words])


def judged(scenario: Path, *words: str) -> Json:
    """The document about a scenario, checked against its schema."""
    with open_server(scenario):
        result = preflight("--json", *words)
    return parsed(result)


def parsed(result: Result) -> Json:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return dict(json.loads(result.stdout))


def measure(document: Json, name: str) -> Json:
    (found,) = [one for one in document["measures"] if one["measure"] == name]
    return dict(found)


def grade(document: Json, name: str) -> str:
    return str(measure(document, name)["grade"])


def problems(schema: Mapping[str, Any], value: Any, at: str = "$") -> list[str]:
    """What of a value is not as a schema says; for the words of JSON Schema that the published one uses."""
    assert set(schema) <= {
        "$schema", "title", "type", "required", "properties", "additionalProperties", "items", "enum", "const",
        "minimum", "anyOf",
    }  # fmt: skip
    if "anyOf" in schema:
        return [] if any(not problems(one, value, at) for one in schema["anyOf"]) else [f"{at}: none of anyOf"]
    found = [f"{at}: {value!r}"] if not _fits(schema, value) else []
    if isinstance(value, dict) and "properties" in schema:
        wrong = set(schema["required"]) - set(value) | set(value) - set(schema["properties"])
        found += [f"{at}.{name}" for name in sorted(wrong)]
        for name in set(value) & set(schema["properties"]):
            found += problems(schema["properties"][name], value[name], f"{at}.{name}")
    if isinstance(value, list):
        found += [text for n, one in enumerate(value) for text in problems(schema["items"], one, f"{at}[{n}]")]
    return found


def _fits(schema: Mapping[str, Any], value: Any) -> bool:
    kinds = schema.get("type", [])
    names = [kinds] if isinstance(kinds, str) else kinds
    of_type = not names or any(type(value) is _TYPES[name] for name in names)
    listed = value in schema.get("enum", [value]) and value == schema.get("const", value)
    return of_type and listed and (type(value) is not int or value >= schema.get("minimum", value))
