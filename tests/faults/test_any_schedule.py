"""Any order of events, acknowledgements, deaths, outages and clocks: the promises hold.

The desk's own code runs in this process against its database and a real mail server; a model says
of each incident who must have been paged by now. A death is a failpoint that raises where a kill
would strike, Redis is away by its address, a clock is one that a process would have.
SCHEDULES says how many are tried (500).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as chosen
from hypothesis import strategies as st

from incidentdesk.auditor import rounds
from incidentdesk.kernel import failpoints
from incidentdesk.kernel.findings import Fault
from notifications import auditing, bundling, delivery, escalation
from notifications.models import Escalation, Message
from tests.notifications.conftest import NOON, path, person
from tests.sinks import SmtpSink, free_port, smtp_sink

SCHEDULES = int(os.environ.get("SCHEDULES", "500"))
STEP = timedelta(seconds=20)
PLACES = ("escalation.stepping", "delivery.claimed", "delivery.handed_over")
LADDER = (0, 3, 6)  # minutes after the start
# What may be late, and by how much: a lease, a retry, and the runs in between.
SLACK = timedelta(seconds=60 + 30 + 40)

EVENT = st.tuples(st.just("event"), st.just(""))
ACKNOWLEDGE = st.tuples(st.just("acknowledge"), st.just(""))
KILL = st.tuples(st.just("kill"), st.sampled_from(PLACES))
OUTAGE = st.tuples(
    st.sampled_from(["smtp gone", "smtp back", "worker gone", "worker back"]), st.just("")
)
CLOCK = st.tuples(st.just("clock"), st.sampled_from(["300", "3600", "86400"]))
WAIT = st.tuples(st.just("wait"), st.just(""))
ACTIONS = st.lists(st.one_of(EVENT, ACKNOWLEDGE, KILL, OUTAGE, CLOCK, WAIT, WAIT), max_size=25)


@dataclass
class Told:
    """What the model knows of one incident."""

    started: datetime
    acknowledged: datetime | None = None


@dataclass
class Model:
    """The desk, its environment and what must be true of it."""

    sink: SmtpSink
    settings: Any
    folder: Path
    at: datetime = NOON
    told: dict[str, Told] = field(default_factory=dict)
    worker_gone_at: datetime | None = None
    deaths: int = 0

    def act(self, what: str, with_what: str) -> None:
        """One thing that happens, and twenty seconds of the desk's life after it."""
        if what == "event":
            about = f"incident:{len(self.told) + 1}"
            with transaction.atomic():
                facts = dict.fromkeys(("about", "title", "reference"), about)
                escalation.start(**facts, severity=1, category="outage", url="/", at=self.at)
            self.told[about] = Told(self.at)
        elif what == "acknowledge" and self.told:
            about = next((k for k, v in self.told.items() if not v.acknowledged), "")
            if about:
                with transaction.atomic():
                    escalation.acknowledge(about=about, by_user_id=None, by_name="Ada", at=self.at)
                self.told[about].acknowledged = self.at
        elif what == "kill":
            (self.folder / with_what).write_text("raise")
            self.deaths += 1
        elif what == "clock":  # a machine wrote with its own, which was that far ahead
            newest = Escalation.objects.filter(state="running").order_by("-id").values("pk")[:1]
            ahead = F("next_action_at") + timedelta(seconds=int(with_what))
            Escalation.objects.filter(pk__in=newest).update(next_action_at=ahead)
        else:
            self._outage(what)
        self.live()

    def _outage(self, what: str) -> None:
        is_back = what.endswith("back")
        if what.startswith("smtp"):
            self.settings.EMAIL_PORT = self.sink.port if is_back else free_port()
        elif what.startswith("worker"):  # or Redis, or beat: nothing is asked of it any more
            self.worker_gone_at = None if is_back else self.worker_gone_at or self.at

    def live(self) -> None:
        """Twenty seconds pass: the worker's sweep, or the auditor in its stead, and its round."""
        self.at += STEP
        gone = self.worker_gone_at
        if gone is None or self.at > gone + rounds.STANDS_IN:
            for work in (bundling.send_lists, escalation.run_due, delivery.deliver_due):
                with contextlib.suppress(failpoints.Reached):
                    work(at=self.at)
        for fault in self.faults():
            if fault.kind == "far steps" and fault.mend:
                fault.mend()

    def faults(self) -> list[Fault]:
        """What the auditor would find."""
        long_ago = self.at - timedelta(days=1)
        return [f for check in auditing.CHECKS for f in check(at=self.at, since=long_ago)]

    def settle(self) -> None:
        """Whatever was away comes back, and some minutes pass."""
        for file in self.folder.iterdir():
            file.unlink()
        self._outage("smtp back")
        self._outage("worker back")
        for _ in range(30):
            self.live()
        self._check()

    def _check(self) -> None:
        assert self.faults() == []
        ids: dict[str, int] = {}
        for mail in self.sink.messages:
            ids[str(mail["Message-ID"])] = ids.get(str(mail["Message-ID"]), 0) + 1
        assert all(times <= 1 + self.deaths for times in ids.values())
        assert sum(times - 1 for times in ids.values()) <= self.deaths
        left = Message.objects.exclude(state__in=["sent", "suppressed", "superseded", "held"])
        assert list(left.values_list("state", "last_error")) == []
        called_off = Message.objects.filter(state="superseded").values_list("about", flat=True)
        assert [about for about in called_off if not self.told[about].acknowledged] == []
        for about, told in self.told.items():
            row = Escalation.objects.get(about=about)
            assert row.state == ("acknowledged" if told.acknowledged else "running"), about
            paged = Message.objects.filter(about=about).values_list("to_address", flat=True)
            until = told.acknowledged or self.at - SLACK
            steps = [m for m in LADDER if told.started + timedelta(minutes=m) + SLACK < until]
            assert len(set(paged)) >= len(steps), (about, list(paged))


@pytest.fixture
def sink(settings: Any) -> Iterator[SmtpSink]:
    """Where pages arrive."""
    with smtp_sink() as running:
        settings.EMAIL_BACKEND = "notifications.channels.email.SmtpBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = running.host, running.port
        yield running


@pytest.mark.fault("F4", "any order of events, acknowledgements, deaths, outages and clocks")
@pytest.mark.django_db
def test_whatever_happens_in_whatever_order_nobody_is_forgotten(
    sink: SmtpSink, settings: Any, monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    path(
        *[
            (minute, [person(name)])
            for minute, name in zip(LADDER, ("Ada", "Bo", "Cy"), strict=True)
        ]
    )
    tried = 0

    @given(schedule=ACTIONS)
    @chosen(
        max_examples=SCHEDULES,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    def run(schedule: list[tuple[str, str]]) -> None:
        nonlocal tried
        tried += 1
        sink.messages.clear()
        with tempfile.TemporaryDirectory() as folder:
            monkeypatch.setattr(failpoints, "FOLDER", Path(folder))
            before = transaction.savepoint()
            model = Model(sink, settings, Path(folder))
            try:
                for what, with_what in schedule:
                    model.act(what, with_what)
                model.settle()
            finally:
                transaction.savepoint_rollback(before)

    run()
    record_property("figure", f"{tried} schedules")
