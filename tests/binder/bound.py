"""What the binders of these tests are made of."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scoring.model import Period
from smartapp.attesting import attestations
from smartapp.attesting.signature import Signer
from smartapp.kept.archive import open_run
from smartapp.kept.publish import publish
from smartapp.scored import score_reading
from smartapp.signing_key import SigningKey

SIGNER = Signer("Ada Example", "practice manager", "submission of 2026")
AT = datetime(2026, 11, 22, 15, 4, tzinfo=UTC)
REPORT = b"measure,numerator,denominator,tin,npi\nPI_EP_1,60,63,000180180,1234567893\n"
LETTER, RECEIPT = b"%PDF-1.4 letter of Doe, John\n%%EOF\n", b'{"data": {"submission": {"id": "1"}}}'


@dataclass(frozen=True)
class Practice:
    """Where the practice's score was published, its folder in the run, and the key that signs."""

    out: Path
    place: Path
    key: SigningKey
    key_file: Path


OTHERS = re.compile(r"Patient/sample-(?!0[0-3])\d{3}")


def few_patients(source: Path, target: Path) -> None:
    """The records of the synthetic practice's first patients, and what refers to them: as much as tests need to see."""
    lines = {file.name: file.read_text().splitlines() for file in sorted(source.glob("*.ndjson"))}
    gone = {json.loads(line)["id"] for found in lines.values() for line in found if OTHERS.search(line)}
    target.mkdir()
    for name, found in lines.items():
        kept = [line for line in found if not (OTHERS.search(line) or gone & set(re.findall(r'/([\w-]+)"', line)))]
        (target / name).write_text("\n".join([*kept, ""]))


def period_of(practice: Practice) -> Period:
    start, _, end = practice.place.parent.name.partition("--")
    return Period(datetime.fromisoformat(start).date(), datetime.fromisoformat(end).date())


def publish_again(practice: Practice, period: Period, answers: Mapping[str, Any]) -> None:
    """Publish the score of the same data with other answers or for other days, as a later run does."""
    run = practice.place.parent.parent
    with open_run(run, period) as reading:
        for table in ("event", "resource", "reference", "current_directory"):
            reading.engine.read(table, run / f"{table}.parquet")
        attested = attestations.from_document(answers, "answers", reading.rules)
        scored = score_reading(reading, replace(attested, period=period))
        publish(scored, practice.out)


def answers_of(place: Path) -> dict[str, Any]:
    """The answers that lie beside a score."""
    return dict(json.loads((place / "attestations.json").read_text()))
