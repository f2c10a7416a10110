"""What a person does on the desk in a browser: dialogs, and the work that the gates ask for."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Locator, Page, expect

from incidentdesk.kernel import clocks


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


def past(**ago: int) -> str:
    """A time that lies back, as a form takes it."""
    return (clocks.now() - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M")


def approve(approver: Page, notice: str) -> None:
    """A second person approves it, having looked at what differs from the record."""
    approver.goto(notice)
    dialog = open_dialog(approver, "approve")
    expect(dialog).to_be_visible()
    is_flagged = dialog.locator("[name=checked]").count()
    approver.goto(notice)
    do(approver, "approve", **({"checked": True} if is_flagged else {}))


def approve_and_send(page: Page, approver: Page, incident: str, kind: str, body: str) -> None:
    """Drafted by one, refused to the same, approved by a second, sent."""
    page.goto(incident)
    do(page, "draft_notice", kind=kind, body=body, audience=True)
    page.goto(incident + "?tab=notices")
    page.get_by_role("link", name=kind.capitalize()).first.click()
    notice = page.url
    expect(page.get_by_role("link", name="Approve", exact=True)).to_have_count(0)
    approve(approver, notice)
    page.goto(notice)
    do(page, "send")
    page.goto(incident)


def send_own(page: Page, approver: Page, incident: str, kind: str, texts: dict[str, str]) -> None:
    """A notice in which each partner reads a text of its own, approved by a second person, sent."""
    page.goto(incident)
    dialog = open_dialog(page, "draft_notice")
    fill(dialog, {"kind": kind, "body": "What happened, in short.", "audience": True})
    dialog.locator("details").evaluate("more => { more.open = true; }")
    for partner, text in texts.items():
        dialog.get_by_label(f"Only for {partner}").fill(text)
    with page.expect_navigation():
        dialog.locator("button[type=submit]").click()
    notice = page.url.replace("/preview/", "/change/")
    approve(approver, notice)
    page.goto(notice)
    do(page, "send")
    page.goto(incident)


def sign(page: Page, key: str, text: str) -> None:
    """The commander signs one statement."""
    do(page, "sign", key=key, text=text)


def prove(page: Page, incident: str) -> None:
    """A small file, uploaded as evidence of each open task that needs one."""
    tab = f"{incident}?tab=tasks"
    page.goto(tab)
    links = page.get_by_role("link", name="Attach evidence: ").all()
    for href in [link.get_attribute("href") for link in links]:
        page.locator(f"a[href='{href}']").click()
        dialog = page.locator("dialog.desk form")
        dialog.locator("[name=file]").set_input_files(
            {"name": "status.txt", "mimeType": "text/plain", "buffer": b"status: ok\n"}
        )
        dialog.locator("[name=title]").fill("Pool status")
        with page.expect_navigation():
            dialog.locator("button[type=submit]").click()
        page.goto(tab)


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


def end_tasks(page: Page, second: Page, incident: str) -> None:
    """Every open task is done, with evidence and a second person where marked."""
    prove(page, incident)
    page.goto(incident)
    do(page, "end_tasks", tasks=True, state="done", note="As the runbook says.")
    confirm_tasks(second, incident)
    page.goto(incident)


def evaluate(page: Page, category: str, *, impact: int, scope: int, urgency: int) -> None:
    """Category, nature and the three axes, each with what it rests on."""
    do(
        page,
        "evaluate",
        category=category,
        impact=impact,
        impact_basis_1="Orders wait for quotes.",
        scope=scope,
        scope_basis_1="As partners tell.",
        urgency=urgency,
        urgency_basis_1="A workaround holds.",
        occurred_at=past(hours=3),
        is_confirmed=True,
    )


def fix_it(page: Page, second: Page, incident: str) -> None:
    """A fix that one proposes and a second person approves."""
    do(
        page,
        "propose_fix",
        kind="permanent",
        text="Resubscribe after a gap.",
        change_reference="CHG-4411",
        test_evidence="Replayed on staging; no gap was left.",
        rollback_plan="Back to build 812.",
    )
    second.goto(f"{incident}?tab=fixes")
    second.get_by_role("link", name="CHG-4411").first.click()
    do(second, "approve")
    page.goto(incident)


def recover(page: Page, *, ago: int) -> None:
    """Back in band since so many minutes, checked, compared, and heard of by each partner."""
    do(page, "recovered", recovered_at=past(minutes=ago))
    do(page, "record_check", name="Quote age", passed="yes", result="150 ms at the 99th.")
    do(page, "reconcile", what="Orders against drop copy", compared=18412, differences=0)
    sign(page, "blocks_lifted", "The list is ticked off.")


def begin_review(page: Page) -> None:
    """Recovery is over."""
    page.locator("a.btn.p", has_text="Begin review").click()
    with page.expect_navigation():
        page.locator("dialog.desk button[type=submit]").click()


def review(
    page: Page, approver: Page, incident: str, *, lesson: str = "Watch gaps, not only silence."
) -> None:
    """The review is written, refused to its commander, approved by another, and closes it."""
    page.goto(incident)
    page.get_by_role("link", name="Open the review").first.click()
    written = page.url
    do(
        page,
        "write",
        root_cause="The handler did not resubscribe after a gap.",
        contributing_factors="No alert on sequence gaps.",
        facilitator="Responder 1",
    )
    do(page, "add_cause", text="It is not told of a gap.", kind="technology", is_root=True)
    do(page, "add_control", name="Feed gap monitoring", verdict="missing", note="Add it.")
    due = (clocks.now() + timedelta(days=30)).strftime("%Y-%m-%d")
    do(page, "agree", title="Resubscribe on a gap", kind="prevent", owner="Commander 1", due_on=due)
    do(page, "no_documents", reason="The runbook was right.")
    do(page, "add_lesson", text=lesson, tags="market data")
    page.goto(written)
    do(page, "ask")
    page.goto(written)
    assert page.locator("a[data-dialog]", has_text="Approve and close").count() == 0
    approver.goto(written)
    do(approver, "finish")
    page.goto(incident)
    expect(page.locator(".head")).to_be_visible()
    page.goto(incident + "?tab=timeline")
    expect(page.locator(".tl")).to_contain_text("Review → Closed.")
