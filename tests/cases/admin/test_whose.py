"""What staff read of partners on an incident: whose notice is late, who saw what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import disclosure, notices, packages, receipts
from cases.models import Deadline, Incident, Involvement
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.models import User
from notifications import outbox
from partners.models import Contact, Partner
from tests.cases.admin.conftest import address, page_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
DUE = NOW + timedelta(hours=2)


@pytest.fixture
def incident(incident_in, people) -> Incident:
    """Helix is involved; the first notice is due in two hours."""
    made = incident_in("containment")
    Deadline.objects.filter(incident=made, kind="first_notice").update(
        due_at=DUE, met_at=None, is_dropped=False
    )
    return made


@pytest.fixture
def list_partner(incident, people):
    def call(partner: Partner):
        return disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=partner.pk,
            title="Late fills",
            meaning="Check your fills.",
            severity=3,
            by=people.actor("communications"),
            at=NOW,
        )

    return call


def clock_of(browser, incident) -> tuple[str, str, str]:
    page = browser.get(page_of(incident))
    found = [one for one in page.context["clocks"] if "notice" in one.label]
    return found[0].label, found[0].value, found[0].state


def test_a_late_first_notice_says_whose_it_is(incident, as_, monkeypatch):
    monkeypatch.setattr(clocks, "now", lambda: DUE + timedelta(minutes=12))
    found = clock_of(as_("commander"), incident)
    assert found == ("Helix Markets: first notice", "12 min late", "late")


def test_our_own_target_names_the_contract_that_is_due_first_beside_it(
    incident, as_, monkeypatch, list_partner, norrbank
):
    list_partner(norrbank)
    Deadline.objects.filter(incident=incident, involvement__partner=norrbank).update(
        due_at=NOW + timedelta(minutes=40)
    )
    monkeypatch.setattr(clocks, "now", lambda: NOW)

    def foot() -> str:
        page = as_("commander").get(page_of(incident))
        return next(one.foot for one in page.context["clocks"] if "notice" in one.label)

    assert foot().endswith(" · earliest contract clock: Norrbank Securities, 40 min left")
    monkeypatch.setattr(clocks, "now", lambda: NOW + timedelta(minutes=45))
    assert foot().endswith(" · earliest contract clock: Norrbank Securities, 5 min overdue")


def test_a_partner_s_line_says_when_it_was_told_first_and_last(incident, as_, walk, monkeypatch):
    monkeypatch.setattr(clocks, "now", lambda: NOW + timedelta(hours=2))
    browser, step = as_("commander"), walk(incident)

    def told() -> str:
        (row,) = browser.get(page_of(incident)).context["partners"]
        return row.told

    assert told() == "Not told yet"
    at = f"{step.notify('first').sent_at:%H:%M}"
    assert told() == f"Told {at}, not acknowledged yet"
    last = step.notify("update")
    words = f"First told {at} · last notice {last.sent_at:%H:%M}"
    assert told() == f"{words}, not acknowledged yet"
    copy = last.copies.get()
    copy.acknowledged_at, copy.acknowledged_by = NOW, "Ada"
    copy.save()
    assert told() == f"{words}, acknowledged 09:41"
    for page in (page_of(incident), f"{page_of(incident)}?tab=partners"):
        assert f"{words}, acknowledged 09:41" in text_of(browser.get(page))


def test_what_was_told_before_anybody_decided_says_so(incident, as_, walk):
    walk(incident).notify("first")
    Involvement.objects.update(decision="", decided_at=None, decided_by=None, decision_reason="")
    for page in (f"{page_of(incident)}?tab=partners", f"/admin/cases/incident/{incident.pk}/told/"):
        for who in ("commander", "responder"):
            words = text_of(as_(who).get(page))
            said = ("Told; the reason is not on record yet" in words, "Not decided yet" in words)
            assert said == (True, False), (page, who)


def test_the_notices_tab_shows_a_notice_as_it_is_read(incident, as_, walk, people):
    notices.draft(
        incident_id=incident.pk,
        kind="first",
        body="{title}. {meaning}",
        involvement_ids=[incident.involvements.get().pk],
        by=people.actor("communications"),
        at=NOW,
    )
    row = incident.involvements.get()
    (shown,) = as_("responder").get(f"{page_of(incident)}?tab=notices").context["notices"]
    assert shown["text"] == f"{row.title}. {row.meaning}"


def test_of_several_the_first_is_named_and_the_others_counted(
    incident, as_, monkeypatch, list_partner, norrbank
):
    list_partner(norrbank)
    list_partner(Partner.objects.create(name="Tidewater FX", code="TIDE"))
    monkeypatch.setattr(clocks, "now", lambda: DUE + timedelta(minutes=12))
    found = clock_of(as_("commander"), incident)
    assert found[0] == "Helix Markets and 2 more: first notice"


def test_who_was_told_in_time_is_not_named(
    incident, as_, monkeypatch, walk, list_partner, norrbank
):
    walk(incident).notify("first")
    list_partner(norrbank)
    Deadline.objects.filter(kind="first_notice").update(met_at=None)
    monkeypatch.setattr(clocks, "now", lambda: DUE + timedelta(minutes=12))
    assert clock_of(as_("commander"), incident)[0] == "Norrbank Securities: first notice"
    Deadline.objects.filter(kind="first_notice").update(met_at=NOW)
    assert clock_of(as_("commander"), incident)[0] == "First partner notice"


def test_what_is_not_decided_leads_to_the_decision_about_that_partner(
    incident, as_, list_partner, norrbank
):
    row = list_partner(norrbank)
    for page in (f"{page_of(incident)}?tab=partners", f"/admin/cases/incident/{incident.pk}/told/"):
        link = f"{address(incident, 'decide_notice')}?partners={row.pk}"
        assert f'href="{link}"' in as_("commander").get(page).content.decode()
        assert "Not decided yet" in text_of(as_("responder").get(page))
        assert link not in as_("responder").get(page).content.decode()
    form = as_("commander").get(link).context["form"]
    assert str(row.pk) in form["partners"].value()


def test_the_notices_tab_says_to_whom_and_whether_they_saw_it(
    incident, as_, walk, people, list_partner, norrbank
):
    list_partner(norrbank)
    User.objects.filter(pk=people["helix"].pk).update(name="Ada")
    sent = walk(incident).notify("first")
    browser, tab = as_("responder"), f"{page_of(incident)}?tab=notices"

    def said() -> list[tuple[str, str]]:
        rows = browser.get(tab).context["notices"]
        return [(one["name"], one["words"]) for one in rows[0]["to"]]

    nobody = "nobody has opened it"
    assert said() == [("Helix Markets", nobody), ("Norrbank Securities", nobody)]
    ada = access.actor_for(
        User.objects.get(pk=people["helix"].pk), partner_id=Partner.objects.get(code="HELIX").pk
    )
    copy = sent.copies.get(partner__code="HELIX")
    receipts.note_opened(copy_ids=[copy.pk], by=ada, at=NOW)
    assert said() == [
        ("Helix Markets", "opened by 1 person, not acknowledged"),
        ("Norrbank Securities", nobody),
    ]
    copy.acknowledged_at, copy.acknowledged_by = NOW, "Ada"
    copy.save()
    assert said()[0] == ("Helix Markets", "acknowledged 4 Mar 09:41 by Ada")


def test_the_facts_on_the_partners_tab_lead_to_what_was_handed_over(
    incident, as_, walk, people, norrbank
):
    walk(incident).notify("first")
    made = packages.hand_over(
        incident_id=incident.pk,
        involvement_id=incident.involvements.get().pk,
        stage="initial",
        figures=packages.Figures(text="Quotes were late.", clients=1200),
        by=people.actor("communications"),
        at=NOW,
    )
    browser = as_("responder")
    page = f"/admin/cases/incident/{incident.pk}/facts/{made.pk}/"
    assert f'href="{page}"' in browser.get(f"{page_of(incident)}?tab=partners").content.decode()
    words = text_of(browser.get(page))
    assert "First facts package HELIX-FACTS-2026-0001" in words
    assert "Quotes were late." in words
    assert "Clients affected 1,200" in words
    assert "Transactions affected not known" in words


def test_facts_without_a_figure_are_handed_over_only_by_saying_so(incident, as_, walk):
    walk(incident).notify("first")
    browser, involvement = as_("communications"), incident.involvements.get()
    way = address(incident, "hand_over_facts")
    typed = {"involvement": involvement.pk, "stage": "initial", "text": "Quotes were late."}
    refused = browser.post(way, typed)
    said = "It holds no figure yet; enter what is known, or say that there is none so far."
    assert (refused.status_code, said in text_of(refused)) == (422, True)
    assert "Quotes were late." in text_of(refused)
    assert involvement.packages.count() == 0
    assert browser.post(way, {**typed, "without_figures": "on"}).status_code == 302
    assert incident.entries.latest("sequence").body.endswith("No figures yet.")


def test_a_mail_that_was_not_sent_on_purpose_says_why(incident, as_, walk):
    with outbox.quiet():
        walk(incident).notify("first")
    words = text_of(as_("responder").get(f"/admin/cases/incident/{incident.pk}/told/"))
    assert f"not sent on purpose {outbox.QUIET}" in words


def test_facts_of_another_incident_or_of_none_are_not_found(incident, as_, walk, people, declare):
    walk(incident).notify("first")
    made = packages.hand_over(
        incident_id=incident.pk,
        involvement_id=incident.involvements.get().pk,
        stage="initial",
        figures=packages.Figures(text="Quotes were late."),
        without_figures=True,
        by=people.actor("communications"),
        at=NOW,
    )
    browser, other = as_("responder"), declare()
    for pair in ((other.pk, made.pk), (incident.pk, 999999), (999999, made.pk)):
        assert browser.get("/admin/cases/incident/{}/facts/{}/".format(*pair)).status_code == 404
    assert Contact.objects.filter(partner__code="HELIX").exists()
    helix = as_("helix")
    answer = helix.get(f"/admin/cases/incident/{incident.pk}/facts/{made.pk}/")
    assert answer.status_code in (302, 404)


def test_the_page_of_who_was_told_says_what_counts_as_opened(incident, as_):
    words = text_of(as_("responder").get(f"/admin/cases/incident/{incident.pk}/told/"))
    assert "or took the incident's record as a file (PDF or JSON)" in words
    assert "Acknowledging counts as opened." in words


@pytest.mark.parametrize(
    ("address_of", "title"),
    [
        ("cases/incident", "Incidents"),
        ("cases/report", "Partner reports"),
        ("cases/notice", "Notices"),
        ("cases/fix", "Temporary fixes"),
        ("partners/terms", "Contract terms"),
        ("kernel/auditevent", "Audit trail"),
    ],
)
def test_a_list_is_titled_by_what_it_lists(address_of, title, people, as_):
    people["auditor"].roles = ["auditor", "administrator"]
    people["auditor"].save()
    page = as_("auditor").get(f"/admin/{address_of}/")
    assert page.context["title"] == title
    assert f"<title>{title}" in " ".join(page.content.decode().split()).replace(
        "<title> ", "<title>"
    )
    assert "to view" not in text_of(page)


def test_the_audit_trail_is_not_counted(as_):
    browser = as_("auditor")
    for page in ("/admin/kernel/auditevent/", "/admin/kernel/auditevent/?q=auditor"):
        words = text_of(browser.get(page))
        assert "9999999999" not in words
        assert "results" not in words
