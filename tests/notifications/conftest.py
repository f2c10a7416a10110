"""What the post office's tests share: people, paths, a real SMTP server, and a silent broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from incidentdesk.kernel.models import User
from notifications import escalation, outbox
from notifications.models import (
    ContactMethod,
    Escalation,
    EscalationPath,
    EscalationStep,
    Group,
    Message,
)
from tests.hooks import Receiver, receiver
from tests.sinks import SmtpSink, smtp_sink

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ABOUT = "incident:7"


def minutes(number: float) -> datetime:
    """So many minutes after noon, when every test begins."""
    return NOON + timedelta(minutes=number)


def seconds(number: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=number)


@pytest.fixture
def sink(settings: Settings) -> Iterator[SmtpSink]:
    """A real SMTP server, and the desk set up to send through it."""
    with smtp_sink() as running:
        settings.EMAIL_BACKEND = "notifications.channels.email.SmtpBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = running.host, running.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield running


@pytest.fixture
def hook(settings: Settings) -> Iterator[Receiver]:
    """Somebody's chat or program that listens on this machine, which tests alone may call."""
    settings.WEBHOOK_LOOPBACK = True
    with receiver() as running:
        yield running


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that were woken; nothing reaches a broker."""
    names: list[str] = []

    class Broker:
        def send_task(self, name: str, **options: Any) -> None:
            is_call = name == "notifications.jobs.deliver_webhooks"
            assert options["queue"] == ("webhooks" if is_call else "page")
            names.append(name)

    monkeypatch.setattr("incidentdesk.kernel.worker.current_app", Broker())
    monkeypatch.setattr("incidentdesk.kernel.worker.APART", 0)  # each is seen
    return names


@pytest.fixture(autouse=True)
def _address(settings: Settings) -> None:
    """Links in mails do not depend on where the desk under test happens to listen."""
    settings.SITE_URL = "http://localhost:8000"


def person(name: str, *roles: str, is_active: bool = True) -> User:
    """A member of staff; a responder unless roles are given."""
    return User.objects.create(
        email=f"{name.lower()}@desk.test",
        name=name,
        roles=list(roles or ("responder",)),
        is_active=is_active,
    )


def group(name: str, *members: User) -> Group:
    """A group with these people."""
    made = Group.objects.create(name=name)
    made.members.set(members)
    return made


Target = User | Group


def path(
    *steps: tuple[int, Sequence[Target]],
    severities: Sequence[int] = (1,),
    categories: Sequence[str] = (),
    repeat_minutes: int = 15,
    position: int = 1,
    name: str = "Test path",
    **asked: Any,
) -> EscalationPath:
    """A path before the default ones: (after minutes, targets) a step."""
    made = EscalationPath.objects.create(
        name=name,
        position=position,
        severities=list(severities),
        categories=list(categories),
        repeat_minutes=repeat_minutes,
        **asked,
    )
    for number, (after_minutes, targets) in enumerate(steps, start=1):
        step = EscalationStep.objects.create(
            path=made, position=number, after_minutes=after_minutes
        )
        step.users.set([target for target in targets if isinstance(target, User)])
        step.groups.set([target for target in targets if isinstance(target, Group)])
    return made


def start(**facts: Any) -> Escalation:
    """Begin to escalate an incident at noon."""
    values: dict[str, Any] = {
        "about": ABOUT,
        "severity": 1,
        "category": "outage",
        "title": "Quotes are stale",
        "reference": "INC-2026-0007",
        "url": "/admin/cases/incident/7/change/",
        "at": NOON,
    }
    with transaction.atomic():
        return escalation.start(**(values | facts))


def queue(**facts: Any) -> Message | None:
    """Queue a notice at noon."""
    values: dict[str, Any] = {
        "kind": "notice",
        "to": "contact@partner.test",
        "context": {
            "reference": "HELIX-2026-0001",
            "title": "Delays",
            "url": "/portal/",
            "body": "",
        },
        "about": ABOUT,
        "dedupe_key": "notice:1",
        "at": NOON,
    }
    with transaction.atomic():
        return outbox.queue(**(values | facts))


def paged() -> list[tuple[str, str]]:
    """Everybody who was paged, in order: (address, the message's dedupe key)."""
    pages = Message.objects.filter(is_page=True).order_by("id")
    return list(pages.values_list("to_address", "dedupe_key"))


def names_paged() -> list[str]:
    """The first names of those who were paged, in order."""
    return [address.split("@")[0].capitalize() for address, _ in paged()]


def method(user: User, label: str = "Chat", **facts: Any) -> ContactMethod:
    """A verified way of this person's; by chat unless another channel is given."""
    address = facts.setdefault("address", "json://127.0.0.1:9/hook")
    values: dict[str, Any] = {
        "channel": "apprise",
        "shown": str(address).partition(":")[0],
        "position": 1,
        "added_at": NOON,
        "verified_at": NOON,
    }
    return ContactMethod.objects.create(user=user, label=label, **(values | facts))


def in_threads(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls at the same moment, each in a thread with its own database connection."""
    import threading

    from django.db import connection

    gate, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(number: int, call: Callable[[], Any]) -> None:
        try:
            gate.wait(timeout=10)
            results[number] = call()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


@pytest.fixture
def default_paths(db: None) -> None:
    """The groups and paths of a new desk, whatever a test before has truncated."""
    from django.apps import apps

    from notifications import defaults

    defaults.load(apps)
