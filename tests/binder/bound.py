"""What the binders of these tests are made of."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from smartapp.attesting.signature import Signer
from smartapp.signing_key import SigningKey

SIGNER = Signer("Ada Example", "practice manager", "submission of 2026")
AT = datetime(2026, 11, 22, 15, 4, tzinfo=UTC)
REPORT = b"measure,numerator,denominator,tin,npi\nPI_EP_1,234,243,000180180,1234567893\n"
LETTER, RECEIPT = b"%PDF-1.4 letter of Doe, John\n%%EOF\n", b'{"data": {"submission": {"id": "1"}}}'


@dataclass(frozen=True)
class Practice:
    """Where the practice's score was published, its folder in the run, and the key that signs."""

    out: Path
    place: Path
    key: SigningKey
    key_file: Path
