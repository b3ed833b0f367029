"""Addresses as a registration states them, each refused where it is not what it stands for."""

from extractors.errors import LinkRefused
from extractors.gateway import Network
from extractors.places import Place, place_of
from smartapp.settings import SettingsError


def place_at(text: str, at: str) -> Place:
    """An address; `at` says where it stands, for whoever has to mend it.

    Raises:
        SettingsError: it is none.
    """
    try:
        return place_of(text)
    except LinkRefused as problem:
        raise SettingsError(f"{at}: {problem}") from None


def base_at(text: str, at: str) -> str:
    """A FHIR base as it stands.

    Raises:
        SettingsError: it is none.
    """
    place_at(text, at)
    if "?" in text or "#" in text:
        raise SettingsError(f"{at}: expected a FHIR base without ? and #, such as https://ehr.example.org/fhir.")
    return text


def origin_at(text: str, at: str) -> str:
    """An origin as it stands: scheme, host and port alone.

    Raises:
        SettingsError: it is none.
    """
    place = place_at(text, at)
    if place.segments or text.endswith("/") or "?" in text or "#" in text:
        raise SettingsError(f"{at}: expected an origin such as https://ehr.example.org, got {text!r}.")
    return text


def network_at(ranges: tuple[str, ...], at: str) -> Network:
    """The ranges of a practice's own network in which its EHR lies, besides the public addresses (R46).

    Raises:
        SettingsError: one of them is no range.
    """
    try:
        return Network.of(ranges)
    except ValueError:
        text = ", ".join(ranges)
        raise SettingsError(f"{at}, networks: expected ranges such as 10.20.0.0/16, got {text}.") from None
