"""Each of the five categories goes through the browser from detection to Review with its own
playbook: its own tasks are laid out, and they are what the gates ask for."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cases.defaults import CATEGORIES, PLAYBOOKS
from tests.journeys.steps import begin_review, do, end_tasks, evaluate, fix_it, recover, sign


@pytest.mark.parametrize(("key", "name"), [(key, name) for key, name, _ in CATEGORIES])
def test_a_category_goes_from_detection_to_review_with_its_own_playbook(
    key: str, name: str, as_: Callable[[str], Page]
) -> None:
    page, second = as_("commander@desk.example"), as_("responder@desk.example")
    page.goto("/admin/cases/incident/")
    page.locator("a[data-dialog]", has_text="Declare an incident").first.click()
    dialog = page.locator("dialog.desk form")
    dialog.locator("[name=title]").fill(f"Drill of {key} {uuid.uuid4().hex[:6]}")
    dialog.locator("[name=category]").select_option(label=name)
    for axis in ("impact", "scope", "urgency"):
        dialog.locator(f"[name={axis}][value='2']").check()
    with page.expect_navigation():
        dialog.locator("button[type=submit]").click()
    incident = page.url.split("?")[0]

    # --- Identification
    do(page, "take_command")
    evaluate(page, name, impact=2, scope=2, urgency=2)
    expect(page.locator(".head .badge")).to_have_text("SEV-3")
    do(page, "add_system", system="quote-gw-eu-2")
    sign(page, "no_partners", "Nothing of theirs runs on it.")
    sign(page, "regulatory_decided", "It does not apply: no partner, no client.")
    sign(page, "no_duplicate", "None of these systems.")
    page.goto(f"{incident}?tab=tasks")
    for phase in ("containment", "mitigation", "recovery"):
        first = PLAYBOOKS[key][phase][0].split(" [")[0].rstrip(".")
        expect(page.locator(".tasks").filter(has_text=first[:60])).to_have_count(1)
    page.goto(incident)
    do(page, "begin_containment")

    # --- Containment
    end_tasks(page, second, incident)
    do(page, "isolate", how="Out of the pool.")
    sign(page, "no_growth", "Counters stand still since 10:12.")
    do(page, "residual_exposure", text="None.")
    do(page, "begin_mitigation")

    # --- Mitigation
    end_tasks(page, second, incident)
    do(page, "record_cause", cause="A change that nobody had tried.")
    fix_it(page, second, incident)
    sign(page, "detection_added", "A rule fired in a replay.")
    do(page, "begin_recovery")

    # --- Recovery
    end_tasks(page, second, incident)
    do(page, "restore", how="Back in the pool.", checked_by="Responder 1")
    recover(page, ago=1)
    begin_review(page)
    page.goto(incident)
    expect(page.locator(".steps .now b")).to_have_text("Review")
