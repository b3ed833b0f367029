"""Everything that is wrong with settings, told at once: reading goes on after each thing that a person can mend."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from extractors.errors import ExtractionError
from extractors.strict_toml import check_keys
from scoring.errors import RuleError
from smartapp.attesting.attestation_errors import AttestationError
from smartapp.errors import UsageError
from smartapp.settings import SettingsError

TOLD = (ExtractionError, RuleError, AttestationError, SettingsError, UsageError)
"""What a person can mend; its message says what and how."""

_Found = TypeVar("_Found")


class ConfigError(SettingsError):
    """The settings of a run cannot be used as written; a line for each thing that is wrong."""


@dataclass(slots=True)
class Problems:
    """What is wrong, in order; each once."""

    found: list[str] = field(default_factory=list)

    def of(self, make: Callable[[], _Found]) -> _Found | None:
        """What a function gives; None where it cannot, which is noted, once."""
        try:
            return make()
        except TOLD as problem:
            self.found += [str(problem)] if str(problem) not in self.found else []
        except OSError as problem:
            self.found.append(f"{problem.filename}: {problem.strerror}. Name a place that can be read.")
        return None

    def keys(self, table: Mapping[str, Any], known: Mapping[str, Any], needed: tuple[str, ...], at: str) -> None:
        """Note every unknown or missing key and every value of a wrong kind."""
        for key, value in table.items():
            self.of(lambda one={key: value}: check_keys(one, {}, known, at, ConfigError))  # type: ignore[misc]
        self.found += [f"{at}: {key!r} is missing. Add it." for key in needed if key not in table]
