"""What a person can mend. Nothing is imported here, so that whoever tells of an error imports nothing for it.

Mendable
├── UsageError         what was asked cannot be done as asked
├── SettingsError      settings or a registration cannot be used as written (`settings`)
├── AttestationError   an attestation file is not usable (`attesting.attestation_errors`)
└── StoreError         the server's store cannot be used, or refuses what it was given (`store.errors`)
"""


class Mendable(Exception):  # noqa: N818  # the word says it
    """Base of what a person can mend; the message says where, what was expected, what was got and what to do."""


class UsageError(Mendable):
    """What was asked cannot be done as asked; the message says what to change."""
