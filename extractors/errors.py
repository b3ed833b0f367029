"""Why extraction cannot go on.

ExtractionError
├── SourceError      a folder is missing or holds no file
├── ProfileError     an evidence profile cannot be used as written
├── SiteError        a site file cannot be used as written
├── DrugTableError   a drug table, or a file to make one of, is missing or not as it should be
├── EngineError      where cases are counted cannot be started, or failed
├── StagingError     rows of what is read cannot be kept or read again, or a process that helps was ended
├── TableError       a kept table is missing, damaged or lacks what the SQL reads
└── GatewayError     a server could not be asked, or gave no answer that may be used
    ├── LinkRefused  a URL leads where nothing may be fetched or no credential may go
    ├── Unreachable  no connection, no answer in time, or an answer that broke off
    ├── Untrusted    a certificate that is not accepted
    └── Oversized    an answer larger than the limit

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


class EngineError(ExtractionError):
    """An engine is not installed, does not start, or gave up on a table; the message names the table at most."""


class StagingError(ExtractionError):
    """Reading much cannot go on: no room for rows, rows that are gone, a folder in use, a helper ended, no size."""


class TableError(ExtractionError):
    """A table that was kept is missing, is no table, or lacks a column that the SQL reads."""


class DrugTableError(ExtractionError):
    """A drug table, or an official file to make one of, is missing, damaged or lacks a column."""


class GatewayError(ExtractionError):
    """A server could not be asked or gave no usable answer; the message names its host and nothing else of a URL."""


class LinkRefused(GatewayError):  # noqa: N818  # the word says it: a link, not an error of ours
    """A URL that breaks the rules of the outbound gateway."""


class Unreachable(GatewayError):  # noqa: N818
    """No connection, no answer within the time limits, or one that broke off."""


class Untrusted(GatewayError):  # noqa: N818
    """The server's certificate is not accepted: it may be somebody else."""


class Oversized(GatewayError):  # noqa: N818
    """An answer larger than the limit; reading stopped there."""
