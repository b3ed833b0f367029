"""One unattended run: read or fetch, derive, score, publish, and say what changed; every step kept before the next.

Nothing of an unfinished run counts: its files wait beside the results until all of them are whole and on the disk, and
are then put in their places together, by the holder of the lease alone. What ends a run early leaves the results of the
run before as they were, and the next run goes on.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from extractors.sources.crawl_files import digest_of
from scoring.model import Period
from smartapp.durable import Files
from smartapp.nightly.alerts import Alert, not_read_whole
from smartapp.nightly.config import Clinic
from smartapp.nightly.endings import NotWhole, Stopped, ending_of
from smartapp.nightly.judging import Judged, identity_of, judge, ledger_of
from smartapp.nightly.lease import Held, Lease, Overtaken
from smartapp.nightly.machine import Machine, check_clock, check_room
from smartapp.nightly.state import FOLDER, Committed, State, read_state, write_state
from smartapp.nightly.status import Ledger, Status, Step, stamp, write_status
from smartapp.nightly.status import State as Standing
from smartapp.nightly.told import ALERT, code_of, lines_of, new_alerts
from smartapp.nightly.watch import Watch
from smartapp.reading.fetching import Fetched, Fetching, Renew, Telling, fetch
from smartapp.usecases import Reading, read

FRESH = timedelta(hours=12)
"""How long a server that was read need not be read again, where the run did not come to its end."""

_FOLDER_WAY, _NEXT = "folder", "next-"


@dataclass(frozen=True, slots=True)
class Speaking:
    """Who hears of a run: `result` its lines and its status, `say` what a person may want to know, both without PHI."""

    result: Callable[[tuple[str, ...], Status], None]
    say: Callable[[str], None] = lambda _: None
    fetched: Callable[[int, int], None] = lambda _done, _of: None
    read: Callable[[int], None] = lambda _: None


def run_night(clinic: Clinic, machine: Machine, speaking: Speaking) -> Status:
    """Carry a run through, or on from where an earlier one was ended.

    Returns:
        The status in which it ended, its exit code among it.

    Raises:
        Held: another run holds the folder of the results; nothing was done.
        BaseException: whatever ended it early, after it was kept; `endings.ending_of` says what that means.
    """
    folder = clinic.out / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lease = Lease.take(folder, machine)
    try:
        return _Night(clinic, machine, speaking, lease).through()
    finally:
        with suppress(OSError, Held):
            lease.release()


class _Night:
    """One run that holds the lease."""

    def __init__(self, clinic: Clinic, machine: Machine, speaking: Speaking, lease: Lease) -> None:
        self._clinic, self._machine, self._speaking, self._lease = clinic, machine, speaking, lease
        self._folder, self._files = clinic.out / FOLDER, Files(machine.at)
        self._stage = self._folder / f"{_NEXT}{lease.number}"
        self._state = State()
        self._status = Status(started=stamp(machine.now()))

    def through(self) -> Status:
        """All steps, in order; whatever goes wrong because another run took the place is told as that."""
        try:
            self._begin()
            with self._reading(self._source()) as reading:
                now = self._committed(reading)
            self._tell(now)
        except (Exception, KeyboardInterrupt, Stopped) as problem:
            shutil.rmtree(self._stage, ignore_errors=True)
            with suppress(OSError, Held):
                self._lease.check()
            self._end_early(problem)
            raise
        return self._status

    def _begin(self) -> None:
        self._state = read_state(self._folder)
        check_clock(self._machine.now(), self._state.last_moment)
        self._check_room()
        self._at(Step.STARTING)

    def _source(self) -> tuple[str, str]:
        """Read the server, if there is one, into its folder: how it was read, and why not in bulk."""
        fetching = self._clinic.fetching
        if fetching is None:
            return _FOLDER_WAY, ""
        self._at(Step.FETCHING)
        found = self._fetched(fetching)
        self._keep(replace(self._state, fetched=stamp(self._machine.now())))
        for line in found.cautions:
            self._speaking.say(line)
        self._status = replace(self._status, cautions=found.cautions)
        return str(found.way), found.reason

    def _fetched(self, fetching: Fetching) -> Fetched:
        renew = Renew.KEEP if self._is_fresh() else Renew.CHANGES
        self._machine.at("before the fetching")
        place = fetching.crawling.out
        watch = Watch(self._lease, self._machine, place, self._clinic.floor)
        watch.look()

        def heard(done: int, of: int) -> None:
            watch.look()
            self._speaking.fetched(done, of)

        asked = watch.over(replace(fetching, renew=renew, reached=self._machine.at))
        found = fetch(asked, Telling(heard, self._speaking.say))
        self._machine.at("after the fetching")
        return found

    def _is_fresh(self) -> bool:
        fetched = self._state.fetched
        return fetched is not None and self._machine.now() - datetime.fromisoformat(fetched) < FRESH

    def _read_on(self, size: int) -> None:
        self._lease.renew()
        self._speaking.read(size)

    @contextmanager
    def _reading(self, way: tuple[str, str]) -> Iterator[Reading]:
        """The source, counted for the whole year.

        Raises:
            NotWhole: it lacks something, so that no number would be one.
        """
        self._at(Step.COUNTING, way=way[0], reason=way[1])
        rules = self._clinic.rules
        with read(self._clinic.source, rules, _year(rules.year), self._read_on) as reading:
            self._machine.at("after the loading")
            cautions = (*self._status.cautions, *reading.cautions)
            run, ledger = reading.fingerprint, ledger_of(reading)
            self._status = replace(self._status, run=run, ledger=ledger, cautions=cautions)
            if reading.faults:
                raise NotWhole("; ".join(reading.faults))
            yield reading

    def _committed(self, reading: Reading) -> Committed:
        """What stands after this run: what stood before, where all that decides is the same and all files are there."""
        before, identity = self._state.committed, identity_of(reading, self._clinic)
        if before is not None and before.identity == identity and self._is_intact(before):
            return before
        self._check_room()
        self._at(Step.PUBLISHING)
        judged = self._judged(reading, before)
        now = self._said(reading, identity, judged, before)
        self._at(Step.COMMITTING)
        self._commit(now, judged)
        return now

    def _is_intact(self, committed: Committed) -> bool:
        out = self._clinic.out
        run = out / "runs" / committed.run / "run.json"
        return run.is_file() and all(digest_of(out / name) == found for name, found in committed.outputs.items())

    def _judged(self, reading: Reading, before: Committed | None) -> list[Judged]:
        """Every report, its files on the disk and beside their places."""
        self._clear_stages()
        self._clear_drafts()
        reports = enumerate(self._clinic.reports)
        judged = [judge(reading, self._clinic, one, before, self._stage / str(number)) for number, one in reports]
        self._files.settle(self._stage)
        self._files.settle(self._clinic.out / "runs" / reading.fingerprint)
        return judged

    def _clear_stages(self) -> None:
        """Remove what waits beside the results, of this run and of earlier ones; never that of a later one."""
        for stage in self._folder.glob(f"{_NEXT}*"):
            number = stage.name.removeprefix(_NEXT)
            if number.isdecimal() and int(number) <= self._lease.number:
                shutil.rmtree(stage, ignore_errors=True)

    def _clear_drafts(self) -> None:
        """Remove what processes that are no more had begun to write beside the runs."""
        for draft in (self._clinic.out / "runs").glob(".*.*"):
            if draft.suffix[1:].isdigit() and self._machine.mark(int(draft.suffix[1:])) is None:
                shutil.rmtree(draft, ignore_errors=True)

    def _said(self, reading: Reading, identity: str, judged: list[Judged], before: Committed | None) -> Committed:
        ledger = ledger_of(reading)
        now = Committed(
            identity=identity,
            run=reading.fingerprint,
            way=self._status.way,
            reason=self._status.reason,
            reports=tuple(one.reported for one in judged),
            alerts=(*(alert for one in judged for alert in one.alerts), *_not_whole(ledger)),
            ledger=ledger,
            outputs={name: digest for one in judged for name, digest in _outputs(one)},
        )
        news = new_alerts(before, now)
        said = replace(now, lines=lines_of(before, now), news=tuple(one.key for one in news), code=code_of(news))
        return said if before is None or before.told else _with_untold(before, said)

    def _commit(self, now: Committed, judged: list[Judged]) -> None:
        """Put all files in their places and remember what they are, while nobody else can."""
        with self._lease.alone():
            for one in judged:
                place = self._clinic.out / one.reported.folder
                place.mkdir(parents=True, exist_ok=True, mode=0o700)
                for file in sorted(one.staged.iterdir()):
                    self._files.move(file, place / file.name)
            self._state = replace(self._state, last=stamp(self._machine.now()), fetched=None, committed=now)
            write_state(self._folder, self._state, self._files)
        self._clear_stages()

    def _tell(self, now: Committed) -> None:
        """Say once what is new, and end. What was not said before a run was killed, the next one says."""
        self._at(Step.TELLING, reports=now.reports, findings=tuple(one.as_document() for one in now.alerts))
        ended = replace(self._status, state=Standing.DONE, step=Step.ENDED, ended=stamp(self._machine.now()))
        if not now.told:
            ended = replace(ended, changed=bool(now.lines), news=now.news, exit_code=now.code)
        self._status = replace(ended, exit_code=ended.exit_code or 0, next_action=_advice(now, ended.news))
        if not now.told and now.lines:
            self._speaking.result(now.lines, self._status)
        self._put_status()
        last = stamp(self._machine.now())
        self._keep(replace(self._state, last=last, fetched=None, committed=replace(now, told=True)))

    def _end_early(self, problem: BaseException) -> None:
        """Leave word of what ended the run, as far as that is possible."""
        ending = ending_of(problem)
        self._status = replace(
            self._status,
            state=ending.state,
            ended=stamp(self._machine.now()),
            next_action=ending.next_action,
            exit_code=ending.code,
        )
        with suppress(OSError, Held, Overtaken):
            self._put_status()
            if ending.state is Standing.FAILED and self._state.fetched:
                self._keep(replace(self._state, fetched=None))

    def _at(self, step: Step, **changes: object) -> None:
        self._status = replace(self._status, step=step, **changes)  # type: ignore[arg-type]  # fields of a Status
        self._put_status()

    def _put_status(self) -> None:
        with self._lease.alone():
            write_status(self._clinic.out, self._status, self._files)

    def _keep(self, state: State) -> None:
        with self._lease.alone():
            write_state(self._folder, state, self._files)
        self._state = state

    def _check_room(self) -> None:
        """Room for one more run as large as the last, besides the floor."""
        last = self._state.committed
        size = _size_of(self._clinic.out / "runs" / last.run) if last else 0
        check_room(self._machine.free(self._clinic.out), self._clinic.floor + size, self._clinic.out)


def _year(year: int) -> Period:
    return Period(date(year, 1, 1), date(year, 12, 31))


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _outputs(judged: Judged) -> Iterator[tuple[str, str]]:
    for file in sorted(judged.staged.iterdir()):
        yield (Path(judged.reported.folder) / file.name).as_posix(), digest_of(file) or ""


def _not_whole(ledger: Ledger) -> Iterator[Alert]:
    for kind, state in ledger.not_whole.items():
        yield not_read_whole(kind, state)


def _with_untold(before: Committed, now: Committed) -> Committed:
    """With what a run that was killed had no time to say."""
    code = before.code if before.code == ALERT else now.code or before.code
    return replace(now, lines=(*before.lines, *now.lines), news=(*before.news, *now.news), code=code)


def _advice(now: Committed, news: tuple[str, ...]) -> str:
    """What somebody should do about what is new; empty where nothing needs anybody."""
    return next((one.remedy for one in now.alerts if one.key in news and code_of((one,))), "")
