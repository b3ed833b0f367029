"""The verbs that there are, by name and first sentence of their help; each is imported when it is called."""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import cast

import click

_FILE = Path(__file__).with_name("verbs.toml")


class Verb(click.Command):
    """A verb that is not imported yet: enough of it for a list of verbs."""

    def __init__(self, name: str, at: str, text: str) -> None:
        """`at`: the module below `smartapp.cli` and the command in it, as `scoring:score`."""
        super().__init__(name, help=text)
        self._module, _, self._named = at.partition(":")

    def command(self) -> click.Command:
        """The verb itself; its module is imported now."""
        return cast(click.Command, getattr(import_module(f"smartapp.cli.{self._module}"), self._named))


class Verbs(click.Group):
    """Lists its verbs without importing them, so that `pi180 --help` is quick, and imports the one that is called."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click finds it; a `Verb` gives way to the command that it stands for."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, found.command() if isinstance(found, Verb) else found, rest


def verbs() -> dict[str, click.Command]:
    """All of `verbs.toml`, by name."""
    return {name: Verb(name, **said) for name, said in tomllib.loads(_FILE.read_text(encoding="utf-8")).items()}
