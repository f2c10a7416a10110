"""A commander takes one incident from an alert to its closed review, in a browser; its partners are
told and see their own view of it and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Locator, Page, expect

from incidentdesk.kernel import clocks
from tests.journeys.stack import Alertmanager, Desk
from tests.journeys.test_alerts import mails_about, wait_until
from tests.sinks import SmtpSink


def open_dialog(page: Page, name: str, /) -> Locator:
    """Open the dialog `name` of the page one is on, as its buttons do."""
    path = page.url.split("?")[0].replace("/change/", f"/do/{name}/")
    page.locator(f"a[data-dialog][href^='{path[path.index('/admin') :]}']").first.evaluate(
        "link => link.click()"
    )
    return page.locator("dialog.desk form")


def do(page: Page, name: str, /, **values: object) -> None:
    """Fill in a dialog, send it, and see it done."""
    dialog = open_dialog(page, name)
    expect(dialog).to_be_visible()
    fill(dialog, values)
    with page.expect_navigation():
        dialog.locator("button[type=submit]").click()
    expect(page.locator("dialog.desk form")).to_have_count(0)


def fill(dialog: Locator, values: dict[str, object]) -> None:
    """Text is typed, a list ticks boxes, `True` ticks all, a choice is chosen."""
    for field, value in values.items():
        inputs = dialog.locator(f"[name={field}]")
        kind = inputs.first.evaluate("e => e.type")
        if kind in ("radio", "checkbox") and value is not True:
            dialog.locator(f"[name={field}][value='{value}']").check()
        elif kind == "checkbox":
            for box in inputs.all():
                box.check()
        elif kind == "select-one":
            inputs.select_option(label=str(value))
        else:
            inputs.fill(str(value))


PROVE = """
from django.core.files.base import ContentFile
from cases import evidence
from cases.models import Task
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.models import User
by = access.actor_for(User.objects.get(email="responder@desk.example"))
tasks = Task.objects.filter(incident_id={incident}, phase="{phase}", needs_evidence=True)
for task in tasks:
    evidence.add(
        incident_id={incident}, upload=ContentFile(b"status: ok", name="status.txt"),
        title="Pool status", collector=by.name, collected_at=clocks.now(), tlp="AMBER",
        task_id=task.pk, by=by, at=clocks.now(),
    )
print(tasks.count(), "proven")
"""


def prove(desk: Desk, incident: str, phase: str) -> None:
    """A small file as evidence of every task of the phase that needs one."""
    number = incident.rstrip("/").split("/")[-2]
    assert "proven" in desk.manage("shell", "-c", PROVE.format(incident=number, phase=phase))


def confirm_tasks(second: Page, incident: str) -> None:
    """The second person confirms, one by one, what is done and waits for it."""
    tab = f"{incident}?tab=tasks"
    second.goto(tab)
    while second.get_by_role("link", name="Confirm: ").count():
        second.get_by_role("link", name="Confirm: ").first.click()
        dialog = second.locator("dialog.desk form")
        dialog.locator("[name=note]").fill("Looked at the pool.")
        with second.expect_navigation():
            dialog.locator("button[type=submit]").click()
        second.goto(tab)


def approve_and_send(page: Page, approver: Page, incident: str, kind: str, body: str) -> None:
    """Drafted by one, refused to the same, approved by a second, sent."""
    page.goto(incident)
    do(page, "draft_notice", kind=kind, body=body, audience=True)
    page.goto(incident + "?tab=notices")
    page.get_by_role("link", name=kind.capitalize()).first.click()
    notice = page.url
    expect(page.get_by_role("link", name="Approve", exact=True)).to_have_count(0)
    approver.goto(notice)
    do(approver, "approve")
    page.goto(notice)
    do(page, "send")
    page.goto(incident)


def test_an_incident_goes_from_a_real_alert_to_a_closed_review(
    desk: Desk,
    alertmanager: Alertmanager,
    sink: SmtpSink,
    as_: Callable[[str], Page],
) -> None:
    mark = f"StaleQuotes{uuid.uuid4().hex[:6]}"
    alertmanager.fire(alertname=mark, region="eu", severity="critical")
    wait_until(lambda: bool(mails_about(sink, mark)), seconds=10, what="the page by mail")
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
    past = (clocks.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    do(
        page,
        "evaluate",
        category="Infrastructure outage or service degradation",
        impact=3,
        scope=3,
        urgency=2,
        occurred_at=past,
        is_confirmed=True,
    )
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
    do(page, "begin_containment")
    expect(page.locator(".steps .now b")).to_have_text("Containment")

    # --- Containment: tasks, isolation, a notice that two people stand behind
    prove(desk, incident, "containment")
    do(page, "end_tasks", tasks=True, state="done", note="As the runbook says.")
    do(page, "isolate", how="Taken out of the pool; see pool status.")
    approve_and_send(page, approver, incident, "first notice", f"Quotes were delayed. {mark}")
    do(page, "sign", key="no_growth", text="No new stale quote since 10:12.")
    do(page, "begin_mitigation")

    check_partners(as_, mark)

    # --- Mitigation
    do(page, "end_tasks", tasks=True, state="waived", note="Covered by the rollback.")
    do(page, "record_cause", cause="A feed handler stuck after a sequence gap.")
    do(page, "sign", key="fix_approved", text="CHG-4411, approved by the security lead.")
    do(page, "begin_recovery")

    # --- Recovery
    alertmanager.clear(alertname=mark, region="eu", severity="critical")
    prove(desk, incident, "recovery")
    do(page, "end_tasks", tasks=True, state="done", note="Checked.")
    confirm_tasks(as_("responder@desk.example"), incident)
    do(page, "restore", how="Back in the pool after replay.")
    do(page, "recovered")
    do(page, "sign", key="reconciled", text="0 differences against the drop copy.")
    approve_and_send(page, approver, incident, "all clear", f"All clear. {mark}")

    def cleared() -> bool:
        page.goto(incident)
        return page.locator(".need li.ok", has_text="Every alert cleared").count() == 1

    wait_until(cleared, seconds=20, what="the alert's clearing")
    review(page, approver, incident)


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


def review(page: Page, approver: Page, incident: str) -> None:
    """The review is written, refused to its commander, approved by another, and closes it."""
    page.locator("a.btn.p", has_text="Begin review").click()
    with page.expect_navigation():
        page.locator("dialog.desk button[type=submit]").click()
    page.goto(incident)
    page.get_by_role("link", name="Open the review").first.click()
    written = page.url
    do(
        page,
        "write",
        root_cause="The handler did not resubscribe after a gap.",
        contributing_factors="No alert on sequence gaps.",
    )
    do(page, "add_control", name="Feed gap monitoring", verdict="missing", note="Add it.")
    due = (clocks.now() + timedelta(days=30)).strftime("%Y-%m-%d")
    do(page, "agree", title="Resubscribe on a gap", kind="prevent", owner="Commander 1", due_on=due)
    do(page, "no_documents", reason="The runbook was right.")
    do(page, "add_lesson", text="Watch gaps, not only silence.", tags="market data")
    page.goto(written)
    assert page.locator("a[data-dialog]", has_text="Approve and close").count() == 0
    approver.goto(written)
    do(approver, "finish")
    page.goto(incident)
    expect(page.locator(".head")).to_be_visible()
    page.goto(incident + "?tab=timeline")
    expect(page.locator(".tl")).to_contain_text("Review → Closed.")
