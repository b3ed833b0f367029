"""What an export is to give, and who hears how it goes."""

from collections.abc import Callable
from dataclasses import dataclass, field

from extractors.sources.bulk_journal import Reached
from extractors.sources.bulk_request import Form, Request
from extractors.sources.bulk_waiting import Waits


@dataclass(frozen=True, slots=True)
class Order:
    """What to export, and what belongs to it.

    Attributes:
        request: as it is asked for.
        profile_digest: of the evidence profile that named the types.
        members: digest of who belongs to the Group; empty where that cannot be seen.
        form: how the server wants the types.
        withheld: gives the types that were not granted, once a token is there.
        done: is told files that are done and those there are.
        say: is told in words how it goes.
        arrived: is told the bytes of each piece of a file, before they are written; it may refuse them.
        reached: is told each step, before and after it is on the disk.
    """

    request: Request
    profile_digest: str
    members: str = ""
    form: Form = Form.GET
    waits: Waits = field(default_factory=Waits)
    withheld: Callable[[], tuple[str, ...]] = tuple
    done: Callable[[int, int], None] = lambda _done, _of: None
    say: Callable[[str], None] = lambda _: None
    arrived: Callable[[int], None] = lambda _: None
    reached: Reached = lambda _: None
