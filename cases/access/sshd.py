"""Lines of sshd and sudo, as auth.log has them. Pure; what is no access is passed over.

The shapes are those of OpenSSH's log.c/auth.c (“Failed password for invalid user …”, “Accepted
publickey for …”, “Connection closed by authenticating user … [preauth]”) and of sudo's log, behind
the head of RFC 3164 (“Nov 26 05:02:32 host sshd[812]:”) or of RFC 5424 times (rsyslog, journald's
`short-iso`). RFC 3164 names neither the year nor the zone: the year is the one that puts the line
nearest before now, the zone is the reader's.
"""

from __future__ import annotations

import re
from collections import deque
from datetime import UTC, datetime, timedelta, tzinfo

from cases.access import told
from cases.access.told import Told

_HEAD = re.compile(
    r"^(?:(?P<old>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)|(?P<iso>\d{4}-\d\d-\d\dT[\d:.,]+\S*)) "
    r"(?P<host>\S+) (?P<program>sshd(?:-session|-auth)?|sudo)(?:\[(?P<pid>\d+)\])?: +(?P<said>.*)$"
)
_FROM = r"from (?P<ip>[0-9A-Fa-f:.]+)(?: port (?P<port>\d+))?"
# What a stranger typed may look like the words of sshd; it reaches as far as it can, so that the
# last address of the line counts, which is sshd's own.
_USER = r"(?P<user>.*)"
_SSH2 = r" ssh2(?:: .*)?$"
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (outcome, re.compile(shape))
    for outcome, shape in (
        (told.SUCCESS, rf"^Accepted (?P<how>\S+) for {_USER} {_FROM}{_SSH2}"),
        (told.FAILURE, rf"^Failed (?P<how>\S+) for (?:invalid user )?{_USER} {_FROM}{_SSH2}"),
        (
            told.BARRED,
            rf"^User (?P<user>.*?)(?: {_FROM})? not allowed because "
            r"(?P<how>account is locked|.*expired.*)$",
        ),
        (told.FAILURE, rf"^User (?P<user>.*?)(?: {_FROM})? not allowed because (?P<how>.+)$"),
    )
)
# Who leaves without having tried a password, as those do who find that keys alone are taken.
_LEFT = re.compile(
    r"^(?:Connection (?:closed|reset) by|Disconnected from) (?:invalid|authenticating) user "
    rf"{_USER} (?P<ip>[0-9A-Fa-f:.]+) port (?P<port>\d+) \[preauth\]$"
)
_SUDO = re.compile(
    r"^(?P<user>\S+) : (?P<rest>.*?)(?:USER=(?P<as>\S+) ; )?(?:ENV=.* ; )?COMMAND=(?P<what>\S+)"
)
_REPEATED = re.compile(r"^message repeated (?P<times>\d+) times: \[ ?(?P<said>.*)\]$")  # rsyslog
_MOST_REPEATS = 1_000
_REMEMBERED = 1_000  # processes of sshd that were heard to fail
AHEAD = timedelta(days=1)


class Reader:
    """Reads one line after another. It remembers which connections failed already, so that their
    end is not one more failure."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self.failed: deque[str] = deque(maxlen=_REMEMBERED)

    def read(self, line: str, *, now: datetime) -> list[Told]:
        """The accesses that a line tells of: none, one, or as many as it says were the same."""
        head = _HEAD.match(line)
        at = _time(head, self.zone, now) if head else None
        if head is None or at is None:
            return []
        repeated = _REPEATED.match(head["said"])
        said, times = (repeated["said"], int(repeated["times"])) if repeated else (head["said"], 1)
        found = _sudo(head, said, at) if head["program"] == "sudo" else self._sshd(head, said, at)
        return [found] * min(times, _MOST_REPEATS) if found else []

    def _sshd(self, head: re.Match[str], words: str, at: datetime) -> Told | None:
        connection = f"{head['host']}[{head['pid']}]"
        for outcome, shape in _SHAPES:
            if said := shape.match(words):
                if outcome != told.SUCCESS:
                    self.failed.append(connection)
                return _told(head, said, at, outcome, said["how"])
        left = _LEFT.match(words)
        if left is None or connection in self.failed:
            return None
        self.failed.append(connection)
        return _told(head, left, at, told.FAILURE, "left before logging in")


def _told(
    head: re.Match[str], said: re.Match[str], at: datetime, outcome: str, how: str
) -> Told | None:
    try:
        address = told.address_of(said["ip"])
    except ValueError:
        return None
    more = {"host": head["host"], "how": how[:80], "port": said["port"], "pid": head["pid"]}
    detail = {name: value for name, value in more.items() if value}
    return Told(at, "ssh login", outcome, said["user"].strip()[:200], address, detail=detail)


def _sudo(head: re.Match[str], words: str, at: datetime) -> Told | None:
    """Who became somebody else to run what; of the command its name alone, the rest may hold
    secrets."""
    said = _SUDO.match(words)
    if said is None:
        return None
    refused = any(word in said["rest"] for word in ("incorrect password", "NOT", "not allowed"))
    outcome = told.FAILURE if refused else told.SUCCESS
    detail = {"host": head["host"], "as": said["as"] or "root", "command": said["what"][:200]}
    return Told(at, "sudo", outcome, said["user"][:200], is_privileged=True, detail=detail)


def _time(head: re.Match[str], zone: tzinfo, now: datetime) -> datetime | None:
    try:
        if head["iso"]:
            found = datetime.fromisoformat(head["iso"].replace(",", "."))
            return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
        local = now.astimezone(zone)
        for year in (local.year, local.year - 1):
            words = f"{year} {head['old']}"
            at = datetime.strptime(words, "%Y %b %d %H:%M:%S").replace(tzinfo=zone)
            if at <= local + AHEAD:
                return at.astimezone(UTC)
    except (ValueError, OverflowError):  # 29 February, no date at all, or one before all
        return None
    return None
