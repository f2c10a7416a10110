"""One desk for all journeys, with the demo data, a real SMTP server behind it and a browser."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys import stack
from tests.sinks import SmtpSink, smtp_sink

DEMO_PASSWORD = "desk-demo"
expect.set_options(timeout=20_000)  # patience for a busy machine, not a promise of speed


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser the journeys are left out; in CI that is an error of its own.

    The tour comes first: its reader's desk is fresh, and no other journey's work waits on it.
    """
    items.sort(key=lambda item: "test_the_tour_leads" not in item.name)
    if stack.BROWSER_LACKS and os.environ.get("CI") != "true":
        reason = stack.BROWSER_LACKS
        for item in items:
            if "journeys" in str(item.path):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def sink() -> Iterator[SmtpSink]:
    """The SMTP server that the desk sends to."""
    with smtp_sink() as server:
        yield server


@pytest.fixture(scope="session")
def desk(sink: SmtpSink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[stack.Desk]:
    """The desk with its demo data, as `make run` starts it.

    JOURNEYS_DATA names a data folder to keep, so that the next run need not load the demo again.
    """
    kept = os.environ.get("JOURNEYS_DATA")
    data = Path(kept) / "var" if kept else tmp_path_factory.mktemp("journeys") / "var"
    data.mkdir(parents=True, exist_ok=True)
    with stack.running_desk(data, "--demo", email_url=f"smtp://127.0.0.1:{sink.port}") as running:
        yield running


# Once for each line that comes in; a command that starts anew would take seconds each time.
TAKE_ALL = """
import sys
from cases import queries, workflow
from django.db import connection
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.models import User
from notifications.models import Escalation
for line in sys.stdin:
    by = access.actor_for(User.objects.get(email="commander@desk.example"))
    running = Escalation.objects.filter(state="running").values_list("about", flat=True)
    paged = [int(about.partition(":")[2]) for about in running if about.startswith("incident:")]
    for incident in queries.visible_to(by).filter(pk__in=paged, acknowledged_at=None):
        workflow.acknowledge(incident_id=incident.pk, by=by, at=clocks.now())
    connection.close()  # a journey may take the database away in between
    print("taken", flush=True)
"""


@pytest.fixture(scope="session")
def _take_all(desk: stack.Desk) -> Iterator[Callable[[], None]]:
    """Somebody takes whatever is open and paged about."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", TAKE_ALL],
        cwd=stack.ROOT,
        env=desk.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def take() -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "taken\n"

    yield take
    process.communicate(timeout=60)


@pytest.fixture(autouse=True)
def _nobody_is_in_a_storm(request: pytest.FixtureRequest) -> None:
    """Somebody has taken what the journeys before left open: pages come one by one again.

    The incidents, not only their ladders: the auditor begins the ladder of an open one anew.
    """
    if "sink" in request.fixturenames:
        request.getfixturevalue("_take_all")()


@pytest.fixture(scope="session")
def alertmanager(
    desk: stack.Desk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[stack.Alertmanager]:
    """A real Alertmanager that posts to the desk."""
    if stack.ALERTMANAGER is None or stack.AMTOOL is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Alertmanager is missing (Debian: apt install prometheus-alertmanager)")
        pytest.skip("Alertmanager is missing (Debian: apt install prometheus-alertmanager)")
    folder = tmp_path_factory.mktemp("alertmanager")
    receiver = f"webhook_configs: [{{url: '{desk.url}/intake/demo-alertmanager/alertmanager'}}]"
    with stack.running_alertmanager(folder, receiver) as running:
        yield running


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium."""
    return {
        "executable_path": stack.CHROMIUM,
        "args": ["--no-sandbox", "--disable-quic", "--disable-background-networking"],
    }


class People:
    """Who is logged in where: one browser context a person, kept for the whole run."""

    def __init__(self, browser: Browser, desk: stack.Desk) -> None:
        self.browser, self.desk = browser, desk
        self.contexts: dict[str, BrowserContext] = {}
        self.faults: list[str] = []

    def page(self, login: str) -> Page:
        """A fresh page of the person with this login."""
        if login not in self.contexts:
            self.contexts[login] = self.browser.new_context(
                base_url=self.desk.url, viewport={"width": 1360, "height": 900}
            )
            page = self.contexts[login].new_page()
            page.goto("/accounts/login/")
            page.fill("input[name=login]", login)
            page.fill("input[name=password]", DEMO_PASSWORD)
            page.locator("input[name=password]").press("Enter")
            page.wait_for_url(lambda url: "/accounts/login" not in url)
            page.close()
        page = self.contexts[login].new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        return page


@pytest.fixture(scope="session")
def _people(browser: Browser, desk: stack.Desk) -> Iterator[People]:
    people = People(browser, desk)
    yield people
    for context in people.contexts.values():
        context.close()


@pytest.fixture
def as_(_people: People) -> Iterator[Callable[[str], Page]]:
    """`as_("commander@desk.example")` is a page of that person; script errors fail the test."""
    pages: list[Page] = []

    def open_page(login: str) -> Page:
        pages.append(_people.page(login))
        return pages[-1]

    _people.faults.clear()
    yield open_page
    for page in pages:
        page.close()
    assert _people.faults == []
