"""The JSON of a submission file, strictly: what two readers could take for two things is refused."""

import json

from scoring.errors import SubmissionError


def parse(data: bytes) -> object:
    """The JSON of a file, with or without a byte order mark.

    Raises:
        SubmissionError: it is no JSON in UTF-8, nested too deep, or an object names a key twice.
    """
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_each_once)
    except RecursionError:
        raise SubmissionError("expected a QPP submission, got JSON nested too deep.") from None
    except ValueError as problem:
        raise SubmissionError(f"expected JSON, got: {problem}.") from None


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object; of two values of one key readers take one or the other."""
    if len(found := dict(pairs)) != len(pairs):
        raise SubmissionError("expected every key of an object once, got one twice.")
    return found
