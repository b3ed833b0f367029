"""What goes wrong between this app and an EHR's authorization server."""


class SmartError(Exception):
    """A launch, a token or a key is refused.

    Messages name the check that failed and what was expected; never a token, a key, a claim's value or a name.
    """
