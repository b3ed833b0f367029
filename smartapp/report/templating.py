"""The only door to `jinja2`: documents from the product's templates."""

from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from smartapp.paths import templates
from smartapp.report.words import day_in_words, figure, until


def page_from(template: str, /, **content: Any) -> str:
    """A document from a template by its file name below `templates/`."""
    return _environment().get_template(template).render(**content)


@cache
def _environment() -> Environment:
    """Every value is escaped, whatever a server put into it; a name that a template misspells is an error."""
    environment = Environment(
        loader=FileSystemLoader(templates()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = figure
    environment.filters["day"] = day_in_words
    environment.filters["until"] = until
    return environment
