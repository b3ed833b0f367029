"""What a run looks after while it waits for a server or takes files from it: its lease, and room on the disk."""

from dataclasses import replace
from pathlib import Path

from smartapp.nightly.lease import Lease
from smartapp.nightly.machine import Machine, check_room
from smartapp.reading.fetching import Fetching

SLICE = 60.0
"""Seconds of a wait after which the lease is looked after."""
BETWEEN = 16_000_000
"""Bytes of a file after which the room is looked at."""


class Watch:
    """Goes through a reading with its run. Safe to use from several threads."""

    def __init__(self, lease: Lease, machine: Machine, place: Path, floor: int) -> None:
        """Look after nothing yet.

        Args:
            lease: of the run.
            machine: whose disk it is.
            place: where what is read is written.
            floor: bytes that must stay free there, besides what is written until the next look.
        """
        self._lease, self._machine, self._place, self._floor = lease, machine, place, floor
        self._come = 0

    def over(self, asked: Fetching) -> Fetching:
        """The same reading, in which every wait and every piece of a file is told here."""
        manners = asked.crawling.manners
        gentle = replace(manners, patience=replace(manners.patience, sleep=self._sleep))
        waits = replace(asked.waits, sleep=self._sleep)
        return replace(asked, crawling=replace(asked.crawling, manners=gentle), waits=waits, arrived=self.arrived)

    def arrived(self, size: int) -> None:
        """A piece of a file came, and is not written yet.

        Raises:
            Parked: it would take the room that must stay free, or another run took the lease.
        """
        self._lease.renew()
        self._come += size
        if self._come >= BETWEEN:
            self._come = 0
            self.look()

    def look(self) -> None:
        """See to the lease and the room.

        Raises:
            Parked: as `arrived` does.
        """
        self._lease.renew()
        check_room(self._machine.free(self._place), self._floor + BETWEEN, self._place)

    def _sleep(self, seconds: float) -> None:
        while seconds > 0:
            self._machine.sleep(min(seconds, SLICE))
            self._lease.renew()
            seconds -= SLICE
