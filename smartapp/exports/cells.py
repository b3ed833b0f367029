"""Cells of a CSV file that somebody opens in a spreadsheet (OWASP ASVS 1.2.10)."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe(cell: str | None) -> str:
    """A cell that no spreadsheet takes for a formula; empty for None."""
    text = cell or ""
    return f"'{text}" if text.startswith(_FORMULA) else text
