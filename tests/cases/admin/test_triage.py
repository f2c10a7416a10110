"""Triage: nothing of a report reaches its partner's page that was not on the form."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from cases.intake import reports
from cases.models import Incident, Involvement
from tests.cases.admin.conftest import address, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
AXES = {"impact": "3", "scope": "2", "urgency": "2", "shown_severity": "3"}


@pytest.fixture
def told(people, helix):
    """A report of Helix that waits for triage."""
    return reports.report(
        title="Fills missing",
        description="Our client Ada lost six fills.",
        noticed_at=NOW - timedelta(minutes=5),
        by=people.contact("helix", helix),
        at=NOW,
    )


def portal_of(people) -> str:
    browser = Client()
    browser.force_login(people["helix"])
    return text_of(browser.get("/portal/incidents/HELIX-2026-0001/"))


@pytest.mark.parametrize("action", ["accept", "attach"])
def test_the_dialog_shows_the_title_and_leaves_what_it_means_to_a_person(action, as_, told):
    form = as_("communications").get(address(told, action)).context["form"]
    assert (form["shown_title"].value(), form["meaning"].value()) == ("Fills missing", None)


def test_the_partner_reads_what_stood_on_the_form(as_, told, people):
    said = {"shown_title": "Late fills", "meaning": "Check your fills.", **AXES}
    as_("communications").post(address(told, "accept"), said)
    page = portal_of(people)
    assert ("Late fills" in page, "Check your fills." in page) == (True, True)
    assert "Ada" not in page


@pytest.mark.parametrize("action", ["accept", "attach"])
def test_emptied_words_stay_empty_and_the_partner_reads_that_it_is_not_known(
    action, as_, told, people, declare, helix
):
    known = Incident.objects.get(pk=declare(title="Stale prices").pk)
    said = {"reference": known.reference, "shown_title": "Fills missing", "meaning": "", **AXES}
    browser = as_("communications")
    browser.post(address(told, action), said)
    row = Involvement.objects.get()
    assert row.meaning == ""
    page = portal_of(people)
    assert "We do not know yet what it means for you." in page
    assert "Ada" not in page
    people["communications"].roles = ["commander"]
    people["communications"].save()
    facts = f"{address(row.incident, 'hand_over_facts')}?involvement={row.pk}"
    assert browser.get(facts).context["form"]["text"].value() == ""


def test_a_refused_form_keeps_the_words(as_, told):
    said = {"reference": "INC-2026-0404", "shown_title": "Late", "meaning": "Mind your fills."}
    said["shown_severity"] = "3"
    answer = as_("communications").post(address(told, "attach"), said)
    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "reference": ["There is no open incident INC-2026-0404; check the reference."]
    }
    assert answer.context["form"]["meaning"].value() == "Mind your fills."
