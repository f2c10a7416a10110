"""Several incidents at once from the list, the team card, who can see it, drills and merges."""

from __future__ import annotations

import pytest

from cases import crew, workflow
from cases.models import Assignment, Incident
from incidentdesk.kernel.models import User
from tests.cases.admin.conftest import address, page_of, sql_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LIST = "/admin/cases/incident/"


@pytest.fixture
def three(declare):
    return [declare(title=title) for title in ("One", "Two", "Three")]


def test_what_was_ticked_goes_on_to_the_dialog(as_, three):
    ticked = [three[0].pk, three[2].pk]
    answer = as_("commander").post(
        LIST, {"action": "dismiss_several", "_selected_action": ticked, "index": 0}
    )
    assert answer.status_code == 302
    page = as_("commander").get(answer.headers["Location"]).content.decode()
    assert [f'value="{row.pk}"' in page for row in three] == [True, False, True]
    assert page.count("checked") == 2


def test_from_the_dialog_one_comes_back_to_the_list_as_it_was_filtered(as_, three):
    browser, asked = as_("commander"), "q=T&show=all"
    answer = browser.post(
        f"{LIST}?{asked}",
        {"action": "dismiss_several", "_selected_action": [three[1].pk], "index": 0},
    )
    dialog = answer.headers["Location"]
    page = browser.get(dialog).content.decode()
    assert f'href="{LIST}?q=T&amp;show=all" data-close' in page
    posted = {"incidents": [three[1].pk], "reason": "A test feed."}
    assert browser.post(dialog, posted).headers["Location"] == f"{LIST}?{asked}"


def test_several_are_dismissed_one_by_one_and_what_is_refused_is_said(as_, three, people):
    by = people.actor("commander")
    workflow.dismiss(incident_id=three[1].pk, reason="A test.", by=by, at=NOW)
    posted = {"incidents": [row.pk for row in three], "reason": "A test feed."}
    asked = "&".join(f"incidents={row.pk}" for row in three)
    answer = as_("commander").post(f"{LIST}do/dismiss_several/?{asked}", posted, follow=True)
    words = text_of(answer)
    first, second, third = (Incident.objects.get(pk=row.pk) for row in three)
    assert f"{first.reference}: dismissed as a false positive." in words
    assert f"{third.reference}: dismissed as a false positive." in words
    assert f"{second.reference}: {second.reference} is in Dismissed; only one that" in words
    assert "Incident commander moved it to Dismissed at 09:41 on 4 Mar." in words
    assert [row.phase for row in (first, second, third)] == ["dismissed"] * 3
    assert [row.moves.count() for row in (first, second, third)] == [2, 2, 2]


def test_a_commander_is_asked_for_several(as_, three, people):
    night = User.objects.create_user("night@desk.test", name="Noor", roles=["commander"])
    by = people.actor("commander")
    workflow.take_command(incident_id=three[0].pk, by=by, at=NOW)
    posted = {
        "incidents": [row.pk for row in three[:2]],
        "person": night.pk,
        "note": "Night shift.",
    }
    answer = as_("commander").post(f"{LIST}do/offer_command/", posted, follow=True)
    assert text_of(answer).count("Noor is asked to command it.") == 2
    offers = Assignment.objects.filter(user=night, accepted_at=None, ended_at=None)
    assert {row.incident_id for row in offers} == {row.pk for row in three[:2]}


@pytest.mark.parametrize("role", ["responder", "approver", "auditor", "administrator"])
def test_who_does_not_command_does_nothing_to_several(role, as_, three):
    posted = {"incidents": [three[0].pk], "reason": "x"}
    browser = as_(role)
    assert browser.post(f"{LIST}do/dismiss_several/", posted).status_code == 403
    browser.post(LIST, {"action": "dismiss_several", "_selected_action": [1], "index": 0})
    assert set(Incident.objects.values_list("phase", flat=True)) == {"identification"}


def test_an_offer_stands_on_the_dashboard_and_on_the_page_and_is_accepted_there(as_, three, people):
    night = User.objects.create_user("night@desk.test", name="Noor", roles=["commander"])
    people["night"] = night
    made = crew.assign(
        incident_id=three[0].pk,
        role="commander",
        user_id=night.pk,
        note="EU-2 first.",
        by=people.actor("commander"),
        at=NOW,
    )
    browser = as_("night")
    assert "Incident commander asks you to be commander" in text_of(browser.get("/admin/"))
    page = browser.get(page_of(three[0]))
    assert "asks you to be commander. “EU-2 first.”" in text_of(page)
    accept = f"{address(three[0], 'accept_role')}?assignment={made.pk}"
    assert f'href="{accept}"' in page.content.decode()
    shown = text_of(browser.get(accept))
    assert "Incident commander asks you to be commander. “EU-2 first.”" in shown
    answer = browser.post(accept, {"assignment": made.pk}, follow=True)
    assert f"You are commander of {Incident.objects.get(pk=three[0].pk).reference}" in (
        text_of(answer)
    )
    assert "asks you" not in text_of(browser.get("/admin/"))


def test_every_incident_says_who_can_see_it(as_, three, people):
    words = text_of(as_("responder").get(f"{LIST}{three[0].pk}/who/"))
    for role in ("Responder", "Administrator", "Auditor"):
        assert f"role {role}" in words
    assert "Who can see this and why" in text_of(as_("responder").get(page_of(three[0])))
    assert len(sql_of(as_("responder"), f"{LIST}{three[0].pk}/who/")) <= 12


def test_a_drill_is_declared_in_the_dialog_and_plain_on_every_page(as_, people):
    browser = as_("commander")
    posted = {"title": "Ransom drill", "is_exercise": "on", "exercise_tells": "on"}
    browser.post(f"{LIST}do/declare/", posted)
    drill = Incident.objects.get()
    assert (drill.is_exercise, drill.exercise_pages, drill.exercise_tells) == (True, False, True)
    assert "Exercise. It pages nobody and tells partners" in text_of(browser.get(page_of(drill)))
    assert "Exercise Ransom drill" in text_of(browser.get(LIST))
    assert "EXERCISE: Ransom drill" in text_of(browser.get("/admin/"))
    answer = browser.post(f"{LIST}do/declare/", {"title": "x", "exercise_pages": "on"})
    assert "Only an exercise is asked" in text_of(answer)


def test_two_who_step_back_at_once_step_back_once(as_, incident_in):
    incident = incident_in("recovery")
    browser = as_("commander")
    form = {"reason": "Too early.", "seen": "recovery"}
    assert 'value="recovery"' in browser.get(address(incident, "step_back")).content.decode()
    browser.post(address(incident, "step_back"), form)
    answer = browser.post(address(incident, "step_back"), form)
    assert answer.status_code == 422
    assert "Incident commander moved it to Mitigation at" in text_of(answer)
    assert Incident.objects.get(pk=incident.pk).phase == "mitigation"


def test_a_merged_timeline_costs_the_same_whatever_was_merged(as_, declare, people):
    kept = declare(title="Kept")
    kept.refresh_from_db()
    by, browser = people.actor("commander"), as_("commander")

    def merge(number: int) -> None:
        twin = declare(title=f"Twin {number}")
        workflow.dismiss(
            incident_id=twin.pk, reason="Same.", duplicate_of=kept.reference, by=by, at=NOW
        )

    merge(1)
    few = len(sql_of(browser, page_of(kept)))
    for number in range(2, 8):
        merge(number)
    assert few == len(sql_of(browser, page_of(kept))) <= 40
    chips = browser.get(page_of(kept)).content.decode()
    assert all(f'<span class="chip">INC-2026-000{number}</span>' in chips for number in (2, 8))
