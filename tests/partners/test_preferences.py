"""Preferences: mails per severity, never below the contract; times in one's own zone and shape."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from cases.models import Involvement, Report
from incidentdesk.kernel.models import AuditEvent
from incidentdesk.kernel.times import Times
from notifications.models import Message
from partners import directory
from partners.models import Contact, Preferences, Terms
from tests.partners.conftest import Both, Telling, leaks
from tests.partners.test_queries import cost
from tests.partners.test_reports import typed
from tests.partners.test_team import person

pytestmark = pytest.mark.django_db
ADDRESS = "/portal/preferences/"


def keep(client: Client, **changes: Any) -> Any:
    """Send the form."""
    form = {"mailed": ["4"], "zone": "UTC", "style": "gb", **changes}
    return client.post(ADDRESS, form, follow=True)


def mailed(copy_id: int) -> list[str]:
    """To whom the mail about a notice goes."""
    rows = Message.objects.filter(kind="notice", dedupe_key__startswith=f"notice:{copy_id}:")
    return sorted(rows.values_list("to_address", flat=True))


def test_what_the_contract_promises_is_mailed_whatever_is_chosen(
    both: Both, telling: Telling
) -> None:
    text = both.a.client.get(ADDRESS).text
    assert "Notices of SEV-1, SEV-2 and SEV-3 are always mailed to you" in text
    assert re.search(r'name="mailed" value="4"[^>]* checked', text)
    assert [f'name="mailed" value="{n}"' in text for n in (1, 2, 3)] == [False, False, False]
    Preferences.objects.create(
        partner=both.a.partner, user=both.a.user, mail_sev2=False, mail_sev4=False
    )  # as a former contract allowed
    copy = telling.tell(both.a.involvement, "ALDER second")
    assert mailed(copy.pk) == [both.a.user.email]


def test_who_is_down_for_no_notices_chooses_no_severity_and_keeps_what_was_chosen(
    both: Both,
) -> None:
    keep(both.a.client, mailed=[])
    Contact.objects.filter(user=both.a.user).update(gets_notices=False)
    text = both.a.client.get(ADDRESS).text
    assert "You are not down for notices by mail, so there is no severity to choose" in text
    assert 'name="mailed"' not in text
    keep(both.a.client, mailed=["4"], zone="Asia/Tokyo")
    kept = Preferences.objects.get(user=both.a.user)
    assert (kept.zone, kept.mail_sev3, kept.mail_sev4) == ("Asia/Tokyo", True, False)


def test_what_is_not_promised_can_be_turned_off_by_each_for_themselves(
    both: Both, telling: Telling
) -> None:
    ada = person(both.a, "administer", "Ada")
    keep(both.a.client, mailed=[])
    Involvement.objects.filter(pk=both.a.involvement.pk).update(severity=4)
    both.a.involvement.refresh_from_db()
    copy = telling.tell(both.a.involvement, "ALDER mild")
    assert mailed(copy.pk) == [ada.user.email]
    Terms.objects.filter(partner=both.a.partner).update(notice_sev4=600)
    copy = telling.tell(both.a.involvement, "ALDER mild again")
    assert mailed(copy.pk) == sorted([ada.user.email, both.a.user.email])


def test_a_contact_without_a_login_is_mailed(both: Both) -> None:
    contact = Contact.objects.create(partner=both.a.partner, name="Z", email="z@alder.test")
    keep(both.a.client, mailed=[])
    assert directory.notice_contacts(both.a.partner.pk, severity=4) == [contact]


def test_they_are_kept_for_one_person_at_one_partner_and_recorded(both: Both) -> None:
    ada = person(both.a, "audit", "Ada")
    response = keep(ada.client, zone="Europe/Berlin", style="iso")
    assert "Your preferences are kept." in response.text
    rows = Preferences.objects.values_list("partner__code", "user__name", "zone", "style")
    assert list(rows) == [("ALDER", "Ada", "Europe/Berlin", "iso")]
    line = AuditEvent.objects.latest("id")
    assert (line.actor, line.action) == ("Ada", "changed own preferences")
    assert "Europe/Berlin" in both.a.client.get(ADDRESS).text  # as a choice
    assert "All times are UTC" in both.a.client.get(ADDRESS).text
    assert not leaks(ada.client.get(ADDRESS).text, "BIRCH")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"zone": "Mars/Olympus"}, "Choose one of the time zones listed."),
        ({"zone": ""}, "Choose a time zone."),
        ({"style": "roman"}, "Choose one of the languages listed."),
        ({"mailed": ["1"]}, "Choose among the severities listed."),
        ({"mailed": ["x"]}, "Choose among the severities listed."),
    ],
)
def test_what_cannot_be_chosen_is_said(both: Both, changes: dict[str, Any], sentence: str) -> None:
    response = keep(both.a.client, **changes)
    assert response.status_code == 422
    assert sentence in response.text
    assert not Preferences.objects.exists()


def test_the_pages_show_times_in_the_zone_and_name_it(both: Both) -> None:
    client, page = both.a.client, f"/portal/incidents/{both.a.involvement.reference}/"
    at = both.a.sent.sent_at
    assert at is not None
    assert f"{at:%-d %b %Y}" in client.get(page).text
    keep(client, zone="Asia/Tokyo", style="iso")
    text = client.get(page).text
    tokyo = timezone.localtime(at, ZoneInfo("Asia/Tokyo"))
    assert f"{tokyo:%Y-%m-%d %H:%M}" in text
    assert "All times are in Asia/Tokyo." in text
    assert "UTC+09:00" in text
    assert " UTC<" not in text
    assert "All times are UTC." in both.b.client.get("/portal/").text


def test_days_are_written_in_the_language_that_was_chosen(both: Both) -> None:
    at = both.a.sent.sent_at
    assert at is not None
    months = dict(enumerate(("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli"), 1))
    months |= dict(enumerate(("Aug.", "Sept.", "Okt.", "Nov.", "Dez."), 8))
    day = f"{at.day}. {months[at.month]} {at.year}"
    keep(both.a.client, style="de")
    text = both.a.client.get(f"/portal/incidents/{both.a.involvement.reference}/").text
    assert f'<time datetime="{at.isoformat()}" lang="de">{day}</time>' in text
    assert '<html lang="en"' in text
    assert 'lang="de"' not in both.b.client.get("/portal/").text


@pytest.mark.parametrize("style", Preferences.Style.values)
def test_each_language_writes_every_shape_as_its_choice_shows_it(style: str) -> None:
    at = datetime.fromisoformat("2026-03-04T09:41:07+00:00")
    times = Times("UTC", style)
    shown = Preferences.Style(style).label.split(" (")[0]
    assert times.words(at, "day") == shown
    assert times.words(at.date(), "day") == shown
    assert times.words(at, "moment") == f"{shown} 09:41"
    assert times.words(at, "second") == f"{shown} 09:41:07"
    assert times.words(at, "time") == "09:41"


def test_a_form_is_read_in_the_zone_and_says_so(both: Both) -> None:
    keep(both.a.client, zone="Asia/Tokyo")
    text = both.a.client.get("/portal/report/").text
    assert "In Asia/Tokyo, for instance 2026-03-04T09:41." in text
    sent = typed(noticed_at="2026-02-03T04:05", happened_at="")
    both.a.client.post("/portal/report/", sent)
    made = Report.objects.latest("id")
    assert made.noticed_at == datetime.fromisoformat("2026-02-02T19:05:00+00:00")
    response = both.a.client.post("/portal/report/", typed(noticed_at=""))
    assert "Give the time, in Asia/Tokyo; a good guess will do." in response.text


def test_a_time_that_the_clocks_skip_is_refused_in_words(both: Both) -> None:
    keep(both.a.client, zone="Europe/Berlin")
    response = both.a.client.post("/portal/report/", typed(noticed_at="2026-03-29T02:30"))
    assert response.status_code == 422
    assert "The clocks change at that moment in Europe/Berlin" in response.text


def test_mails_to_the_person_tell_times_in_the_zone_and_others_do_not(
    both: Both, telling: Telling
) -> None:
    keep(both.a.client, zone="Asia/Tokyo")
    ada = person(both.a, "act", "Ada")
    copy = telling.tell(both.a.involvement, "ALDER second")
    told = {
        row.to_address: row.body_text
        for row in Message.objects.filter(dedupe_key__startswith=f"notice:{copy.pk}:")
    }
    assert copy.next_update_at is not None
    tokyo = timezone.localtime(copy.next_update_at, ZoneInfo("Asia/Tokyo"))
    assert f"Next update: {tokyo:%-d %b %Y, %H:%M} UTC+09:00" in told[both.a.user.email]
    plain = f"Next update: {copy.next_update_at:%-d %b %Y, %H:%M} UTC"
    assert plain in told[ada.user.email]
    asked = telling.ask(both.a, both.a.involvement)
    mail = Message.objects.filter(kind="request", to_address=both.a.user.email).latest("id")
    due = timezone.localtime(asked.due_at, ZoneInfo("Asia/Tokyo"))
    assert f"by {due:%-d %b %H:%M} UTC+09:00" in mail.subject


def test_what_a_person_does_writes_mails_of_others_in_utc(both: Both) -> None:
    ada = person(both.a, "administer", "Ada")
    keep(ada.client, zone="Asia/Tokyo")
    ada.client.post("/portal/team/invite/", {"name": "N", "email": "n@a.test", "right": "act"})
    mail = Message.objects.filter(kind="invitation").latest("id")
    invitation = both.a.partner.invitations.get()
    assert f"{invitation.expires_at:%-d %b %Y, %H:%M} UTC" in mail.body_text


def test_the_page_costs_few_queries(both: Both) -> None:
    assert len(cost(both.a.client, ADDRESS)) <= 10
