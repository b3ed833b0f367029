"""National Drug Codes: how they are written, and as which eleven digits the table holds them.

An NDC names labeler, product and package. Ten digits come in three shapes (4-4-2, 5-3-2, 5-4-1), which hyphens tell
apart; the table has them padded to 5-4-2. Twelve digits are a trade number, never an NDC.
"""

import re

PRODUCT_DIGITS = 9
"""How many of the eleven digits name labeler and product, whatever the package."""

_WRAPPER = re.compile(r"^urn:(?:oid:|ndc:)?(?:2\.16\.840\.1\.113883\.6\.69[.:])?", re.IGNORECASE)
_PACKAGE = {(4, 4, 2), (5, 3, 2), (5, 4, 1), (5, 4, 2)}
_PRODUCT = {(4, 4), (5, 3), (5, 4)}


def readings(code: str) -> tuple[str, ...]:
    """What a code may mean: eleven digits for a package, nine for a product; none when it is no NDC.

    Ten digits without hyphens have three readings.
    """
    parts = _WRAPPER.sub("", code).split("-")
    if not all(re.fullmatch(r"[0-9]+", part) for part in parts):
        return ()
    sizes = tuple(map(len, parts))
    if sizes in _PACKAGE:
        return (f"{parts[0]:0>5}{parts[1]:0>4}{parts[2]:0>2}",)
    if sizes in _PRODUCT:
        return (f"{parts[0]:0>5}{parts[1]:0>4}",)
    bare = parts[0]
    if sizes == (11,):
        return (bare,)
    if sizes == (10,):
        return "0" + bare, bare[:5] + "0" + bare[5:], bare[:9] + "0" + bare[9:]
    return ()


def package(code: str) -> str | None:
    """The eleven digits of a code that has exactly one reading as a package."""
    found = readings(code)
    return found[0] if len(found) == 1 and len(found[0]) > PRODUCT_DIGITS else None
