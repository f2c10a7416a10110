"""Lines of nginx's access log in its `combined` format. Pure; what is no access is passed over.

The format is `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent
"$http_referer" "$http_user_agent"` (nginx, ngx_http_log_module). A line is an access if it names a
user, or if it was refused for want of one (401, 403). The query of an address is not kept: it may
hold secrets.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from cases.access import told
from cases.access.told import Told

_LINE = re.compile(
    r"^(?P<ip>\S+) - (?P<user>.*?) \[(?P<time>[^\]]+)\] "
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<bytes>\d+|-)'
    r'(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
_REFUSED = ("401", "403")


class Reader:
    """Reads one line after another."""

    def __init__(self, zone: tzinfo) -> None:
        """The zone is not needed: each line names its own."""

    def read(self, line: str, *, now: datetime) -> list[Told]:
        """The access that a line tells of, or nothing."""
        said = _LINE.match(line)
        if said is None:
            return []
        user = "" if said["user"] == "-" else said["user"]
        is_refused = said["status"] in _REFUSED
        if not is_refused and not (user and said["status"] < "400"):
            return []
        try:
            at = datetime.strptime(said["time"], "%d/%b/%Y:%H:%M:%S %z").astimezone(UTC)
            address = told.address_of(said["ip"])
        except (ValueError, OverflowError):
            return []
        method, _, rest = said["request"].partition(" ")
        detail = {
            "path": rest.partition(" ")[0].partition("?")[0][:300],
            "method": method[:20],
            "status": said["status"],
            "bytes": said["bytes"],
            "agent": (said["agent"] or "")[:300],
        }
        outcome = told.FAILURE if is_refused else told.SUCCESS
        return [Told(at, "web request", outcome, user[:200], address, detail=detail)]
