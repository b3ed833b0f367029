"""Other readings of a year: the same rules with one open question answered the other way."""

from dataclasses import replace

from scoring.year import Reading, RuleBook


def under(rules: RuleBook, reading: Reading) -> RuleBook:
    """The year as the other reading has it; it has no other readings itself."""
    first = () if reading.reallocation is None else (reading.reallocation,)
    return replace(
        rules,
        choices=tuple(replace(choice, shares_first=reading.shares_first) for choice in rules.choices),
        reallocations=(*first, *rules.reallocations),
        rounding=replace(rules.rounding, rule=reading.tie or rules.rounding.rule),
        readings=(),
    )
