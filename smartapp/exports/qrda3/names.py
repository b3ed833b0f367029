"""The object identifiers and codes of QRDA Category III that writing and reading share.

Source: HL7 CDA R2, HL7 QRDA III and the CMS guides that `versions.toml` cites.
"""

HL7 = "urn:hl7-org:v3"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

_TEMPLATE = "2.16.840.1.113883.10.20"
BASE = f"{_TEMPLATE}.27.1.1"
DOCUMENT = f"{_TEMPLATE}.27.1.2"
MEASURE_SECTION = f"{_TEMPLATE}.24.2.2"
PI_SECTION = f"{_TEMPLATE}.27.2.5"
MEASURE_REFERENCE = f"{_TEMPLATE}.24.3.98"
PROPORTION = f"{_TEMPLATE}.27.3.28"
NUMERATOR = f"{_TEMPLATE}.27.3.31"
DENOMINATOR = f"{_TEMPLATE}.27.3.32"
COUNT = f"{_TEMPLATE}.27.3.3"
PERFORMED = f"{_TEMPLATE}.27.3.29"
ANSWER = f"{_TEMPLATE}.27.3.27"
PARAMETERS = f"{_TEMPLATE}.17.3.8"

MEASURE_ID = "2.16.840.1.113883.3.7031"
PROGRAM_ID = "2.16.840.1.113883.3.249.7"
MVP_ID = "2.16.840.1.113883.3.249.5.6"
CEHRT_ID = "2.16.840.1.113883.3.2074.1"
NPI_ID = "2.16.840.1.113883.4.6"
TIN_ID = "2.16.840.1.113883.4.2"

ENTITY_ID = {
    "virtualGroup": "2.16.840.1.113883.3.249.5.2",
    "apm": "2.16.840.1.113883.3.249.5.4",
    "subgroup": "2.16.840.1.113883.3.249.5.5",
}
"""Under which root the entityId of QPP JSON stands, by entityType."""

ACT_CODE = "2.16.840.1.113883.5.4"
LOINC = "2.16.840.1.113883.6.1"
SNOMED = "2.16.840.1.113883.6.96"
YES_NO = "2.16.840.1.113883.12.136"

OTHER_SECTIONS = {
    f"{_TEMPLATE}.27.2.3": "quality",
    f"{_TEMPLATE}.27.2.1": "quality",
    f"{_TEMPLATE}.27.2.4": "improvement activities",
    f"{_TEMPLATE}.27.2.6": "reporting parameters",
    f"{_TEMPLATE}.27.2.2": "reporting parameters",
}
"""Sections of other categories, by template."""


def in_hl7(tag: str) -> str:
    """A tag with its namespace."""
    return f"{{{HL7}}}{tag}"
