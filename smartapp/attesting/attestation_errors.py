"""What goes wrong with an attestation file."""

from smartapp.errors import Mendable


class AttestationError(Mendable):
    """An attestation file is not usable; the message says where, expected, got and what to do."""
