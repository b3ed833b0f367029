"""The only door to `fhir.resources`: how far the first resources of each type depart from R4.

A view, never a filter: a departure elsewhere must not lose a real order, so nothing is set aside here. The
models are those of R4B (4.3), the nearest to R4 that the library ships.
"""

from collections import Counter
from collections.abc import Iterable

from extractors.decode import Json

LOOKED_AT = 20
"""How many resources of each type are looked at in a run."""

_MOST = 5


def departures(resources: Iterable[Json]) -> Counter[str]:
    """Count the departures of resources of one type as `element: kind of fault`, without any value."""
    found: Counter[str] = Counter()
    for resource in resources:
        found.update(set(_departures(resource)))
    return found


def _departures(resource: Json) -> Iterable[str]:
    # Imported here: the library takes long to import, and only a run that reads resources asks for it.
    from fhir.resources.R4B import get_fhir_model_class
    from pydantic import ValidationError

    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError as fault:
        return [f"{_path(one['loc'])}: {one['type'].replace('_', ' ')}" for one in fault.errors(include_input=False)]
    except Exception as fault:  # the library raises KeyError and others on what it does not expect
        return [f"$: {type(fault).__name__}"]
    return []


def _path(place: tuple[int | str, ...]) -> str:
    return "$." + ".".join(str(step) for step in place if isinstance(step, str))


def most_frequent(found: Counter[str]) -> list[str]:
    """The most frequent departures with their counts, in a fixed order."""
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [f"{what} ({count})" for what, count in ordered[:_MOST]]
