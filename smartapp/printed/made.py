"""What is to be said of a file that was made for CMS, as text for a terminal."""

from smartapp.exports.making import Made
from smartapp.printed.checked import findings_text
from smartapp.printed.terminal import wrapped


def made_text(made: Made) -> list[str]:
    """What is to be said about a file that was made, or is refused."""
    lines = findings_text(made.findings)
    if made.left_out:
        lines += wrapped(f"Not carried over: {', '.join(made.left_out)}.", "")
    return lines
