"""A report is saved as it is typed, for the one who types; files and how sure they are go along."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cases.intake import reports
from cases.models import Entry, Report, ReportDraft, SharedFile
from incidentdesk.kernel import grants
from incidentdesk.kernel.models import User
from partners.models import Contact
from tests.partners.conftest import Both, Side, Telling, leaks
from tests.partners.test_reports import typed
from tests.partners.test_serving_two import value_on

pytestmark = pytest.mark.django_db
FORM, DRAFT, DISCARD = "/portal/report/", "/portal/report/draft/", "/portal/report/draft/discard/"


def colleague(side: Side, right: str = "act") -> Client:
    """A second person of the partner, logged in."""
    user = User.objects.create_user(f"{right}@{side.word.lower()}.test", name="Colleague")
    Contact.objects.create(partner=side.partner, user=user, name=user.name, email=user.email)
    grants.grant(user, right, side.partner)
    client = Client()
    client.force_login(user)
    return client


def kept() -> list[tuple[str, str]]:
    """What is kept, and whose it is."""
    return list(ReportDraft.objects.order_by("id").values_list("partner__code", "title"))


def test_what_was_saved_for_later_stands_in_the_form_again(both: Both) -> None:
    begun = typed(title="ALDER half a", description="", noticed_at="20", certainty="suspected")
    response = both.a.client.post(DRAFT, begun, follow=True)
    assert response.redirect_chain == [(FORM, 302)]
    assert "Saved. It waits here until you send or discard it; only you see it." in response.text
    text = both.a.client.get(FORM).text
    assert 'value="ALDER half a"' in text
    assert '<option value="outage" selected>' in text
    assert '<option value="suspected" selected>' in text
    assert 'value="20"' in text
    assert kept() == [("ALDER", "ALDER half a")]


def test_its_times_stay_the_same_moments_when_the_zone_is_changed(both: Both) -> None:
    begun = typed(title="ALDER half", noticed_at="2026-02-03T04:05", happened_at="yesterday")
    both.a.client.post(DRAFT, begun)
    changed = {"mailed": [], "zone": "Asia/Tokyo", "style": "gb"}
    both.a.client.post("/portal/preferences/", changed)
    text = both.a.client.get(FORM).text
    assert 'value="2026-02-03T13:05"' in text
    assert 'value="yesterday"' in text
    sent = typed(title="ALDER whole", noticed_at="2026-02-03T13:05", happened_at="")
    both.a.client.post(FORM, sent)
    made = Report.objects.get(title="ALDER whole")
    assert made.noticed_at == datetime.fromisoformat("2026-02-03T04:05:00+00:00")


@pytest.mark.parametrize("half", ["0001-01-01T00:00", "9999-12-31T23:59", "0202-03-04T05:06"])
def test_half_a_year_s_number_breaks_no_form(both: Both, half: str) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Midway"):
        chosen = {"mailed": [], "zone": zone, "style": "gb"}
        both.a.client.post("/portal/preferences/", chosen)
        both.a.client.post(DRAFT, typed(title="ALDER half", noticed_at=half))
        page = both.a.client.get(FORM)
        assert (page.status_code, f'value="{half}"' in page.text) == (200, True)


def test_the_list_of_reports_speaks_of_it_to_whoever_began_it(both: Both) -> None:
    both.a.client.post(DRAFT, typed(title="ALDER half a"))
    both.b.client.post(DRAFT, typed(title="BIRCH half a"))
    reports_of_it = both.a.client.get("/portal/reports/").text
    assert "go on with “ALDER half a”" in reports_of_it
    assert not leaks(reports_of_it, "BIRCH")
    assert "You began a report" not in colleague(both.a).get("/portal/reports/").text


@pytest.mark.parametrize(
    ("times", "field", "sentence"),
    [
        ({"noticed_at": "2999-01-01T00:00"}, "noticed_at", "Give a time that somebody alive"),
        ({"noticed_at": "2099-01-01T00:00"}, "noticed_at", "You cannot have noticed it in the fut"),
        (
            {"noticed_at": "2026-01-01T00:00", "happened_at": "2026-01-02T00:00"},
            "happened_at",
            "It cannot have happened after you noticed it",
        ),
    ],
)
def test_a_time_that_is_wrong_is_marked_at_its_field(
    both: Both, times: dict[str, str], field: str, sentence: str
) -> None:
    response = both.a.client.post(FORM, typed(**times))
    assert response.status_code == 422
    (errors,) = re.findall(rf'id="id_{field}_error">(.*?)</div>', response.text)
    assert sentence in errors
    assert response.text.count(sentence) == 1


def test_a_later_saving_takes_the_place_of_the_former(both: Both) -> None:
    both.a.client.post(DRAFT, typed(title="First"))
    both.a.client.post(DRAFT, typed(title="Second"))
    assert kept() == [("ALDER", "Second")]


def test_a_script_that_saves_reads_when_and_leaves_no_message(both: Both) -> None:
    client = both.a.client
    response = client.post(DRAFT, {**typed(title="Typing"), "quiet": "1"}, follow=True)
    assert response.redirect_chain == [(DRAFT, 302)]
    assert re.fullmatch(r"Saved \d\d:\d\d:\d\d", response.text)
    assert 'class="banner' not in client.get(FORM).text
    response = client.post(DRAFT, {"quiet": "1", "title": " "}, follow=True)
    assert (response.text, kept()) == ("", [])


def test_what_cannot_be_sent_is_kept_all_the_same(both: Both) -> None:
    strange = typed(title="x" * 500, description="y" * 30_000 + "\0", category="nonsense")
    both.a.client.post(DRAFT, strange)
    made = ReportDraft.objects.get()
    assert (len(made.title), len(made.description), made.category) == (500, 30_000, "nonsense")
    assert both.a.client.get(FORM).status_code == 200


def test_nobody_else_reads_it_neither_a_colleague_nor_another_partner(both: Both) -> None:
    both.a.client.post(DRAFT, typed(title="ALDER secret"))
    both.b.client.post(DRAFT, typed(title="BIRCH secret"))
    second = colleague(both.a)
    assert not leaks(
        second.get(FORM).text + second.get(DRAFT).text, "secret", "Saved 2", "Discard what I began"
    )
    second.post(DISCARD)
    assert not leaks(both.a.client.get(FORM).text, "BIRCH")
    assert kept() == [("ALDER", "ALDER secret"), ("BIRCH", "BIRCH secret")]


def test_it_can_be_discarded(both: Both) -> None:
    both.a.client.post(DRAFT, typed(title="ALDER secret"))
    response = both.a.client.post(DISCARD, follow=True)
    assert "What you had begun is discarded." in response.text
    assert "ALDER secret" not in response.text
    assert kept() == []


def test_it_is_gone_once_the_report_is_sent_and_stays_if_it_is_refused(both: Both) -> None:
    client = both.a.client
    client.post(DRAFT, typed(title="Cancels"))
    refused = client.post(FORM, typed(title="Cancels", noticed_at="2999-01-01T00:00"))
    assert (refused.status_code, kept()) == (422, [("ALDER", "Cancels")])
    client.post(FORM, typed(title="Cancels"))
    assert (Report.objects.latest("id").title, kept()) == ("Cancels", [])


def test_an_auditor_saves_nothing(both: Both) -> None:
    client = colleague(both.a, "audit")
    answers = [client.post(DRAFT, typed()), client.get(DRAFT), client.post(DISCARD)]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert kept() == []


def test_files_and_certainty_go_along_and_reach_triage(both: Both, telling: Telling) -> None:
    files = [SimpleUploadedFile("orders.csv", b"a,b"), SimpleUploadedFile("log.txt", b"late")]
    sent = {**typed(certainty="likely"), "uploads": files}
    response = both.a.client.post(FORM, sent, follow=True)
    made = Report.objects.latest("id")
    assert made.certainty == "likely"
    assert "Probably" in response.text
    stored = list(SharedFile.objects.filter(report=made))
    assert [one.name for one in stored] == ["orders.csv", "log.txt"]
    for one in stored:
        assert f"/portal/files/{one.key}/" in response.text
        assert both.a.client.get(f"/portal/files/{one.key}/").status_code == 200
        assert both.b.client.get(f"/portal/files/{one.key}/").status_code == 404
    desk = Client()
    desk.force_login(telling.people["commander"])
    page = desk.get(f"/admin/cases/report/{made.pk}/change/").text
    assert [word for word in ("Probably", "orders.csv", "log.txt", "5 min") if word in page] == [
        "Probably",
        "orders.csv",
        "log.txt",
        "5 min",
    ]
    assert desk.get(f"/admin/cases/request/file/{stored[0].key}/").status_code == 200
    incident = reports.attach(
        report_id=made.pk,
        reference=both.incident.reference,
        by=telling.people.actor("commander"),
        at=made.reported_at,
    )
    body = Entry.objects.filter(incident=incident, body__contains=made.reference).latest("id").body
    assert [one.sha256 in body for one in stored] == [True, True]


def test_a_second_click_leaves_no_draft_of_what_was_sent(both: Both) -> None:
    client = both.a.client
    sent = typed(title="ALDER sent", once=value_on(client.get(FORM).text))
    for _ in range(2):
        assert client.post(FORM, sent).status_code == 302
    assert (Report.objects.filter(title="ALDER sent").count(), kept()) == (1, [])
    client.post(FORM, {**sent, "title": "ALDER begun since", "noticed_at": "2999-01-01T00:00"})
    assert client.post(FORM, sent).status_code == 302
    assert kept() == [("ALDER", "ALDER begun since")]


def test_a_file_that_is_refused_leaves_nothing_behind(both: Both) -> None:
    before = both.a.rows()
    sent = {**typed(title="Kept title"), "uploads": SimpleUploadedFile("x.txt", b"")}
    response = both.a.client.post(FORM, sent)
    assert response.status_code == 422
    assert "is empty" in response.text
    assert 'value="Kept title"' in response.text
    assert both.a.rows() == before


def test_how_sure_is_one_of_the_words_listed(both: Both) -> None:
    response = both.a.client.post(FORM, typed(certainty="certainly"))
    assert response.status_code == 422
    assert "Choose one of the words listed" in response.text
