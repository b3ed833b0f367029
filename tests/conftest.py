"""Settings of all tests: properties are never judged by the clock, and a run tries the same examples as the last.

To look for new examples, and for more of them: `pytest --hypothesis-profile=searching`.
"""

import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from joserfc.jwk import RSAKey

os.environ["COLUMNS"] = "100"  # what is printed does not depend on the terminal in which the tests run

pytest.register_assert_rewrite("tests.extractors.side_by_side")

settings.register_profile("unhurried", deadline=None, derandomize=True)
settings.register_profile("searching", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def two_keys() -> Iterator[None]:
    """The demo EHRs of all tests sign with two keys by turns: making one takes a tenth of a second."""
    make, turn, of_an_ehr = RSAKey.generate_key, count(), {"use": "sig", "alg": "RS256"}
    kept: list[RSAKey] = []

    def generate_key(size: int = 2048, parameters: Any = None, **more: Any) -> RSAKey:
        if parameters != of_an_ehr:
            return make(size, parameters, **more)
        if len(kept) < 2:
            kept.append(make(2048, of_an_ehr, auto_kid=True))
        return kept[next(turn) % 2]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RSAKey, "generate_key", generate_key)
        yield
