"""After the incident: from a regulator's classification to a lesson in a plan; and a review that is
opened again."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from incidentdesk.kernel import clocks
from tests.journeys.steps import (
    approve_and_send,
    begin_review,
    do,
    end_tasks,
    evaluate,
    fill,
    fix_it,
    past,
    recover,
    review,
    sign,
)

HELIX, TIDEWATER = "Helix Markets", "Tidewater FX"
STAGES = ("initial", "interim", "final")
Browser = Callable[[str], Page]


def by_name(page: Page, name: str, /, **values: object) -> None:
    """Fill in the dialog behind the link that says so, and see it done."""
    page.get_by_role("link", name=name, exact=True).first.click()
    dialog = page.locator("dialog.desk form")
    expect(dialog).to_be_visible()
    fill(dialog, values)
    with page.expect_navigation():
        dialog.locator("button[type=submit]").click()
    expect(page.locator("dialog.desk form")).to_have_count(0)


def declared(
    page: Page, title: str, category: str, *, impact: int, scope: int, urgency: int
) -> str:
    """An incident that this person declares, commands and evaluates; its address."""
    page.goto("/admin/cases/incident/")
    page.locator("a[data-dialog]", has_text="Declare an incident").first.click()
    dialog = page.locator("dialog.desk form")
    axes = {"impact": impact, "scope": scope, "urgency": urgency}
    fill(dialog, {"title": title, "category": category, **axes})
    with page.expect_navigation():
        dialog.locator("button[type=submit]").click()
    incident = page.url.split("?")[0]
    do(page, "take_command")
    evaluate(page, category, **axes)
    do(page, "add_system", system="quote-gw-eu-2")
    return incident


def contained(page: Page, second: Page, incident: str) -> None:
    """All that Containment asks for, but what partners are told."""
    end_tasks(page, second, incident)
    do(page, "isolate", how="Out of the pool.")
    sign(page, "no_growth", "Counters stand still since 10:12.")
    do(page, "residual_exposure", text="None.")


def mended(page: Page, second: Page, incident: str) -> None:
    """From Mitigation into Recovery, and restored."""
    end_tasks(page, second, incident)
    do(page, "record_cause", cause="A change that nobody had tried.")
    fix_it(page, second, incident)
    sign(page, "detection_added", "A rule fired in a replay.")
    do(page, "begin_recovery")
    end_tasks(page, second, incident)
    do(page, "restore", how="Back in the pool.", checked_by="Responder 1")


def test_a_sev_1_access_goes_through_classification_packages_and_review_into_a_plan(
    as_: Browser,
) -> None:
    mark = uuid.uuid4().hex[:6]
    page, approver = as_("commander@desk.example"), as_("approver@desk.example")
    second, security = as_("responder@desk.example"), as_("security@desk.example")
    incident = declared(
        page,
        f"Foreign session on the gateway {mark}",
        "Unauthorised system access",
        impact=3,
        scope=3,
        urgency=3,
    )
    expect(page.locator(".head .badge")).to_have_text("SEV-1")

    # --- two partners under different regimes: one is bound by DORA, the other by MAS's rules
    switch_on(as_("admin@desk.example"), "MAS")
    for partner in (HELIX, TIDEWATER):
        title, meaning = f"Access for {partner.split()[0]} {mark}", "A session was not yours."
        do(page, "add_partner", partner=partner, title=title, meaning=meaning, severity="SEV-1")
    sign(page, "regulatory_decided", "It applies to partners; see the clocks.")
    sign(page, "no_duplicate", "None of these systems.")
    page.goto(f"{incident}?tab=classification")
    by_name(
        page,
        f"Classify under DORA for {HELIX}",
        supports_critical="Yes",
        malicious_access="Yes",
        access_may_lose_data="Yes",
        reason="A session of theirs was used from outside.",
    )
    page.goto(f"{incident}?tab=classification")
    standing = page.locator(".item", has_text=f"{HELIX}a recommendation")
    expect(standing).to_contain_text("Major")
    page.goto(f"{incident}?tab=clocks")
    expect(page.locator("table tr", has_text="DORA-INIT")).to_contain_text("due")
    record_time(page, TIDEWATER, "Relevant incident discovered (MAS)")
    page.goto(f"{incident}?tab=clocks")
    expect(page.locator("table tr", has_text="MAS-1H")).to_contain_text("due")
    page.goto(incident)

    # --- through the phases; both are told, and have three packages each
    do(page, "begin_containment")
    contained(page, second, incident)
    approve_and_send(page, approver, incident, "first notice", "A session was ended at 10:02.")
    do(page, "decide_notice", partners=True, choice="notify", reason="Sessions of theirs.")
    do(page, "begin_mitigation")
    mended(page, second, incident)
    recover(page, ago=70)
    sign(page, "market_open_seen", "Frankfurt opened; nothing was seen.")
    approve_and_send(page, approver, incident, "all clear", "All clear.")
    for stage in STAGES:
        for partner in (HELIX, TIDEWATER):
            hand_over(page, incident, partner, stage)
    check_packages(as_, mark)
    confirm(as_, mark)

    # --- nothing closes while a regulator's clock is open
    page.goto(incident)
    begin_review(page)
    page.goto(incident)
    gate = page.locator(".need li", has_text="The outcome of every regulator's clock recorded")
    expect(gate).to_contain_text("open")
    record_outcomes(page, incident)
    page.goto(incident)
    expect(page.locator(".need li.ok", has_text="regulator's clock recorded")).to_have_count(1)

    # --- review, a verified action, a lesson in a plan
    review(page, approver, incident, lesson=f"End foreign sessions first {mark}.")
    verify_action(page, security, incident)
    plan(page, mark)


def switch_on(admin: Page, code: str) -> None:
    """A regime that is off until an administrator wants it."""
    admin.goto(f"/admin/cases/regime/?q={code}")
    admin.locator("#result_list a", has_text=code).first.click()
    admin.locator("[name=is_on]").check()
    with admin.expect_navigation():
        admin.locator("[name=_save]").click()


def record_time(page: Page, partner: str, label: str) -> None:
    """A time of one party, from which its clocks count."""
    page.get_by_role("link", name=f"Record a time: {partner}").click()
    dialog = page.locator("dialog.desk form")
    group = dialog.locator(f"select[name=which] optgroup[label='{partner}'] option", has_text=label)
    dialog.locator("[name=which]").select_option(value=group.get_attribute("value"))
    dialog.locator("[name=moment]").fill(past(minutes=50))
    with page.expect_navigation():
        dialog.locator("button[type=submit]").click()


def hand_over(page: Page, incident: str, partner: str, stage: str) -> None:
    """One facts package of one partner."""
    page.goto(f"{incident}?tab=partners")
    page.locator("a[data-dialog][href*='/do/hand_over_facts/']").first.wait_for()
    item = page.locator(".item", has_text=partner)
    item.locator("a[href*='/do/hand_over_facts/']").first.click()
    dialog = page.locator("dialog.desk form")
    expect(dialog).to_contain_text(partner)
    values = {"text": f"What we know so far ({stage}).", "clients": 12, "clients_share": 3}
    fill(dialog, {**values, "transactions": 40, "transactions_share": 1, "value_eur": 1000})
    dialog.locator("[name=stage]").select_option(value=stage)
    with page.expect_navigation():
        dialog.locator("button[type=submit]").click()


def check_packages(as_: Browser, mark: str) -> None:
    """Each partner has its three, as a page and as JSON in the shape of the form."""
    for login, code, own in (
        ("contact@helix.example", "HELIX", f"Access for Helix {mark}"),
        ("contact@tidewater.example", "TIDEWATER", f"Access for Tidewater {mark}"),
    ):
        page = as_(login)
        page.goto("/portal/")
        page.get_by_role("link", name=own).first.click()
        links = page.locator(f"main a[href*='/portal/facts/{code}-FACTS-']")
        found = {link.get_attribute("href") for link in links.all()}
        assert len({re.sub(r"(FACTS-\d+-\d+).*", r"\1", str(href)) for href in found}) == 3
        assert "INC-" not in page.content()


def confirm(as_: Browser, mark: str) -> None:
    """Each partner says that it works again."""
    for login, own in (
        ("contact@helix.example", "Helix"),
        ("contact@tidewater.example", "Tidewater"),
    ):
        page = as_(login)
        page.goto("/portal/")
        page.get_by_role("link", name=f"Access for {own} {mark}").first.click()
        page.get_by_role("button", name="We see it working again").click()
        expect(page.locator("main")).to_contain_text("works again")


def record_outcomes(page: Page, incident: str) -> None:
    """What was sent, clock by clock, until none runs: one outcome may start the next."""
    tab = f"{incident}?tab=clocks"
    for _ in range(12):
        page.goto(tab)
        running = (
            page.locator("table tr", has_text="due")
            .filter(has=page.get_by_role("link", name="Outcome of"))
            .filter(has=page.locator("a", has_text=re.compile("^Outcome$")))
        )
        if not running.count():
            return
        running.first.locator("a", has_text=re.compile("^Outcome$")).click()
        dialog = page.locator("dialog.desk form")
        fill(dialog, {"kind": "submitted", "sent_at": past(minutes=1), "reference": "REF-1"})
        with page.expect_navigation():
            dialog.locator("button[type=submit]").click()
    raise AssertionError("A clock still runs.")


def verify_action(page: Page, security: Page, incident: str) -> None:
    """Its owner has done it; another person verifies it, after the incident closed."""
    page.goto(incident)
    page.get_by_role("link", name="Open the review").first.click()
    page.locator("a[href*='/preventiveaction/']", has_text="Resubscribe on a gap").first.click()
    action = page.url.split("?")[0]
    do(page, "finish", note="Build 813; see the change.")
    page.goto(action)
    page.locator("a[data-dialog]", has_text="Verify").first.click()
    refusal = "You own this action or did it; somebody else has to look at it."
    expect(page.locator("dialog.desk")).to_contain_text(refusal)
    security.goto(action)
    do(security, "verify", evidence="Replayed the gap on staging.")
    security.goto(action)
    expect(security.locator("main")).to_contain_text("verified on")


def plan(page: Page, mark: str) -> None:
    """The lesson comes into a plan, is incorporated, and the plan is printed."""
    today = clocks.now()
    page.goto("/admin/reviews/plan/")
    page.locator("a[data-dialog]", has_text="New plan").first.click()
    dialog = page.locator("dialog.desk form")
    ends = (today + timedelta(days=180)).strftime("%Y-%m-%d")
    values = {"title": f"Security plan {mark}", "begins_on": today.strftime("%Y-%m-%d")}
    fill(dialog, {**values, "ends_on": ends, "owner": "Commander 1"})
    with page.expect_navigation():
        dialog.locator("button[type=submit]").click()
    do(page, "gather")
    lesson = page.locator("tr, .item, li").filter(has_text=f"End foreign sessions first {mark}.")
    lesson.last.locator("a[data-dialog]").first.click()
    dialog = page.locator("dialog.desk form")
    fill(dialog, {"decision": "incorporated", "words": "Project Turnstile."})
    with page.expect_navigation():
        dialog.locator("button[type=submit]").click()
    page.locator("a", has_text="Print").first.click()
    expect(page.locator("body")).to_contain_text(f"End foreign sessions first {mark}.")
    expect(page.locator("body")).to_contain_text("Project Turnstile.")


def test_a_sev_3_outage_is_reviewed_again_when_it_was_not_over(as_: Browser) -> None:
    mark = uuid.uuid4().hex[:6]
    page, approver = as_("commander@desk.example"), as_("approver@desk.example")
    second = as_("responder@desk.example")
    category = "Infrastructure outage or service degradation"
    incident = declared(
        page, f"Session service slow {mark}", category, impact=2, scope=2, urgency=2
    )
    expect(page.locator(".head .badge")).to_have_text("SEV-3")
    sign(page, "no_partners", "Nothing of theirs runs on it.")
    sign(page, "regulatory_decided", "It does not apply.")
    sign(page, "no_duplicate", "None of these systems.")
    do(page, "begin_containment")
    contained(page, second, incident)
    do(page, "begin_mitigation")
    mended(page, second, incident)
    recover(page, ago=1)
    begin_review(page)
    review(page, approver, incident)

    page.goto(incident)
    do(page, "reopen", reason="It was slow again at noon.")
    page.goto(incident)
    expect(page.locator(".steps .now b")).to_have_text("Review")
    page.get_by_role("link", name="Open the review").first.click()
    written = page.url
    expect(page.locator("main")).to_contain_text("draft")
    do(page, "add_lesson", text=f"Watch for a day after the fix {mark}.", tags="sessions")
    page.goto(written)
    do(page, "ask")
    approver.goto(written)
    do(approver, "finish")
    page.goto(incident + "?tab=timeline")
    expect(page.locator(".tl")).to_contain_text("Review → Closed.")
    page.goto(f"/admin/reviews/lesson/?q={mark}")
    expect(page.locator("main")).to_contain_text(f"Watch for a day after the fix {mark}.")
