"""The tab and the dialogs that classify: a live answer, one row a decision, one party at a time."""

from __future__ import annotations

import pytest

from cases import disclosure, restriction
from cases.models import Classification
from tests.cases.admin.conftest import sql_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
MAJOR = {
    "supports_critical": "yes",
    "clients_share_0": "12.5",
    "clients_share_1": "estimate",
    "member_states": "de, FR",
    "duration_0": "60",
    "reason": "As counted.",
    "party": "us",
}


def url(incident, regime="dora"):
    return f"/admin/cases/incident/{incident.pk}/do/classify_{regime}/"


def preview(incident, regime="dora"):
    return f"/admin/cases/incident/{incident.pk}/classified/{regime}/"


@pytest.fixture
def involve(people):
    def add(incident, partner):
        return disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=partner.pk,
            title="Delayed quotes",
            meaning="Use EU-1.",
            severity=2,
            by=people.actor("commander"),
            at=NOW,
        )

    return add


def test_the_dialog_says_what_would_be_decided_and_changes_nothing(as_, declare):
    incident, browser = declare(), as_("commander")
    words = text_of(browser.get(url(incident)))
    assert "For us, for the first time." in words
    assert "Cannot be decided yet" in words
    words = text_of(browser.get(preview(incident), MAJOR))
    assert "Major Art. 6(a), Art. 9(1)(a)" in words
    assert "on estimates" in words
    words = text_of(
        browser.get(preview(incident), {"supports_critical": "yes", "duration_0": "60"})
    )
    assert "What would decide it:" in words
    assert "Clients: share of all who use the service (%)" in words
    words = text_of(browser.get(preview(incident), MAJOR | {"member_states": "DE, XX"}))
    assert "Cannot be decided yet" in words  # what is wrong is not known
    assert Classification.objects.count() == 0


def test_a_decision_is_saved_shown_with_its_history_and_begins_the_next(as_, declare):
    incident, browser = declare(), as_("commander")
    answer = browser.post(url(incident), MAJOR)
    assert answer.status_code == 302
    row = Classification.objects.get()
    assert (row.outcome, row.inputs["member_states"]) == ("yes", ["FR", "DE"])
    page = browser.get(url(incident)).text
    assert 'name="clients_share_0" value="12.5"' in page
    assert "FR, DE" in page
    browser.post(url(incident), MAJOR | {"supports_critical": "no"})
    words = text_of(browser.get(f"{incident.url}?tab=classification"))
    assert "Cannot be decided yet" in words
    assert "Decided before 1" in words
    assert "As counted." in words


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"member_states": "DE, XX"}, "There is no Member State XX"),
        ({"clients_share_0": "101"}, "less than or equal to 100"),
        ({"data_losses": ["none", "integrity"]}, "Either some of them, or none."),
        ({"reason": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(as_, declare, wrong, said):
    incident = declare()
    answer = as_("commander").post(url(incident), MAJOR | wrong)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert Classification.objects.count() == 0


def test_none_is_an_answer_and_nothing_ticked_is_not(as_, declare):
    incident, browser = declare(), as_("commander")
    browser.post(url(incident), MAJOR | {"data_losses": ["none"], "member_states": "none"})
    inputs = Classification.objects.get().inputs
    assert (inputs["data_losses"], inputs["member_states"]) == ([], [])
    assert "reputation" not in inputs
    page = browser.get(url(incident)).text
    assert 'value="none"' in page


def test_each_partner_has_its_own_answers(as_, declare, involve, helix, norrbank):
    incident, browser = declare(), as_("commander")
    one, other = involve(incident, helix), involve(incident, norrbank)
    browser.post(url(incident), MAJOR | {"party": str(one.pk)})
    page = browser.get(url(incident), {"party": other.pk})
    assert "For Norrbank Securities, for the first time." in text_of(page)
    assert 'value="12.5"' not in page.text
    assert Classification.objects.get().partner == helix
    elsewhere = involve(declare(title="Another"), norrbank)
    answer = browser.post(url(incident), MAJOR | {"party": str(elsewhere.pk)})
    assert answer.status_code == 422


def test_gdpr_and_nis2_have_their_own_dialogs(as_, declare):
    incident, browser = declare(), as_("security")
    browser.post(
        url(incident, "gdpr"), {"party": "us", "personal_data": "", "reason": "Logs are read."}
    )
    browser.post(url(incident, "nis2"), {"party": "us", "unavailable_0": "31", "reason": "Down."})
    found = Classification.objects.order_by("id").values_list("regime", "outcome")
    assert list(found) == [("gdpr", "open"), ("nis2", "yes")]


def test_who_may_not_classify_reads_the_tab_and_has_no_dialog(as_, declare):
    incident = declare()
    for key in ("responder", "auditor", "communications"):
        browser = as_(key)
        words = text_of(browser.get(f"{incident.url}?tab=classification"))
        assert "Not decided yet." in words
        assert f"{url(incident)}?party=us" not in browser.get(incident.url).text
        assert browser.get(url(incident)).status_code == 403
        assert browser.post(url(incident), MAJOR).status_code == 403
        assert browser.get(preview(incident), MAJOR).status_code == 404
    assert Classification.objects.count() == 0


def test_the_tab_costs_the_same_with_many_partners_and_decisions(
    as_, declare, involve, helix, norrbank
):
    incident, browser = declare(), as_("commander")
    involve(incident, helix)
    tab = f"{incident.url}?tab=classification"
    few = len(sql_of(browser, tab))
    row = involve(incident, norrbank)
    for share in ("11", "12", "13"):
        browser.post(url(incident), MAJOR | {"clients_share_0": share})
        browser.post(url(incident), MAJOR | {"clients_share_0": share, "party": str(row.pk)})
    browser.get(tab)  # says what was done, once
    assert len(sql_of(browser, tab)) == few


def test_nobody_reads_the_answers_of_a_restricted_incident(as_, declare, people):
    incident = declare()
    as_("commander").post(url(incident), MAJOR)
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[],
        reason="An insider.",
        by=people.actor("commander"),
        at=NOW,
    )
    for path in (url(incident), preview(incident), f"{incident.url}?tab=classification"):
        assert as_("security").get(path).status_code in (302, 404)
