"""A desk of its own for faults: two people on a ladder, a source, a mail server, and failpoints.

`manage.py desk` as anybody starts it; what is asked of its rows is asked by `manage.py shell`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from incidentdesk.embedded import placement
from incidentdesk.embedded.layout import Layout
from incidentdesk.embedded.placement import Place
from tests.faults import promises
from tests.journeys import stack
from tests.sinks import SmtpSink

PREPARE = """
from cases.models import Source
from incidentdesk.kernel.shown_once import digest
from incidentdesk.kernel.models import User
from notifications.models import EscalationPath, Group
for name, group in (("Ada", "First responders"), ("Bo", "Second responders")):
    user = User.objects.create_user(f"{name.lower()}@desk.test", name=name, roles=["responder"])
    Group.objects.get(name=group).members.add(user)
User.objects.create_user("boss@desk.test", name="Boss", roles=["administrator"])
Source.objects.create(name="gw", format="pagerduty", key_digest=digest("key-pagerduty"))
for path in EscalationPath.objects.all():
    path.steps.exclude(position__in=[1, 2]).delete()
    path.steps.filter(position=1).update(after_minutes=0)
    path.steps.filter(position=2).update(after_minutes=1)
    EscalationPath.objects.filter(pk=path.pk).update(repeat_minutes=60)
"""
TAKE_ALL = """
from cases.models import Incident
from cases import workflow
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.models import User
by = access.actor_for(User.objects.get(email="ada@desk.test"))
for incident in Incident.objects.open().filter(acknowledged_at=None):
    workflow.acknowledge(incident_id=incident.pk, by=by, at=clocks.now())
"""


@dataclass
class Stage:
    """The running desk, its mail server, and where its failpoints are armed."""

    desk: stack.Desk
    sink: SmtpSink
    failpoints: Path
    titles: list[str] = field(default_factory=list)

    def arm(self, place: str, what: str = "kill") -> None:
        """The next process that comes to `place` does that."""
        (self.failpoints / place).write_text(what)

    def went_off(self, place: str) -> bool:
        """Whether it has happened."""
        return not (self.failpoints / place).exists()

    def alert(self, title: str = "") -> str:
        """An alert that opens an incident; its title."""
        title = title or f"Gateway drops orders {uuid.uuid4().hex[:8]}"
        body = {
            "routing_key": "key-pagerduty",
            "event_action": "trigger",
            "dedup_key": title,
            "payload": {"summary": title, "source": "gw", "severity": "critical"},
        }
        status, said = self.desk.post("/v2/enqueue", body)
        assert (status, said["outcome"]) in [(202, "opened"), (202, "accepted")], said
        return title

    def mails(self, title: str, to: str = "") -> list[Any]:
        """The mails about an incident, in the order in which they came."""
        found = [one for one in self.sink.messages if title in str(one["Subject"])]
        return [one for one in found if to in str(one["To"])]

    def shell(self, code: str) -> str:
        """Run some lines beside the desk; what they print."""
        return self.desk.manage("shell", "--no-imports", "-c", code)

    def broken(self, *, repeats: int = 0) -> list[str]:
        """The promises that do not hold (`promises.broken`)."""
        told = self.shell("from tests.faults import promises; promises.tell()")
        return [*json.loads(told), *promises.too_often(self.sink.messages, repeats)]

    def take_all(self) -> None:
        """Somebody acknowledges whatever is open."""
        self.shell(TAKE_ALL)

    def processes(self, words: str) -> list[int]:
        """The processes of this desk whose command has these words; there is at least one."""
        found, mark = [], f"DATA_DIR={self.desk.data}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if words in command and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return found

    def servers(self, name: str) -> list[int]:
        """The processes of the embedded PostgreSQL or Redis of this desk."""
        layout = Layout(self.desk.data)
        place = Place(layout, placement.pointed_at(layout.data_dir) or layout.data_dir)
        return list(getattr(place, f"{name}_sign").living())

    def living(self, words: str) -> list[int]:
        """The processes that these words name, one at least; `postgres` and `redis` are servers."""
        is_server = words in ("postgres", "redis")
        found = self.servers(words) if is_server else self.processes(words)
        assert found, f"no process is called {words}"
        return found

    def send(self, number: signal.Signals, words: str) -> None:
        """A signal to each of them."""
        for pid in self.living(words):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def prepared(desk: stack.Desk, sink: SmtpSink, failpoints: Path) -> Stage:
    """The stage on a desk that is empty."""
    desk.manage("shell", "--no-imports", "-c", PREPARE)
    return Stage(desk, sink, failpoints)


def within(seconds: float, condition: Callable[[], bool], what: str) -> float:
    """Wait until it is so; answers how long it took, in seconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"{what} did not happen in {seconds:g} s"
        time.sleep(0.1)
    return time.monotonic() - began


def ready(desk: stack.Desk) -> tuple[int, dict[str, str]]:
    """What `/readyz` says."""
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"{desk.url}/readyz", timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError:
        return 0, {}


@contextlib.contextmanager
def environment(**values: str) -> Iterator[None]:
    """These variables, for what is started inside."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def ack_link(mail: Any) -> str:
    """The link to acknowledge in a page."""
    found = re.search(r"https?://\S+/ack/\S+/", mail.get_body(("plain",)).get_content())
    assert found is not None
    return found[0]
