"""Why extraction cannot go on.

ExtractionError
├── SourceError      a folder is missing or holds no file
├── ProfileError     an evidence profile cannot be used as written
└── SiteError        a site file cannot be used as written

What is wrong with single lines or resources is never an exception: it is quarantined and reported.
"""


class ExtractionError(Exception):
    """Base of everything that stops an extraction; the message says where, what, and what to do."""


class SourceError(ExtractionError):
    """There is nothing to read at the place that was named."""


class ProfileError(ExtractionError):
    """An evidence profile is not usable: unknown key, unknown kind, expression that does not parse."""


class SiteError(ExtractionError):
    """A site file is not usable: unknown key, wrong type, a day that is none."""
