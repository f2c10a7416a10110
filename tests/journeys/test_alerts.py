"""An alert of a real Alertmanager becomes an incident at the top of the dashboard, and a page."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.stack import Alertmanager, Desk, running_alertmanager
from tests.sinks import SmtpSink


def mails_about(sink: SmtpSink, words: str) -> list[str]:
    """The subjects of the mails that carry these words."""
    return [subject for subject in sink.subjects() if words in subject]


def wait_until(met: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Until `met()`; fails saying what did not happen."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, f"{what} did not happen in {seconds} s"
        time.sleep(0.1)


def test_an_alert_is_on_top_of_the_dashboard_and_in_a_mail(
    desk: Desk, alertmanager: Alertmanager, sink: SmtpSink, as_: Callable[[str], Page]
) -> None:
    page = as_("commander@desk.example")
    mark = f"QuoteStale{uuid.uuid4().hex[:6]}"
    alertmanager.fire(alertname=mark, region="eu", severity="critical")
    wait_until(lambda: bool(mails_about(sink, mark)), seconds=60, what="the page by mail")
    page.goto("/admin/")
    first = page.locator("[aria-labelledby=open-incidents] tbody tr").first
    expect(first).to_contain_text(mark)
    expect(first).to_contain_text("Identification")


def test_a_repeat_folds_and_the_last_clearing_proposes_recovery_but_closes_nothing(
    desk: Desk, alertmanager: Alertmanager, sink: SmtpSink, as_: Callable[[str], Page]
) -> None:
    mark = f"FeedGap{uuid.uuid4().hex[:6]}"
    alertmanager.fire(alertname=mark, region="eu")
    wait_until(lambda: bool(mails_about(sink, mark)), seconds=60, what="the page by mail")
    alertmanager.fire(alertname=mark, region="eu")
    alertmanager.clear(alertname=mark, region="eu")
    page = as_("commander@desk.example")

    def proposed() -> bool:
        page.goto("/admin/")
        page.get_by_role("link", name=re.compile(mark)).first.click()
        return page.get_by_text("recovery is proposed").count() > 0

    wait_until(proposed, seconds=60, what="the proposal to recover")
    assert page.locator(".steps .now").inner_text().startswith("Identification")
    page.goto(page.url.split("?")[0] + "?tab=alerts")
    expect(page.locator("main, #main").first).to_contain_text(mark)


@pytest.mark.parametrize(
    "receiver",
    [
        "opsgenie_configs: [{api_url: '%s/', api_key: demo-opsgenie, message: "
        "'{{ .CommonLabels.alertname }}'}]",
        "pagerduty_configs: [{url: '%s/v2/enqueue', routing_key: demo-pagerduty, description: "
        "'{{ .CommonLabels.alertname }}'}]",
    ],
    ids=["opsgenie", "pagerduty"],
)
def test_its_other_receivers_open_fold_and_clear_as_well(
    desk: Desk,
    sink: SmtpSink,
    tmp_path: Path,
    alertmanager: Alertmanager,
    as_: Callable[[str], Page],
    receiver: str,
) -> None:
    mark, page = f"GatewaySlow{uuid.uuid4().hex[:6]}", as_("commander@desk.example")
    with running_alertmanager(tmp_path, receiver % desk.url) as other:
        other.fire(alertname=mark, region="eu")
        wait_until(lambda: bool(mails_about(sink, mark)), seconds=60, what="the page by mail")
        other.clear(alertname=mark, region="eu")

        def proposed() -> bool:
            page.goto("/admin/")
            page.get_by_role("link", name=re.compile(mark)).first.click()
            return page.get_by_text("recovery is proposed").count() > 0

        wait_until(proposed, seconds=60, what="the proposal to recover")


def test_fifty_parallel_copies_of_one_request_open_one_incident(desk: Desk) -> None:
    key = uuid.uuid4().hex
    event = {
        "routing_key": "demo-pagerduty",
        "event_action": "trigger",
        "dedup_key": key,
        "payload": {"summary": f"Order gateway slow {key}", "source": "gw", "severity": "error"},
    }
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: desk.post("/v2/enqueue", event), range(50)))
    assert {status for status, _ in answers} == {202}
    assert len({str(body["incident"]) for _, body in answers}) == 1
    assert sorted(str(body["outcome"]) for _, body in answers) == ["folded"] * 49 + ["opened"]


def test_what_cannot_be_read_is_refused_in_one_sentence(desk: Desk) -> None:
    status, body = desk.post("/intake/demo-alertmanager/alertmanager", {"alerts": "none"})
    assert status == 400
    assert body == {
        "error": "The body has no list “alerts”; is this Alertmanager's webhook?",
    }
    unknown = desk.post("/intake/no-such-key/alertmanager", {"alerts": []})
    assert unknown[0] == 404
