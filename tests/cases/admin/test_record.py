"""The whole record on one page, printed or as a PDF."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases import classification, packages, timeline
from cases.admin.page import audited, pdf
from cases.models import AxisLevel, Entry, Incident
from incidentdesk.kernel.models import AuditEvent
from incidentdesk.kernel.pdf import draw
from tests.cases.admin.conftest import sql_of, text_of
from tests.conftest import NOW


def _print(incident) -> str:
    return f"/admin/cases/incident/{incident.pk}/print/"


def test_the_record_holds_everything_in_order(as_, incident_in):
    incident = incident_in("review")
    words = text_of(as_("commander").get(_print(incident)))
    wanted = [
        f"{incident.reference} Stale prices",
        "Facts",
        "Evaluation",
        "Phases",
        "Deadlines",
        "quote-gw-eu-2",
        "Helix Markets SEV-",
        "Tasks",
        "As the runbook says.",
        "Notices",
        "Quotes were delayed.",
        "The incident no longer grows, since when, and by which metric signed",
        "Evidence",
        "Timeline",
    ]
    places = [words.index(part) for part in wanted]
    assert places == sorted(places)
    head = incident.timeline_head
    assert [f"{e.hash}" in words for e in incident.entries.all()] == [True] * head.sequence
    assert words.count(head.hash) == 2  # at its entry, and at the end


def test_the_record_holds_what_an_auditor_asks_for(as_, incident_in, people):
    incident = incident_in("mitigation")
    row, by = incident.involvements.get(), people.actor("commander")
    for share in ("9", "12.5"):
        classification.classify(
            incident_id=incident.pk,
            involvement_id=row.pk,
            regime="dora",
            answers={"supports_critical": True, "clients_share": share, "member_states": ["DE"]},
            reason=f"Counted {share}.",
            by=by,
            at=incident.entries.latest("at").at,
        )
    packages.hand_over(
        incident_id=incident.pk,
        involvement_id=row.pk,
        stage="initial",
        figures=packages.Figures(text="Quotes were late.", clients=3),
        by=by,
        at=NOW,
    )
    words = text_of(as_("auditor").get(_print(incident)))
    wanted = [
        "DORA: cannot be decided yet for Helix Markets, a recommendation",
        "Counted 9.",
        "Counted 12.5.",
        "Clients: share of all who use the service (%): 12.5 %",
        "Proof of what was told",
        "email to contact@helix.test",
        "HELIX-FACTS-2026-0001",
        "Review It was not begun.",
        "version 2 of what it covers; the recipe is “Checking an export with nothing of the desk”",
        "the chain is whole. No checkpoint has seen it yet.",
    ]
    places = [words.index(part) for part in wanted]
    assert places == sorted(places)


def test_the_recipe_that_the_record_names_stands_in_the_documentation():
    path = Path(__file__).parents[3] / "docs" / "timeline.md"
    assert f"## {audited.RECIPE}\n" in path.read_text(encoding="utf-8")


def test_an_axis_is_named_once_answered_or_open(as_, incident_in):
    incident = incident_in("containment")
    Incident.objects.filter(pk=incident.pk).update(scope=None)
    words = text_of(as_("commander").get(_print(incident)))
    assert [words.count(f"{name} {name}") for name in ("Impact", "Scope", "Urgency")] == [0, 0, 0]
    impact = AxisLevel.objects.get(axis="impact", value=incident.impact)
    assert f"Impact {impact}" in words
    assert "Scope open: counts as S3 until answered" in words


@pytest.mark.asvs("1.2.1 1.3.1", 13)
@pytest.mark.mistake(3)
def test_a_text_of_the_record_is_never_markup(as_, declare, people):
    incident = declare(title="<script>alert(1)</script>")
    page = as_("responder").get(_print(incident)).content.decode()
    assert "<script>" not in page


def test_that_a_record_was_taken_is_recorded_and_an_auditor_s_reading_too(as_, declare):
    incident = declare()
    as_("responder").get(_print(incident))
    lines = AuditEvent.objects.order_by("id").values_list("action", "about", "detail__kind")
    assert list(lines.all()) == [("exported", incident.about, "print")]
    as_("auditor").get(_print(incident))
    assert list(lines.all())[1:] == [
        ("read", incident.about, None),
        ("exported", incident.about, "print"),
    ]


def test_who_may_not_read_gets_no_record(client, people, helix, declare):
    incident = declare()
    client.force_login(people["helix"])
    for way in ("print", "pdf", "live"):
        answer = client.get(f"/admin/cases/incident/{incident.pk}/{way}/")
        assert answer.status_code in (302, 403, 404)


def test_the_record_costs_the_same_with_many_entries(as_, declare, people):
    incident, browser = declare(), as_("responder")
    few = len(sql_of(browser, _print(incident)))
    for number in range(30):
        timeline.record(
            incident, Entry.Kind.UPDATE, f"{number}.", by=people.actor("responder"), at=NOW
        )
    assert few == len(sql_of(browser, _print(incident))) <= 40


def test_the_pdf_holds_the_record_and_fetches_nothing(as_, incident_in):
    if pdf.missing():
        pytest.skip(pdf.missing())
    incident = incident_in("containment")
    answer = as_("commander").get(f"/admin/cases/incident/{incident.pk}/pdf/")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="{incident.reference}.pdf"'
    )
    assert answer.content.startswith(b"%PDF-")
    drawn = draw('<img src="file:///etc/passwd"><img src="http://localhost:1/x.png">')
    assert drawn.startswith(b"%PDF-")


def test_without_pango_the_page_says_so_and_the_print_view_works(as_, declare, monkeypatch):
    incident, browser = declare(), as_("responder")
    monkeypatch.setattr(pdf, "missing", lambda: pdf.MISSING)
    assert "needs Pango" in text_of(browser.get(incident.url))
    answer = browser.get(f"/admin/cases/incident/{incident.pk}/pdf/")
    assert answer.headers["Location"] == _print(incident)
    assert "A PDF needs Pango" in text_of(browser.get(_print(incident)))
