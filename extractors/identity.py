"""Which keys mean the same thing: references by identifier, and patients that were merged.

One pass over the directory gives a map from every other key to the one that counts, chains included.
"""

from collections.abc import Iterable, Mapping

from extractors.directory import npi_of_reference


def canonical_keys(directory: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Map each alias to the key that it stands for; keys that stand for themselves are left out.

    `alias` rows map an identifier reference to the resource that carries the identifier; where two
    resources carry it, the first key in order is taken. `replaced-by` rows map a merged patient to the
    surviving one. A circle of merges ends at its smallest key. Orders and documents that share an identifier
    (`named`) and a patient are copies of one, and stand for the smallest key among them.
    """
    step: dict[str, str] = {}
    rows = sorted(directory, key=lambda row: (row["attribute"], row["key"], row["value"]))
    for row in rows:
        if row["attribute"] == "alias":
            step.setdefault(row["value"], row["key"])
        elif row["attribute"] == "replaced-by":
            step.setdefault(row["key"], row["value"])
    step |= _copies(rows, step)
    return {key: end for key in step if (end := _end(key, step)) != key}


def _copies(rows: Iterable[Mapping[str, str]], step: Mapping[str, str]) -> dict[str, str]:
    """A step from each copy of an order or document to a smaller key, until one is left of each group."""
    patient = {row["key"]: _end(row["value"], step) for row in rows if row["attribute"] == "subject"}
    first: dict[tuple[str, str], str] = {}
    found: dict[str, str] = {}
    for row in rows:
        if row["attribute"] != "named" or row["key"] not in patient:
            continue
        mine = _end(row["key"], found)
        other = _end(first.setdefault((row["value"], patient[row["key"]]), mine), found)
        if mine != other:
            found[max(mine, other)] = min(mine, other)
    return found


def _end(key: str, step: Mapping[str, str]) -> str:
    seen = [key]
    while seen[-1] in step and step[seen[-1]] not in seen:
        seen.append(step[seen[-1]])
    return min(seen) if seen[-1] in step else seen[-1]


def npis_stated_by_reference(keys: Iterable[str]) -> dict[str, str]:
    """NPIs that references by identifier carry themselves, by key."""
    return {key: npi for key in keys if (npi := npi_of_reference(key)) is not None}
