"""The page of the attestation worksheet: self-contained, and made for paper."""

from datetime import datetime

from smartapp.exports.worksheet import Worksheet
from smartapp.report.templating import page_from


def worksheet_page(sheet: Worksheet, made: datetime) -> str:
    """The worksheet as one HTML document with its style within; `made` is told as a day."""
    return page_from("worksheet.html", sheet=sheet, made=made.date().isoformat())
