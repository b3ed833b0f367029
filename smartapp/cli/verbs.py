"""The verbs that there are, by name and first sentence of their help; each is imported when it is called.

A new verb is a line in `verbs.toml`, and a new module of verbs a function here. The functions import by statements, so
that what reaches what can be told from the sources (R39).
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import cast

import click

_FILE = Path(__file__).with_name("verbs.toml")
_MODULES: dict[str, Callable[[], ModuleType]] = {}


class Verb(click.Command):
    """A verb that is not imported yet: enough of it for a list of verbs."""

    def __init__(self, name: str, at: str, text: str) -> None:
        """`at`: a module of `smartapp.cli` that a function below imports, and the command in it, as `scoring:score`."""
        super().__init__(name, help=text)
        module, _, self._named = at.partition(":")
        self._module = _MODULES[module]

    def command(self) -> click.Command:
        """The verb itself; its module is imported now."""
        return cast(click.Command, getattr(self._module(), self._named))


class Verbs(click.Group):
    """Lists its verbs without importing them, so that `pi180 --help` is quick, and imports the one that is called."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click finds it; a `Verb` gives way to the command that it stands for."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, found.command() if isinstance(found, Verb) else found, rest


def all_verbs() -> dict[str, click.Command]:
    """All of `verbs.toml`, by name."""
    return {name: Verb(name, **said) for name, said in tomllib.loads(_FILE.read_text(encoding="utf-8")).items()}


def _module(found: Callable[[], ModuleType]) -> Callable[[], ModuleType]:
    _MODULES[found.__name__.removeprefix("_")] = found
    return found


@_module
def _attesting() -> ModuleType:
    from smartapp.cli import attesting as module

    return module


@_module
def _binding() -> ModuleType:
    from smartapp.cli import binding as module

    return module


@_module
def _checking() -> ModuleType:
    from smartapp.cli import checking as module

    return module


@_module
def _comparing() -> ModuleType:
    from smartapp.cli import comparing as module

    return module


@_module
def _counting() -> ModuleType:
    from smartapp.cli import counting as module

    return module


@_module
def _crawling() -> ModuleType:
    from smartapp.cli import crawling as module

    return module


@_module
def _decks() -> ModuleType:
    from smartapp.cli import decks as module

    return module


@_module
def _drugs() -> ModuleType:
    from smartapp.cli import drugs as module

    return module


@_module
def _exporting() -> ModuleType:
    from smartapp.cli import exporting as module

    return module


@_module
def _filing() -> ModuleType:
    from smartapp.cli import filing as module

    return module


@_module
def _guiding() -> ModuleType:
    from smartapp.cli import guiding as module

    return module


@_module
def _keys() -> ModuleType:
    from smartapp.cli import keys as module

    return module


@_module
def _looking() -> ModuleType:
    from smartapp.cli import looking as module

    return module


@_module
def _nightly() -> ModuleType:
    from smartapp.cli import nightly as module

    return module


@_module
def _periods() -> ModuleType:
    from smartapp.cli import periods as module

    return module


@_module
def _planning() -> ModuleType:
    from smartapp.cli import planning as module

    return module


@_module
def _preflight() -> ModuleType:
    from smartapp.cli import preflight as module

    return module


@_module
def _profiles() -> ModuleType:
    from smartapp.cli import profiles as module

    return module


@_module
def _ruling() -> ModuleType:
    from smartapp.cli import ruling as module

    return module


@_module
def _running() -> ModuleType:
    from smartapp.cli import running as module

    return module


@_module
def _scoring() -> ModuleType:
    from smartapp.cli import scoring as module

    return module


@_module
def _serving() -> ModuleType:
    from smartapp.cli import serving as module

    return module


@_module
def _signing_keys() -> ModuleType:
    from smartapp.cli import signing_keys as module

    return module


@_module
def _store() -> ModuleType:
    from smartapp.cli import store as module

    return module
