"""Fixes and recovery on the desk: their tabs, dialogs, the register, and the soak."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cases import fixes, restoring
from cases.models import Fix, Incident, RecoveryCheck, SeverityRule
from incidentdesk.kernel import clocks
from tests.cases.admin.conftest import address, page_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
PROPOSAL = {
    "kind": "temporary",
    "text": "Restart the feed handler nightly.",
    "change_reference": "CHG-1",
    "test_evidence": "Two nights on staging.",
    "rollback_plan": "Disable the timer.",
    "expires_on": "2999-01-01",
}


@pytest.fixture
def at_now(monkeypatch):
    """`at_now(moment)`: the desk's clock stands there."""
    return lambda moment: monkeypatch.setattr(clocks, "now", lambda: moment)


def test_an_empty_tab_says_what_to_do(as_, incident_in, declare):
    browser = as_("commander")
    words = text_of(browser.get(page_of(incident_in("mitigation")), {"tab": "fixes"}))
    assert "No fix yet. Propose one with its change reference" in words
    words = text_of(browser.get(page_of(declare()), {"tab": "fixes"}))
    assert "Fixes are proposed from Containment on." in words
    words = text_of(browser.get(page_of(incident_in("recovery")), {"tab": "recovery"}))
    for said in (
        "No check yet. Record health checks",
        "Nothing is reconciled yet.",
        "Helix Markets not confirmed yet",
    ):
        assert said in words


@pytest.mark.parametrize("phase", ["containment", "mitigation"])
def test_before_recovery_a_partner_has_not_confirmed_and_is_not_called_silent(
    phase, as_, incident_in
):
    words = text_of(as_("commander").get(page_of(incident_in(phase)), {"tab": "recovery"}))
    said = ("Helix Markets not confirmed yet", "silent for 24 h")
    assert [part in words for part in said] == [True, False]


def test_a_fix_goes_from_proposal_to_replacement_by_clicks(as_, incident_in, people):
    incident = incident_in("mitigation")
    responder, security = as_("responder"), as_("security")
    proposal = {**PROPOSAL, "owner": people["responder"].pk}
    answer = responder.post(address(incident, "propose_fix"), proposal)
    assert answer.status_code == 302, text_of(answer)
    fix = Fix.objects.get()
    assert "second person has to approve" in text_of(responder.post(address(fix, "approve")))
    assert security.post(address(fix, "approve")).status_code == 302
    words = text_of(security.get(page_of(incident), {"tab": "fixes"}))
    assert "CHG-1 temporary approved, expires 1 Jan 2999" in words
    asked = responder.get(address(fix, "replace"))
    assert "No permanent fix of its incident is approved yet" in text_of(asked)
    lasting = {**PROPOSAL, "kind": "permanent", "change_reference": "CHG-2", "expires_on": ""}
    assert security.post(address(incident, "propose_fix"), lasting).status_code == 302
    other = Fix.objects.get(change_reference="CHG-2")
    responder.post(address(other, "approve"))
    assert responder.post(address(fix, "replace"), {"other": other.pk}).status_code == 302
    assert Fix.objects.get(pk=fix.pk).state == "replaced"
    assert "Permanent fix CHG-2" in text_of(responder.get(page_of(fix)))


def test_a_proposal_without_an_owner_is_refused_in_words(as_, incident_in):
    incident = incident_in("mitigation")
    answer = as_("responder").post(address(incident, "propose_fix"), {**PROPOSAL, "owner": ""})
    assert answer.status_code == 422
    assert "A temporary fix needs an owner and a day" in text_of(answer)
    assert "Disable the timer." in text_of(answer)


@pytest.fixture
def overdue(declare, people):
    """`overdue(days=…)`: a temporary fix of its own incident whose last day was so long ago."""

    def make(days: int, reference: str = "CHG-1", text: str = "Restart nightly.") -> Fix:
        then = clocks.now() - timedelta(days=days + 1)
        fix = fixes.propose(
            incident_id=declare(title=f"Of {reference}").pk,
            kind="temporary",
            text=text,
            change_reference=reference,
            test_evidence="Staging.",
            rollback_plan="Stop it.",
            owner_id=people["responder"].pk,
            expires_on=(clocks.now() - timedelta(days=days)).date(),
            by=people.actor("responder"),
            at=then,
        )
        return fixes.approve(fix_id=fix.pk, by=people.actor("security"), at=then)

    return make


def test_the_register_shows_what_is_in_place_overdue_first(as_, overdue, people):
    overdue(-3, "CHG-later")
    overdue(5, "CHG-oldest")
    overdue(1, "CHG-overdue")
    gone = overdue(9, "CHG-accepted")
    fixes.accept(fix_id=gone.pk, reason="Enough.", by=people.actor("commander"), at=clocks.now())
    browser = as_("responder")
    words = text_of(browser.get("/admin/cases/fix/"))
    places = [words.find(name) for name in ("CHG-oldest", "CHG-overdue", "CHG-later")]
    assert places == sorted(places)
    assert -1 not in places
    assert words.count(", overdue") == 2
    assert "CHG-accepted" not in words
    assert "CHG-accepted" in text_of(browser.get("/admin/cases/fix/?shown=all"))
    assert "CHG-oldest" not in text_of(browser.get("/admin/cases/fix/?shown=proposed"))
    assert "CHG-oldest" in text_of(browser.get("/admin/cases/fix/?mine=1"))
    assert "CHG-oldest" not in text_of(as_("security").get("/admin/cases/fix/?mine=1"))


def test_an_overdue_fix_says_so_and_what_to_do(as_, overdue):
    fix = overdue(2)
    words = text_of(as_("commander").get(page_of(fix)))
    assert "and is still in place. Replace it with an approved permanent fix" in words
    badge = as_("auditor").get("/admin/").content.decode()
    assert 'data-waiting="cases.Fix"' in badge


def test_checks_are_recorded_and_the_newest_of_a_name_counts(as_, incident_in, people):
    incident, browser = incident_in("recovery"), as_("responder")
    moment = f"{NOW:%Y-%m-%dT%H:%M}"
    for name, passed, result in (
        ("Reject ratio", "no", "9 %"),
        ("reject ratio", "yes", "0.1 %"),
        ("Latency", "yes", "4 ms"),
    ):
        form = {"name": name, "passed": passed, "result": result, "checked_at": moment}
        answer = browser.post(address(incident, "record_check"), form, headers={"X-Dialog": "1"})
        assert answer["X-Location"] == f"{page_of(incident)}?tab=recovery"
    assert list(RecoveryCheck.objects.values_list("passed", flat=True)) == [False, True, True]
    words = text_of(browser.get(page_of(incident), {"tab": "recovery"}))
    assert "0.1 %" in words
    assert "9 %" not in words


def test_a_comparison_and_the_exposure_are_recorded(as_, incident_in):
    incident = incident_in("recovery")
    form = {"what": "Orders against drop copy", "compared": "120", "differences": "2"}
    refused = as_("responder").post(address(incident, "reconcile"), form)
    assert "List each difference" in text_of(refused)
    form["listed"] = "#7 and #9, booked again."
    assert as_("responder").post(address(incident, "reconcile"), form).status_code == 302
    exposure = {"text": "Drop copy is not encrypted."}
    assert (
        as_("commander").post(address(incident, "residual_exposure"), exposure).status_code == 302
    )
    words = text_of(as_("responder").get(page_of(incident), {"tab": "recovery"}))
    assert "Orders against drop copy #7 and #9, booked again. 2 120" in words
    assert "Drop copy is not encrypted." in words


@pytest.mark.parametrize("role", ["communications", "responder"])
def test_either_right_lets_one_note_that_a_partner_confirmed(role, as_, incident_in):
    incident, browser = incident_in("recovery"), as_(role)
    involvement = incident.involvements.get()
    tab = browser.get(page_of(incident), {"tab": "recovery"}).content.decode()
    assert f"confirm_partner/?involvement={involvement.pk}" in tab
    form = {"involvement": involvement.pk, "who": "Ada, by phone"}
    assert browser.post(address(incident, "confirm_partner"), form).status_code == 302
    words = text_of(browser.get(page_of(incident), {"tab": "recovery"}))
    assert "Helix Markets confirmed" in words
    assert "Ada, by phone" in words


def test_the_page_says_how_long_the_soak_still_runs(as_, incident_in, walk, at_now):
    incident = incident_in("recovery")
    SeverityRule.objects.filter(severity=incident.severity).update(soak_minutes=60)
    browser = as_("responder")
    assert "Soak" not in text_of(browser.get(page_of(incident)))
    Incident.objects.filter(pk=incident.pk).update(recovered_at=NOW)
    at_now(NOW + timedelta(minutes=25))
    words = text_of(browser.get(page_of(incident)))
    assert "Soak 35 min left until 10:41 · 1 h in band" in words
    assert "Soak: 35 min left" in text_of(browser.get(page_of(incident), {"tab": "recovery"}))
    at_now(NOW + timedelta(minutes=60))
    assert "Soak over since 10:41 · 1 h in band" in text_of(browser.get(page_of(incident)))


def test_silence_is_said_to_be_silence(as_, incident_in, walk, at_now):
    incident = incident_in("recovery")
    step = walk(incident)
    step.at = NOW + timedelta(hours=6)
    sent: Any = step.notify("update").sent_at
    at_now(sent + timedelta(hours=24))
    words = text_of(as_("commander").get(page_of(incident), {"tab": "recovery"}))
    assert "Helix Markets silent for 24 h after two notices" in words
    restoring.confirm_partner(
        incident_id=incident.pk,
        involvement_id=incident.involvements.get().pk,
        who="Ada",
        by=step.commander,
        at=sent + timedelta(hours=25),
    )
