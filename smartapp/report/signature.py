"""Whether what is shown was signed, for a page: the sentence that every page and file has."""

from dataclasses import dataclass

from smartapp.attesting.signature import State, in_words, state_name


@dataclass(frozen=True, slots=True)
class SignatureShown:
    """`state` is unsigned, signed or void; `text` says who signed, or why that holds no longer."""

    state: str
    text: str


def signature_shown(state: State) -> SignatureShown:
    """The state as `partials/signature.html` shows it."""
    return SignatureShown(state_name(state), in_words(state))
