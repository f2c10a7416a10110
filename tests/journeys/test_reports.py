"""A partner reports; staff triage it into an incident; the partner sees it as its own."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from playwright.sync_api import Page, expect

from incidentdesk.kernel import clocks
from tests.journeys.stack import Desk
from tests.journeys.test_lifecycle import do


def test_a_partners_report_becomes_an_incident_that_it_sees(
    desk: Desk, as_: Callable[[str], Page]
) -> None:
    mark = f"Rejected orders {uuid.uuid4().hex[:6]}"
    partner = as_("contact@tidewater.example")
    partner.goto("/portal/report/")
    partner.fill("[name=title]", mark)
    partner.fill("[name=description]", "Every third order is rejected.")
    partner.fill("[name=noticed_at]", clocks.now().strftime("%Y-%m-%dT%H:%M"))
    partner.get_by_role("button", name="Send the report").click()
    expect(partner.locator("main")).to_contain_text(re.compile(r"TIDEWATER-REP-\d{4}-\d{4}"))
    expect(partner.locator("main")).to_contain_text("We have it and look at it next")

    page = as_("comms@desk.example")
    page.goto("/admin/cases/report/")
    page.get_by_role("link", name=re.compile(mark)).click()
    do(page, "accept", impact=2, scope=2, urgency=2, shown_severity="SEV-3")

    partner.goto("/portal/")
    partner.get_by_role("link", name=mark).first.click()
    expect(partner.locator("main")).to_contain_text(re.compile(r"TIDEWATER-\d{4}-\d{4}"))
    assert "INC-" not in partner.content()
