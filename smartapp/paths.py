"""Where the files that come with the product lie: in the wheel below the package, in a checkout beside it."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent


def templates() -> Path:
    """The folder of the page templates."""
    packaged = _PACKAGE / "templates"
    return packaged if packaged.is_dir() else _CHECKOUT / "templates"


def fixture(name: str) -> Path:
    """The folder of one named synthetic scenario; whether it exists is the caller's question."""
    packaged = _PACKAGE / "fixtures" / name
    return packaged if packaged.is_dir() else _CHECKOUT / "fixtures" / "fhir" / name
