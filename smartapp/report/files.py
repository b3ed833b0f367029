"""The files of a submission that the app gives out: how they are called, and for what they are."""

from dataclasses import dataclass

from smartapp.exports.making import Format


@dataclass(frozen=True, slots=True)
class FileShown:
    """One file: its name in an address, its format and suffix, what it is for, and its media type."""

    name: str
    format: Format
    suffix: str
    text: str
    media_type: str

    def download_name(self, year: int) -> str:
        """A name of ours, in which nobody is named."""
        return f"pi180-{year}-{self.format.value}{self.suffix}"


FILES = (
    FileShown("qpp-json", Format.QPP_JSON, ".json", "QPP JSON, to upload on the QPP site", "application/json"),
    FileShown("qrda3", Format.QRDA3, ".xml", "QRDA III, to upload on the QPP site", "application/xml"),
    FileShown("worksheet", Format.WORKSHEET, ".html", "Worksheet, to type the answers in and to print", "text/html"),
    FileShown("worksheet-table", Format.WORKSHEET, ".csv", "Worksheet as a table", "text/csv"),
    FileShown(
        "measure-report",
        Format.MEASURE_REPORT,
        ".json",
        "FHIR MeasureReports, for systems that take them; CMS does not",
        "application/fhir+json",
    ),
)
