"""What goes wrong between this app and an EHR's authorization server."""


class SmartError(Exception):
    """A launch, a token or a key is refused.

    Messages name the check that failed and what was expected; never a token, a key, a claim's value or a name.
    """


class Unavailable(SmartError):  # noqa: N818
    """A server of the EHR gives no answer, or none that can be used: it may work later."""
