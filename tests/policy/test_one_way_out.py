"""R39: nothing but the outbound gateway speaks to the network, and fhirclient speaks only through it."""

import ast
import socket
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fhirclient.server import FHIRServer

from extractors.fhirpath.source import NAMES
from extractors.gateway import ONCE, Credential, Gateway
from extractors.sources import search

ROOT = Path(__file__).parents[2]
NETWORK = {
    "requests", "httpx", "httpx2", "urllib3", "aiohttp", "asyncio", "websockets", "urllib.request", "http.client",
    "ftplib", "smtplib", "imaplib", "poplib", "telnetlib", "xmlrpc", "socket", "ssl", "_socket", "_ssl",
    "fhirclient.server", "fhirclient.auth", "fhirclient.client",
    "authlib.integrations.base_client", "authlib.integrations.requests_client", "authlib.integrations.httpx_client",
    "authlib.integrations.flask_client",
}  # fmt: skip
DOORS = {
    "extractors/gateway/wire.py": {"requests", "urllib3", "http.client", "socket", "ssl"},
    "extractors/gateway/network.py": {"socket"},
    "extractors/sources/search.py": {"fhirclient.server"},
}
LISTENERS = {"smartapp/web/serve.py": {"socket"}, "smartapp/demo.py": {"socket"}}
"""These wait for browsers on this machine; what they may call is listed below."""
LISTENS = {"create_server", "socket", "bind", "listen", "getsockname", "error", "gaierror", "close"}
CODE = {"__import__", "import_module", "exec", "eval"}
GENERATED = ("extractors/fhirpath/compiled.py", "exec")
"""Expressions of profiles become functions there (ADR 23)."""


@cache
def sources() -> dict[str, ast.Module]:
    """Every module that is delivered, by its path."""
    paths = [path for package in ("scoring", "extractors", "smartapp") for path in (ROOT / package).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in paths}


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module that is imported, and every name from one, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def networks_of(tree: ast.Module) -> set[str]:
    """Which of the ways to a network a module imports."""
    names = set(imported(tree))
    return {known for known in NETWORK for name in names if name == known or name.startswith(f"{known}.")}


@pytest.mark.requirement("R39")
@pytest.mark.parametrize(
    "text",
    [
        "import requests", "import requests.sessions as r", "from requests import get", "import urllib.request",
        "from urllib import request", "from http import client", "import http.client", "import httpx", "import socket",
        "from fhirclient import server", "from fhirclient.auth import FHIRAuth", "from fhirclient import client",
        "def f():\n    import urllib3", "try:\n    import aiohttp\nexcept ImportError:\n    pass",
    ],
)  # fmt: skip
def test_a_way_to_the_network_is_recognised_however_it_is_imported(text: str) -> None:
    assert networks_of(ast.parse(text)) != set()


@pytest.mark.requirement("R39")
@pytest.mark.parametrize(
    "text", ["import urllib.parse", "from http import HTTPStatus", "import http.cookiejar", "import requestsx"]
)
def test_what_only_sounds_alike_is_none(text: str) -> None:
    assert networks_of(ast.parse(text)) == set()


@pytest.mark.requirement("R39")
def test_no_module_but_the_gateway_speaks_to_the_network() -> None:
    spoken = {path: networks for path, tree in sources().items() if (networks := networks_of(tree))}
    assert spoken == {**DOORS, **LISTENERS}


@pytest.mark.requirement("R39")
def test_no_module_finds_another_by_a_name_made_while_it_runs() -> None:
    called = {
        (path, name)
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (name := node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in CODE
    }
    assert called == {GENERATED}


@pytest.mark.requirement("R39")
def test_source_that_is_generated_can_call_nothing_but_what_it_is_given() -> None:
    given = NAMES["__builtins__"]
    assert {"type", "list"} <= set(given)
    assert not CODE & set(given)
    assert not {"open", "compile", "getattr", "globals", "vars"} & set(given)
    with pytest.raises(ImportError):
        exec("import socket", dict(NAMES))


@pytest.mark.requirement("R39")
@pytest.mark.parametrize("path", LISTENERS)
def test_what_listens_never_calls_out(path: str) -> None:
    used = {
        node.attr
        for node in ast.walk(sources()[path])
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "socket"
    }
    assert {name for name in used if name.islower()} <= LISTENS
    calls = {node.attr for node in ast.walk(sources()[path]) if isinstance(node, ast.Attribute)}
    assert not calls & {"connect", "connect_ex", "create_connection", "sendto"}


class Alone:
    """A bearer that has nothing to give."""

    def credential(self, refused: Credential | None = None) -> Credential:
        raise AssertionError(f"asked for a credential after {refused}")


SPEAKS = {
    "put_json": ("Patient/1", {}),
    "post_json": ("Patient", {}),
    "post_as_form": ("https://elsewhere.example/token", {}),
    "delete_json": ("Patient/1",),
}


@pytest.mark.requirement("R39")
def test_every_way_in_which_fhirclient_s_server_speaks_is_known() -> None:
    tree = ast.parse(Path(FHIRServer.__init__.__code__.co_filename).read_text())
    server = next(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == "FHIRServer")
    speaking = {
        method.name
        for method in server.body
        if isinstance(method, ast.FunctionDef)
        and any("self.session" in ast.unparse(node) for node in ast.walk(method) if isinstance(node, ast.Call))
    }
    assert speaking == {*SPEAKS, "_get"}
    assert search._Server._get is not FHIRServer._get


@pytest.mark.requirement("R39")
@pytest.mark.parametrize("name", SPEAKS)
def test_what_fhirclient_s_server_could_send_by_itself_never_leaves(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: dialled.append(address))
    server = search._Server(("https://ehr.example/fhir",), Gateway(patience=ONCE), Alone())
    with pytest.raises((AttributeError, AssertionError)):
        getattr(server, name)(*SPEAKS[name])
    assert dialled == []
    assert server.session is None
    assert server.auth is None
