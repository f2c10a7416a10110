"""People are paged until somebody acknowledges, whatever dies on the way."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import urllib.request
import uuid
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.journeys.stack import Desk
from tests.journeys.test_alerts import mails_about, wait_until
from tests.sinks import SmtpSink

SHORT_LADDER = """
from notifications.models import EscalationPath
steps = EscalationPath.objects.get(name="SEV-2").steps.order_by("position")
for minutes, step in enumerate(steps):
    step.after_minutes = minutes
    step.save()
"""


def trigger(desk: Desk, title: str, **labels: str) -> str:
    """A PagerDuty event opens an incident; answers its reference."""
    status, body = desk.post(
        "/v2/enqueue",
        {
            "routing_key": "demo-pagerduty",
            "event_action": "trigger",
            "dedup_key": uuid.uuid4().hex,
            "payload": {"summary": title, "source": "gw", "severity": "critical"},
        },
    )
    assert status == 202
    return str(body["incident"])


def mails(sink: SmtpSink, words: str) -> list[EmailMessage]:
    """The mails whose subject carries these words."""
    return [mail for mail in sink.messages if words in str(mail["Subject"])]


def ack_link(mail: EmailMessage) -> str:
    """The link to acknowledge in a page."""
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(r"https?://\S+/ack/\S+/", body.get_content())
    assert found is not None
    return found[0]


def test_an_unacknowledged_page_reaches_the_second_step_and_the_mail_stops_it(
    desk: Desk, sink: SmtpSink, as_: Callable[[str], Page]
) -> None:
    mark = f"Cancel-on-disconnect fails {uuid.uuid4().hex[:6]}"
    desk.manage("shell", "-c", SHORT_LADDER.replace("SEV-2", "SEV-3"))
    trigger(desk, mark)
    wait_until(lambda: len(mails_about(sink, mark)) >= 1, seconds=60, what="the first page")
    first = {str(mail["To"]) for mail in mails(sink, mark)}
    wait_until(
        lambda: {str(mail["To"]) for mail in mails(sink, mark)} != first,
        seconds=80,
        what="the page of the second step",
    )
    link = ack_link(mails(sink, mark)[-1])
    with urllib.request.urlopen(link, timeout=10) as answer:  # as a mail scanner does
        assert answer.status == 200
    page = as_("commander@desk.example")
    page.goto("/admin/")
    row = page.locator("[aria-labelledby=open-incidents] tbody tr", has_text=mark)
    row.get_by_role("link").first.click()
    expect(page.get_by_role("link", name="Acknowledge").first).to_be_visible()
    incident = page.url
    page.goto(link)
    page.get_by_role("button", name=re.compile("cknowledge")).click()
    expect(page.locator("body")).to_contain_text("The ladder has stopped.")
    page.goto(incident)
    expect(page.locator("body")).to_contain_text("acknowledged.")


def kill(desk: Desk, words: str) -> None:
    """`kill -9` the processes of this desk whose command line has these words."""
    listed = subprocess.run(["ps", "-wweo", "pid,args"], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        if words in command and pid != str(os.getpid()):
            with contextlib.suppress(OSError):  # it may have ended by now
                environment = Path(f"/proc/{pid}/environ").read_bytes()
                if f"DATA_DIR={desk.data}".encode() in environment or str(desk.data) in command:
                    os.kill(int(pid), signal.SIGKILL)


def test_a_page_survives_the_death_of_the_pager_and_of_redis(desk: Desk, sink: SmtpSink) -> None:
    mark = f"Ledger replica behind {uuid.uuid4().hex[:6]}"
    kill(desk, "redis-server")
    kill(desk, "-Q page")
    trigger(desk, mark)
    wait_until(lambda: len(mails_about(sink, mark)) >= 1, seconds=60, what="the page")
    ids = [str(mail["Message-ID"]) for mail in mails(sink, mark)]
    assert len(ids) == len(set(ids)), "each message went out once"
