"""A commander takes one incident from an alert to its closed review, in a browser; its partners are
told and see their own view of it and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.stack import Alertmanager, Desk
from tests.journeys.steps import (
    approve_and_send,
    begin_review,
    do,
    end_tasks,
    evaluate,
    fix_it,
    open_dialog,
    recover,
    review,
    sign,
)
from tests.journeys.test_alerts import mails_about, wait_until
from tests.sinks import SmtpSink


def test_an_incident_goes_from_a_real_alert_to_a_closed_review(
    desk: Desk,
    alertmanager: Alertmanager,
    sink: SmtpSink,
    as_: Callable[[str], Page],
) -> None:
    mark = f"StaleQuotes{uuid.uuid4().hex[:6]}"
    alertmanager.fire(alertname=mark, region="eu", severity="critical")
    wait_until(lambda: bool(mails_about(sink, mark)), seconds=60, what="the page by mail")
    page, approver = as_("commander@desk.example"), as_("approver@desk.example")
    page.goto("/admin/")
    page.locator("[aria-labelledby=open-incidents]").get_by_role("link", name=mark).first.click()
    incident = page.url.split("?")[0]

    # --- an early move is refused in words, and changes nothing
    dialog = open_dialog(page, "begin_containment")
    dialog.locator("button[type=submit]").click()
    alert = page.locator("dialog.desk [role=alert]")
    expect(alert).to_contain_text("Containment has to wait")
    expect(alert).to_contain_text("Commander named")
    page.goto(incident)
    expect(page.locator(".steps .now b")).to_have_text("Identification")

    # --- Identification
    do(page, "take_command")
    evaluate(page, "Infrastructure outage or service degradation", impact=3, scope=3, urgency=2)
    expect(page.locator(".head .badge")).to_have_text("SEV-2")
    do(page, "add_system", system="quote-gw-eu-2")
    for partner, meaning in (
        ("Helix Markets", f"Use EU-1 instead. helix-canary-{mark}"),
        ("Norrbank Securities", f"Stop quoting. norrbank-canary-{mark}"),
    ):
        do(
            page,
            "add_partner",
            partner=partner,
            title=f"Delayed quotes {partner.split()[0]}",
            meaning=meaning,
            severity="SEV-2",
        )
    sign(page, "regulatory_decided", "No threshold is reached; looked at again tomorrow.")
    sign(page, "no_duplicate", "None of these systems.")
    do(page, "begin_containment")
    expect(page.locator(".steps .now b")).to_have_text("Containment")

    # --- Containment: tasks, isolation, a notice that two people stand behind
    second = as_("responder@desk.example")
    end_tasks(page, second, incident)
    do(page, "isolate", how="Taken out of the pool; see pool status.")
    approve_and_send(page, approver, incident, "first notice", f"Quotes were delayed. {mark}")
    do(page, "decide_notice", partners=True, choice="notify", reason="Their quotes were late.")
    sign(page, "no_growth", "No new stale quote since 10:12.")
    do(page, "residual_exposure", text="None.")
    do(page, "begin_mitigation")

    check_partners(as_, mark)

    # --- Mitigation
    do(page, "end_tasks", tasks=True, state="waived", note="Covered by the rollback.")
    do(page, "record_cause", cause="A feed handler stuck after a sequence gap.")
    fix_it(page, second, incident)
    sign(page, "detection_added", "A rule on sequence gaps fired in a replay.")
    do(page, "begin_recovery")

    # --- Recovery
    alertmanager.clear(alertname=mark, region="eu", severity="critical")
    end_tasks(page, second, incident)
    do(page, "restore", how="Back in the pool after replay.", checked_by="Responder 1")
    recover(page, ago=35)
    approve_and_send(page, approver, incident, "all clear", f"All clear. {mark}")

    confirm_recovery(as_, mark)
    page.goto(incident)

    def cleared() -> bool:
        page.goto(incident)
        return page.locator(".need li.ok", has_text="Every alert cleared").count() == 1

    wait_until(cleared, seconds=60, what="the alert's clearing")
    begin_review(page)
    review(page, approver, incident)


def confirm_recovery(as_: Callable[[str], Page], mark: str) -> None:
    """Each partner says in its portal that it works again."""
    for login, own in (
        ("contact@helix.example", "Helix"),
        ("contact@norrbank.example", "Norrbank"),
    ):
        page = as_(login)
        page.goto("/portal/")
        page.get_by_role("link", name=f"Delayed quotes {own}").first.click()
        expect(page.locator("main")).to_contain_text(mark)
        page.get_by_role("button", name="We see it working again").click()
        expect(page.locator("main")).to_contain_text("works again")


def check_partners(as_: Callable[[str], Page], mark: str) -> None:
    """Each of the two sees its own view and nothing that tells of the other."""
    for login, own, other in (
        ("contact@helix.example", "helix", "norrbank"),
        ("contact@norrbank.example", "norrbank", "helix"),
    ):
        page = as_(login)
        page.goto("/portal/")
        page.get_by_role("link", name=f"Delayed quotes {own.capitalize()}").first.click()
        text = page.content()
        assert f"{own}-canary-{mark}" in text
        assert f"{other}-canary-{mark}" not in text
        assert other.capitalize() not in text
        assert "INC-" not in text
        expect(page.locator("main")).to_contain_text(f"Quotes were delayed. {mark}")
        page.get_by_role("button", name="Acknowledge").first.click()
        expect(page.locator("main")).to_contain_text("Acknowledged by")
