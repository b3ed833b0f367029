"""A run over a sandbox that holds the deck, cell by cell: expected, got, same."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from extractors.cases import Tally
from scoring.model import MeasureId
from smartapp.kept.archive import open_run
from smartapp.kept.finding_run import find_run
from smartapp.vendors.deck import Cell, Deck


@dataclass(frozen=True, slots=True)
class Compared:
    """A cell and what a run counted for it; `got` None: the run has no such number."""

    cell: Cell
    got: Tally | None

    @property
    def same(self) -> bool:
        """Whether numerator and denominator are those of the deck."""
        expected = (self.cell.numerator, self.cell.denominator)
        return self.got is not None and (self.got.met, self.got.denominator) == expected


def compare_deck(deck: Deck, place: Path) -> tuple[Compared, ...]:
    """Every cell of a deck beside what a run counts for the deck's own days, whichever days it was run for.

    Raises:
        ArchiveError: the folder is no run, or cannot be opened.
        UsageError: the run is of another year.
    """
    with open_run(find_run(place), deck.period) as reading:
        found = {(t.measure, t.variant, t.tin, t.npi): t for t in reading.tallies}
    return tuple(Compared(cell, found.get(_place(cell))) for cell in deck.cells)


def _place(cell: Cell) -> tuple[MeasureId, str, str | None, str | None]:
    return (MeasureId(cell.measure), cell.variant, cell.tin, cell.npi)


def as_document(deck: Deck, compared: tuple[Compared, ...]) -> dict[str, Any]:
    """What `pi180 deck --compare --json` prints."""
    return {
        "schema": "pi180/deck-comparison/1",
        "scenario": deck.scenario,
        "rendering": deck.rendering,
        "same": all(one.same for one in compared),
        "cells": [
            {"expected": asdict(one.cell), "got": one.got and _got(one.got), "same": one.same} for one in compared
        ],
    }


def _got(tally: Tally) -> dict[str, Any]:
    return {
        "numerator": tally.met,
        "denominator": tally.denominator,
        "unknown": tally.unknown,
        "undecided": tally.undecided,
        "rests_on": tally.rests_on,
    }
