"""Orders that leave no two rows of a table equal, unless they are the same in every column."""

from collections.abc import Sequence


def full_order(order: str, columns: Sequence[str]) -> str:
    """An order, then every column that it leaves out: rows that are equal in some columns come in a fixed order, too.

    Args:
        order: as in ORDER BY: columns by name or by number, each perhaps with a direction; or ALL.
        columns: of the table, from left to right. They are names that no SQL needs quoted.

    Returns:
        All of it as SQL that any engine takes, without ALL.
    """
    if order.strip().upper() == "ALL":
        return ", ".join(columns)
    items = [item.strip() for item in order.split(",")]
    named = {_column(item, columns).casefold() for item in items}
    return ", ".join([*items, *(column for column in columns if column.casefold() not in named)])


def _column(item: str, columns: Sequence[str]) -> str:
    """The column of one item of an order."""
    named = item.split()[0]
    return columns[int(named) - 1] if named.isdigit() else named.rpartition(".")[2].strip('"`')
