"""Following a log on any host and telling a desk of it by HTTP. Uses no database.

What was read is marked as done only once the desk has answered 202. While the desk is away it is
tried again, ever more rarely; each line carries a name of its own, so that what arrives twice is
stored once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from cases.access import nginx, sshd
from cases.access.tail import Tail
from cases.access.told import Told
from incidentdesk.kernel import outgoing
from incidentdesk.kernel.errors import InvalidInput

POLL = 0.5  # seconds between two looks at a file that does not grow
LONGEST_WAIT = 60  # seconds
MOST_BYTES, MOST_LINES = 400_000, 2_000  # of one delivery; the desk takes 512 KB and 5,000
LOCALTIME = Path("/etc/localtime")
CAPS = outgoing.Caps(read=30.0, whole=60.0, most=1024 * 1024)
_LOOKED_AT = 200  # lines by which a format is guessed


class Reader(Protocol):
    """Reads lines of one kind of log."""

    def read(self, line: str, *, now: datetime) -> list[Told]:
        """What a line tells."""


READERS: dict[str, Callable[[tzinfo], Reader]] = {"sshd": sshd.Reader, "nginx": nginx.Reader}


def own_zone() -> tzinfo:
    """The zone of this host, which Django has set aside."""
    try:
        with LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file)
    except OSError:
        return ZoneInfo("UTC")


def guess(path: Path, zone: tzinfo, *, now: datetime) -> str:
    """Whose log it is, by its first lines that tell of an access."""
    with path.open(encoding="utf-8", errors="replace") as file:
        first = [line.rstrip("\n") for _, line in zip(range(_LOOKED_AT), file, strict=False)]
    for name, make in READERS.items():
        reader = make(zone)
        if any(reader.read(line, now=now) for line in first):
            return name
    raise InvalidInput(
        f"No line of {path} tells of an access yet; say which log it is, sshd or nginx."
    )


def follow(
    tail: Tail,
    reader: Reader,
    deliver: Callable[[bytes], None],
    *,
    sleep: Callable[[float], None],
    clock: Callable[[], datetime],
    once: bool = False,
) -> int:
    """Deliver what the file tells, for ever; with `once` until nothing is new. Answers how many
    events that were."""
    told, idle = 0, 0
    while True:
        lines = tail.read()
        now = clock()
        said = [
            _event(one, f"{line.id}:{number}")
            for line in lines
            for number, one in enumerate(reader.read(line.text, now=now))
        ]
        for body in _bodies(said):
            deliver(body)
        told += len(said)
        if lines:
            tail.done()
            idle = 0
            continue
        idle += 1
        if once and idle > 2:  # as often as a rotated file is looked at again
            return told
        if not once:
            sleep(POLL)


def _event(told: Told, name: str) -> bytes:
    said: dict[str, Any] = {
        **told.detail,
        "at": told.at.isoformat(),
        "actor": told.actor,
        "action": told.action,
        "outcome": told.outcome,
        "id": name,
    }
    if told.address:
        said["ip"] = told.address
    if told.is_privileged:
        said["privileged"] = True
    return json.dumps(said).encode()


def _bodies(events: Sequence[bytes]) -> Iterator[bytes]:
    """Deliveries that a desk takes."""
    some: list[bytes] = []
    size = 0
    for event in events:
        if some and (size + len(event) > MOST_BYTES or len(some) == MOST_LINES):
            yield b"\n".join(some)
            some, size = [], 0
        some.append(event)
        size += len(event) + 1
    if some:
        yield b"\n".join(some)


def _refusals(answer: bytes) -> list[str]:
    """Why the desk cannot read some; ValueError if that is no answer of a desk."""
    try:
        return [str(bad["error"]) for bad in json.loads(answer)["lines"]]
    except (ValueError, KeyError, TypeError):
        raise ValueError("what answers there is no desk") from None


class Sender:
    """Posts to one desk until it answers; says what goes wrong, and once that it is well again."""

    def __init__(
        self, url: str, *, sleep: Callable[[float], None], say: Callable[[str], None]
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise InvalidInput(f"{url} is no address of a desk; it begins with https://.")
        self.url, self.sleep, self.say = url, sleep, say

    def deliver(self, body: bytes) -> None:
        """Return once the desk has it. InvalidInput if the desk never will: the key is wrong."""
        wait, complained = 1.0, False
        while (fault := self._post(body)) is not None:
            if not complained:
                self.say(f"The desk does not take it ({fault[0]}); trying again.")
                complained = True
            self.sleep(min(fault[1] or wait, LONGEST_WAIT))
            wait = min(wait * 2, LONGEST_WAIT)
        if complained:
            self.say("The desk takes it again.")

    def _post(self, body: bytes) -> tuple[str, float] | None:
        """None once it is stored; else why not, and in how many seconds the desk wants it again."""
        kind = {"Content-Type": "application/x-ndjson"}
        try:
            answer = outgoing.call(
                "POST", self.url, outgoing.NAMED, body=body, headers=kind, caps=CAPS
            )
            if not 200 <= answer.status < 300:
                return self._refused(answer)
            for why in _refusals(answer.body):
                self.say(f"The desk cannot read an event: {why}")
        except (outgoing.Failed, ValueError) as error:
            return str(error), 0.0
        return None

    def _refused(self, answer: outgoing.Answer) -> tuple[str, float] | None:
        if answer.status in (401, 403, 404):
            raise InvalidInput("The desk has no source with this key; check the key and --to.")
        if answer.status == 400:  # it is kept there as a refused delivery, and would be again
            self.say(f"The desk refused a delivery: {answer.body[:500].decode(errors='replace')}")
            return None
        after = answer.headers.get("Retry-After") or ""
        return f"HTTP {answer.status}", float(after) if after.isdecimal() else 0.0
