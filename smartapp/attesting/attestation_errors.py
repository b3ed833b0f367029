"""What goes wrong with an attestation file."""


class AttestationError(Exception):
    """An attestation file is not usable; the message says where, expected, got and what to do."""
