"""Facts packages on the desk: what one would leave open, what was handed, as JSON and as a PDF."""

from __future__ import annotations

import pytest

from cases import packages, restriction
from cases.admin.page import pdf
from cases.models import FactsPackage
from incidentdesk.kernel.models import AuditEvent
from tests.cases.admin.conftest import address, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(incident_in):
    return incident_in("mitigation")


@pytest.fixture
def made(incident, people):
    return packages.hand_over(
        incident_id=incident.pk,
        involvement_id=incident.involvements.get().pk,
        stage="initial",
        figures=packages.Figures(text="Quotes were late.", clients=1200),
        details={"2.10": "More follows."},
        by=people.actor("communications"),
        at=NOW,
    )


def place(incident, made, end=""):
    return f"/admin/cases/incident/{incident.pk}/facts/{made.pk}/{end}"


def test_the_dialog_says_before_what_the_package_would_leave_open(incident, as_):
    browser, row = as_("communications"), incident.involvements.get()
    words = text_of(browser.get(address(incident, "hand_over_facts"), {"involvement": row.pk}))
    assert "What it would leave open of the DORA report" in words
    assert "2.1 Reference of the financial entity the partner's" in words
    typed = {"involvement": row.pk, "stage": "final", "text": "x", "field_4_6": "Rolled back."}
    words = text_of(browser.get(f"/admin/cases/incident/{incident.pk}/prepared/", typed))
    assert "4.5 About the root causes ours to say" in words
    assert "4.6 How it was resolved" not in words
    assert FactsPackage.objects.count() == 0
    answer = as_("responder").get(f"/admin/cases/incident/{incident.pk}/prepared/", typed)
    assert answer.status_code == 404


def test_what_was_entered_for_one_package_begins_the_next(incident, as_):
    browser, row = as_("communications"), incident.involvements.get()
    typed = {
        "involvement": row.pk,
        "stage": "interim",
        "text": "Quotes were late.",
        "clients": 3,
        "field_3_23": ["system_failure"],
        "field_3_33": "yes",
        "field_3_34": "Rerouted.",
    }
    answer = browser.post(address(incident, "hand_over_facts"), typed)
    assert answer.status_code == 302, text_of(answer)
    report = FactsPackage.objects.get().report
    assert report["impactAssessment"]["serviceImpact"] == {
        "isTemporaryActionsMeasuresForRecovery": True,
        "descriptionOfTemporaryActionsMeasuresForRecovery": "Rerouted.",
    }
    page = browser.get(address(incident, "hand_over_facts"), {"involvement": row.pk}).text
    assert "Rerouted.</textarea>" in page
    assert '<option value="yes" selected>yes</option>' in page


def test_its_page_lists_fields_and_gaps(incident, made, as_):
    words = text_of(as_("auditor").get(place(incident, made)))
    assert "2.10 Other information More follows." in words
    assert "2.3 Date and time of classification as major the partner's" in words
    assert AuditEvent.objects.filter(action="read", about=incident.about).exists()


def test_the_report_is_downloaded_as_it_is_stored_and_that_is_recorded(incident, made, as_):
    answer = as_("responder").get(place(incident, made, "report.json"))
    assert answer.json() == FactsPackage.objects.get().report
    assert answer["Content-Disposition"] == (f'attachment; filename="{made.reference}-report.json"')
    line = AuditEvent.objects.get()
    assert (line.action, line.about) == ("exported", incident.about)
    assert line.detail == {"name": made.reference, "kind": "JSON"}


def test_the_pdf_is_drawn(incident, made, as_):
    if pdf.missing():
        pytest.skip(pdf.missing())
    answer = as_("responder").get(place(incident, made, "facts.pdf"))
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_without_pango_it_leads_back_to_the_page(incident, made, as_, monkeypatch):
    monkeypatch.setattr(pdf, "missing", lambda: pdf.MISSING)
    answer = as_("responder").get(place(incident, made, "facts.pdf"))
    assert answer["Location"] == place(incident, made)


def test_a_package_of_another_or_a_restricted_incident_is_not_there(
    incident, made, as_, declare, people
):
    other = declare(title="Another")
    for end in ("", "report.json", "facts.pdf"):
        assert as_("responder").get(place(other, made, end)).status_code == 404
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[],
        reason="An insider.",
        by=people.actor("commander"),
        at=NOW,
    )
    for end in ("", "report.json", "facts.pdf"):
        assert as_("security").get(place(incident, made, end)).status_code in (302, 404)
