"""What docs/partner-api.md shows works as it stands there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import Any

import pytest
import standardwebhooks
from django.test import Client

from cases.models import NoticeCopy, Report
from incidentdesk.kernel import clocks
from incidentdesk.kernel.roles import PARTNER_SCOPES
from notifications import delivery, turns
from partners import tokens, webhooks
from partners.models import EventType, Webhook
from tests.architecture.source import ROOT
from tests.hooks import receiver
from tests.partners.conftest import Both
from tests.partners.test_webhooks import boss

pytestmark = pytest.mark.django_db
TEXT = (ROOT / "docs" / "partner-api.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """What stands in fences of this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.M | re.S)


def test_the_scopes_stand_there_word_for_word():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", TEXT, re.M))
    assert rows == {key: scope.words for key, scope in PARTNER_SCOPES.items()}


def test_every_event_is_named():
    assert [one for one in EventType.values if f"`{one}`" not in TEXT] == []


def test_how_often_it_is_tried_again_is_as_it_says():
    assert delivery.WEBHOOK_RETRY_SECONDS == (5, 60, 300, 1800, 3600, 7200, 14400)
    assert webhooks.OVERLAP.total_seconds() == 24 * 3600


def test_the_example_accepts_what_we_send_once_and_nothing_else(both: Both, settings: Any):
    settings.WEBHOOK_LOOPBACK = True
    known: dict[str, Any] = {}
    (code,) = blocks("python")
    exec(code, known)  # noqa: S102 -- it is the example
    with receiver() as hook:
        made, _ = webhooks.add(
            url=hook.url, events=EventType.values, by=boss(both.a), at=clocks.now()
        )
        Webhook.objects.filter(pk=made.pk).update(secret=known["SECRET"])
        webhooks.try_out(webhook_id=made.pk, by=boss(both.a), at=clocks.now())
        turns.deliver_due(at=clocks.now())
    ((headers, body),) = hook.calls
    seen: set[str] = set()
    assert known["accept"](body, headers, seen) == json.loads(body)
    assert known["accept"](body, headers, seen) is None
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        known["accept"](body + " ", headers, set())


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_line_works_as_it_stands_there(both: Both, live_server: Any):
    _, secret = tokens.make(name="docs", scopes=["act"], by=both.a.actor, at=clocks.now())
    known = {"TOKEN": secret, "DESK": live_server.url, "INCIDENT": both.a.involvement.reference}
    (script,) = blocks("sh")
    lines = script.replace("curl ", "curl -sS --fail-with-body -w '\\n' ")
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", lines],
        env={**os.environ, **known},
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines() if line]
    assert len(answers) == 5
    assert answers[0]["items"][0]["reference"] == both.a.involvement.reference
    copy = NoticeCopy.objects.get(pk=both.a.sent.pk)
    assert copy.acknowledged_by == "Person of Alder"
    assert Report.objects.filter(title="Fills twice", partner=both.a.partner).count() == 1
    assert [one["number"] for one in answers[4]["items"]] == [1, 2, 3]


@pytest.mark.parametrize("root", ["/api/v1/partner", "/api/v1"])
def test_without_javascript_the_page_names_every_call_and_leads_to_the_description(
    root: str, people: Any
):
    client = Client()
    client.force_login(people["commander"])
    page = client.get(f"{root}/docs").text
    plain = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert '<a href="openapi.json">' in plain
    paths = client.get(f"{root}/openapi.json").json()["paths"]
    missing = [
        f"{way.upper()} {path}"
        for path, ways in paths.items()
        for way in ways
        if f"{way.upper()} {path}<" not in plain
    ]
    assert missing == []
