"""What stops the domain: a year we cannot read, a document that is no submission.

    Exception
    ├── RuleError          a file of `rules/` says something the reader does not accept
    └── SubmissionError    there is nothing to score: no object, no `pi` set, no such year

Anything wrong inside a submission is a finding, never an exception.
"""


class RuleError(Exception):
    """A rule file is not acceptable; the message says where, expected, got, and what to do."""


class SubmissionError(Exception):
    """The document is no submission that could be scored; the message says what is missing."""
