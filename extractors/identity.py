"""Which keys mean the same thing: references by identifier, and patients that were merged.

One pass over directory rows gives a map from every other key to the one that counts, chains included. Of all rows it
needs those alone of which several say something together (`tangled` in sql/identity.sql).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from extractors.directory import COPIED
from extractors.drugs.resolve import same_drug
from extractors.drugs.table import DrugTables

_TOLD_APART = frozenset({"subject", "authored", "prescribes", "drug", "asks", "asks-for"})
_NAMED_ALONE = COPIED | {"Patient", "Practitioner"}


def canonical_keys(directory: Iterable[Mapping[str, str]], drugs: DrugTables) -> dict[str, str]:
    """Map each alias to the key that it stands for; keys that stand for themselves are left out.

    `alias` rows map an identifier reference to the resource that carries the identifier; where two
    resources carry it, the first key in order is taken, but one that several people, orders or documents carry
    stands for none of them. `replaced-by` rows map a merged patient to the surviving one. A circle of merges ends
    at its smallest key. Documents that share an identifier (`named`) and a patient are copies of one, and so are
    orders that share the day and the drug as well: they stand for the smallest key among them. Referrals that ask
    another for another thing are two. The drug is the same where the tables say so, be it coded by product or by
    package. An order with another day is a renewal under the same number.
    """
    step: dict[str, str] = {}
    rows = sorted(directory, key=lambda row: (row["attribute"], row["key"], row["value"]))
    for row in rows:
        if row["attribute"] == "alias":
            step.setdefault(row["value"], row["key"])
        elif row["attribute"] == "replaced-by":
            step.setdefault(row["key"], row["value"])
    copies = _copies(rows, step, drugs)
    step |= copies
    for alias in _ambiguous(rows, step):
        step.pop(alias, None)
    return {key: end for key in step if (end := _end(key, step)) != key}


def _ambiguous(rows: Sequence[Mapping[str, str]], step: Mapping[str, str]) -> Iterator[str]:
    """Identifiers of several people, or of orders or documents that are no copies: which is meant is not known.

    Records of one NPI are of one person.
    """
    npi = {row["key"]: row["value"] for row in rows if row["attribute"] == "npi"}
    first: dict[str, str] = {}
    for row in rows:
        if row["attribute"] == "alias" and row["value"].partition("?")[0] in _NAMED_ALONE:
            end = _end(row["key"], step)
            end = npi.get(end, end)
            if first.setdefault(row["value"], end) != end:
                yield row["value"]
                yield "?" + row["value"].partition("?")[2]


def _copies(rows: Sequence[Mapping[str, str]], step: Mapping[str, str], drugs: DrugTables) -> dict[str, str]:
    """A step from each copy of an order or document to a smaller key, until one is left of each group."""
    said: dict[str, dict[str, str]] = {}
    for row in rows:
        if row["attribute"] in _TOLD_APART:
            said.setdefault(row["attribute"], {})[row["key"]] = _end(row["value"], step)
    patient, day = said.get("subject", {}), said.get("authored", {})
    drug = {key: said.get("drug", {}).get(what, what) for key, what in said.get("prescribes", {}).items()}
    asked = {key: (said["asks-for"].get(key), who) for key, who in said.get("asks", {}).items() if "asks-for" in said}
    group: dict[tuple[str, ...], list[str]] = {}
    found: dict[str, str] = {}
    for row in rows:
        if row["attribute"] != "named" or row["key"] not in patient:
            continue
        shared = row["value"], patient[row["key"]], day.get(row["key"], "")
        for name in same_drug(drugs, drug.get(row["key"], "")):
            known = group.setdefault((*shared, name), [])
            same = [key for key in known if not _differ(asked.get(key), asked.get(row["key"]))]
            for mine, other in ((_end(row["key"], found), _end(key, found)) for key in same[:1]):
                found |= {max(mine, other): min(mine, other)} if mine != other else {}
            known.append(row["key"])
    return found


def _differ(one: tuple[str | None, str] | None, other: tuple[str | None, str] | None) -> bool:
    """Whether two referrals ask different performers for different things; what is not stated does not differ."""
    if one is None or other is None or one[0] is None or other[0] is None:
        return False
    return one[0] != other[0] and one[1] != other[1]


def _end(key: str, step: Mapping[str, str]) -> str:
    seen = [key]
    while seen[-1] in step and step[seen[-1]] not in seen:
        seen.append(step[seen[-1]])
    return min(seen) if seen[-1] in step else seen[-1]
