"""What somebody is refused leaves a line: who, what, when and where, and never a flood."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from cases import restriction
from incidentdesk import refused
from incidentdesk.kernel import audit
from incidentdesk.kernel.models import AuditEvent
from tests.conftest import NOW, People

pytestmark = [pytest.mark.django_db, pytest.mark.asvs("16.3.1-16.3.4 16.5.1-16.5.3", 39)]


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


def told() -> list[tuple[str, str, Any, Any]]:
    """Who was refused what, as the trail has it."""
    lines = AuditEvent.objects.filter(action=audit.REFUSED).order_by("pk")
    return [(one.actor, one.about, one.detail["page"], one.detail.get("status")) for one in lines]


def test_a_page_that_a_role_may_not_see_leaves_a_line(as_: Any, people: People) -> None:
    page = reverse("admin:kernel_auditevent_changelist")
    browser = as_("responder")
    answers = [browser.get(page, {"q": n}, REMOTE_ADDR="192.0.2.7") for n in range(3)]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert told() == [("Responder", "page", page, 403)]
    line = AuditEvent.objects.get(action=audit.REFUSED)
    assert (line.user_id, line.detail["method"]) == (people["responder"].pk, "GET")
    assert line.detail["address"] == "192.0.2.7"
    trail = as_("auditor").get(page).text
    assert re.search(rf">\s*{page}\s*<", trail)  # as a word, not as a link
    assert f"{line.at:%H:%M:%S}" in trail


def test_an_incident_that_is_closed_to_somebody_leaves_a_line_that_names_its_number_alone(
    as_: Any, people: People, declare: Any
) -> None:
    incident = declare(title="Insider trading")
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[people["commander"].pk],
        reason="Named people.",
        by=people.actor("commander"),
        at=NOW,
    )
    page = reverse("admin:cases_incident_change", args=[incident.pk])
    assert as_("responder").get(page).status_code == 404
    assert told() == [("Responder", incident.about, page, 404)]
    assert "Insider" not in str(AuditEvent.objects.filter(action=audit.REFUSED).values())


def test_a_dialog_of_another_role_leaves_a_line(as_: Any, declare: Any) -> None:
    incident = declare()
    page = reverse("admin:cases_incident_do", args=[incident.pk, "take-command"])
    answer = as_("auditor").post(page, {})
    assert answer.status_code in (403, 404)
    assert told() == [("Auditor", incident.about, page, answer.status_code)]


def test_what_a_partner_tries_of_another_and_of_the_desk_leaves_lines(
    as_: Any, helix: Any, norrbank: Any, incident_in: Any
) -> None:
    incident = incident_in("mitigation")  # Helix was told of it
    page = f"/portal/incidents/{incident.involvements.get().reference}/"
    assert as_("helix").get(page).status_code == 200
    at_desk = reverse("admin:cases_incident_change", args=[incident.pk])
    browser = as_("norrbank")
    asked = [browser.get(place).status_code for place in (page, "/admin/", at_desk)]
    assert asked == [404, 302, 302]
    assert [(about, page, status) for _, about, page, status in told()] == [
        ("page", page, 404),
        ("page", "/admin/", 302),
        (incident.about, at_desk, 302),
    ]


def test_what_the_admin_answers_by_the_way_to_its_first_page_leaves_a_line(
    as_: Any, people: People, helix: Any
) -> None:
    page = reverse("admin:partners_partner_change", args=[helix.pk + 99])
    of_a_partner = "/portal/incidents/HELIX-2026-0001/"
    browser = as_("responder")
    for place in (page, page, of_a_partner, "/portal/"):
        answer = browser.get(place)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    assert told() == [
        ("Responder", f"partner:{helix.pk + 99}", page, 302),
        ("Responder", "page", of_a_partner, 302),
    ]


def test_a_list_that_is_asked_for_a_column_it_does_not_show_leaves_a_line(
    as_: Any, helix: Any
) -> None:
    page = reverse("admin:partners_partner_changelist")
    browser = as_("responder")
    statuses = [
        browser.get(page, asked).status_code
        for asked in ({"code__startswith": "H"}, {"code__startswith": "He"}, {"q": "Helix"})
    ]
    assert statuses == [400, 400, 200]
    assert told() == [("Responder", "page", page, 400)]


def test_what_one_may_open_leaves_no_line(as_: Any, helix: Any) -> None:
    page = reverse("admin:partners_partner_change", args=[helix.pk])
    assert as_("administrator").get(page).status_code == 200
    assert as_("administrator").get(reverse("admin:partners_partner_changelist")).status_code == 200
    assert told() == []


def test_a_mistyped_address_and_a_stranger_leave_none(as_: Any, client: Any, declare: Any) -> None:
    declare()
    assert as_("responder").get("/admin/nowhere/at/all/").status_code == 404
    assert as_("responder").get("/nowhere/").status_code == 404
    assert client.get("/admin/cases/incident/1/change/").status_code == 302
    assert told() == []


def test_who_tries_a_thousand_numbers_leaves_thirty_lines_and_one_more(as_: Any) -> None:
    browser = as_("responder")
    for number in range(9_000, 9_040):
        browser.get(reverse("admin:cases_incident_change", args=[number]))
    lines = told()
    assert len(lines) == refused.MOST + 1
    assert lines[-1][2] == "more in this minute, which are not listed"


def test_no_secret_of_a_link_and_no_letter_that_breaks_a_row_is_written_down(
    people: People, helix: Any
) -> None:
    secret = "s3cret-of-an-invitation-that-still-works"
    strict, plain = Client(enforce_csrf_checks=True), Client()
    for browser in (strict, plain):
        browser.force_login(people["helix"])
    assert strict.post(f"/accounts/invitation/{secret}/").status_code == 403
    assert plain.get("/admin/cases/incident/%00/change/").status_code == 302
    lines = AuditEvent.objects.filter(action=audit.REFUSED).order_by("pk")
    assert secret not in str(list(lines.values()))
    assert [one.detail["page"] for one in lines] == [
        "/accounts/invitation/***/",
        "/admin/cases/incident/�/change/",
    ]
