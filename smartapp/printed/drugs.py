"""What the verbs about drugs print."""

from collections.abc import Sequence

from extractors.drugs.refresh import Refreshed
from smartapp.drugs import Looked

_MOST_SHOWN = 20


def drugs_table(found: Sequence[Looked]) -> str:
    """One paragraph a code: what it is, then why and by which source."""
    return "\n".join(_drug(one) for one in found)


def _drug(one: Looked) -> str:
    drug = one.drug
    opioid = ", opioid" if drug.opioid else ""
    lines = [
        f"{one.system} {drug.code}  {drug.name or '(no name)'}",
        f"  schedule {drug.schedule}{opioid}; class {drug.kind}",
    ]
    lines += [f"  {drug.reason}"] if drug.reason else []
    lines += [f"  source {drug.source}, as of {drug.as_of}"] if drug.source else []
    return "\n".join(lines) + "\n"


def refreshed_table(made: Refreshed) -> str:
    """How many rows there are, and the first disagreements."""
    rows = f"{len(made.products)} products, {len(made.packages)} packages, {len(made.ingredients)} ingredients"
    lines = [rows, f"{len(made.review)} to review"]
    for one in made.review[:_MOST_SHOWN]:
        lines.append(f"  {one.code}  {one.name}: {one.schedule} by {one.cite or 'the law'}, but {one.otherwise}")
    if len(made.review) > _MOST_SHOWN:
        lines.append(f"  and {len(made.review) - _MOST_SHOWN} more in review.csv")
    return "\n".join(lines) + "\n"
