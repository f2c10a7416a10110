"""How we handle incidents: the same page for every partner, acknowledged by its administrators."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from cases import framework
from cases.models import Framework, FrameworkReading
from incidentdesk.kernel import grants
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from notifications.models import Message
from partners.models import Contact
from tests.conftest import NOW, People
from tests.partners.conftest import FILES_SCRIPT, Both, leaks
from tests.partners.test_queries import cost
from tests.partners.test_team import Boss, person

pytestmark = pytest.mark.django_db
ADDRESS, ACKNOWLEDGE = "/portal/framework/", "/portal/framework/acknowledge/"
DESK = "/admin/cases/framework/"


@pytest.fixture
def boss(both: Both) -> Boss:
    """Alder's administrator."""
    return person(both.a, "administer", "Ada")


def publish(people: People, text: str, **changes: Any) -> Framework:
    """The next version."""
    step = {"changed": "Shorter.", "seen_number": 1, "at": NOW, **changes}
    return framework.publish(text=text, **{"by": people.actor("administrator"), **step})


def readings() -> list[tuple[str, str, int]]:
    """Who acknowledged which version."""
    rows = FrameworkReading.objects.order_by("id")
    return list(rows.values_list("partner__code", "name", "framework__number"))


def test_the_first_version_is_shipped_whole_and_in_sections(both: Both) -> None:
    text = both.a.client.get(ADDRESS).text
    headings = [one.heading for one in framework.sections(Framework.objects.get().text)]
    assert headings == [
        "",
        "What counts as an incident",
        "How severe it is",
        "The phases",
        "What we promise",
        "What we ask of you",
        "How this changes",
    ]
    assert [f"<h2>{heading}</h2>" in text for heading in headings[1:]] == [True] * 6
    assert "<strong>Containment.</strong>" in text
    assert "version 1" in text


def test_it_waits_on_the_home_page_until_an_administrator_acknowledges_it(
    both: Both, boss: Boss
) -> None:
    waits = "How we handle incidents, version 1</a>"
    for client, is_for_them in ((boss.client, True), (both.a.client, False)):
        card, rest = client.get("/portal/").text.split("</section>", 1)
        assert (waits in card, waits in rest) == (is_for_them, not is_for_them)
        assert ("an administrator of your company acknowledges it" in rest) == (not is_for_them)
    response = boss.client.post(ACKNOWLEDGE, {"number": "1"}, follow=True)
    assert "Thank you. You acknowledged version 1 for your company." in response.text
    assert readings() == [("ALDER", "Ada", 1)]
    assert "acknowledged by Ada" in both.a.client.get(ADDRESS).text
    assert waits not in both.a.client.get("/portal/").text
    assert waits in both.b.client.get("/portal/").text
    assert not leaks(both.b.client.get(ADDRESS).text, "by Ada", "ALDER")


def test_only_an_administrator_acknowledges_and_once(both: Both, boss: Boss) -> None:
    auditor = person(both.a, "audit", "Cy")
    for client in (both.a.client, auditor.client):
        assert "Acknowledge version" not in client.get(ADDRESS).text
        assert client.post(ACKNOWLEDGE, {"number": "1"}).status_code == 403
    boss.client.post(ACKNOWLEDGE, {"number": "1"})
    response = boss.client.post(ACKNOWLEDGE, {"number": "1"}, follow=True)
    assert "Ada acknowledged version 1 already." in response.text
    assert readings() == [("ALDER", "Ada", 1)]


def test_a_new_version_asks_again_and_the_former_stays_readable(
    both: Both, boss: Boss, people: People
) -> None:
    boss.client.post(ACKNOWLEDGE, {"number": "1"})
    publish(people, "We tell you.\n\n## Why\nBecause.")
    text = boss.client.get(ADDRESS).text
    assert "Acknowledge version 2" in text
    assert "Shorter." in text
    assert "How we handle incidents, version 2</a>" in boss.client.get("/portal/").text
    former = boss.client.get(ADDRESS, {"version": "1"}).text
    assert "This version is not in force any more." in former
    assert "What we ask of you" in former
    assert "Acknowledge version" not in former
    response = boss.client.post(ACKNOWLEDGE, {"number": "1"}, follow=True)
    assert "Version 2 is in force now; read that one." in response.text
    for junk in ("0", "3", "x", "9" * 40, "١"):
        assert boss.client.get(ADDRESS, {"version": junk}).status_code == 404
    assert readings() == [("ALDER", "Ada", 1)]


def test_what_is_typed_carries_no_script(both: Both, people: People) -> None:
    publish(people, "## <script>a\n<script>alert(1)</script> [x](javascript:alert(1))")
    text = both.a.client.get(ADDRESS).text.replace(FILES_SCRIPT, "")
    assert "<script" not in text
    assert 'href="javascript' not in text


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"text": " "}, InvalidInput, "A version needs its text, and what changed, in words."),
        ({"changed": ""}, InvalidInput, "A version needs its text, and what changed, in words."),
        ({"text": "x" * 60_001}, InvalidInput, "Keep it to 60,000 characters; nobody reads more."),
        (
            {"seen_number": 0},
            Conflict,
            "Version 1 came into force meanwhile; take it up and try again.",
        ),
    ],
)
def test_a_version_that_cannot_be_is_refused(
    people: People, changes: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as refused:
        publish(people, **{"text": "Another.", **changes})
    assert str(refused.value) == sentence
    assert Framework.objects.count() == 1


def test_the_same_words_are_no_new_version(people: People) -> None:
    with pytest.raises(Conflict, match="word for word"):
        publish(people, Framework.objects.get().text)


def test_nothing_of_it_is_changed_or_acknowledged_twice(both: Both, boss: Boss) -> None:
    boss.client.post(ACKNOWLEDGE, {"number": "1"})
    twice = {"framework": Framework.objects.get(), "partner": both.a.partner, "user": boss.user}
    with pytest.raises(IntegrityError), transaction.atomic():
        FrameworkReading.objects.create(**twice, name="Ada", at=NOW)
    with pytest.raises(NotAllowed):
        framework.publish(text="x", changed="y", seen_number=1, by=boss.actor, at=NOW)


def test_the_desk_shows_who_has_acknowledged_which_and_publishes_the_next(
    both: Both, boss: Boss, people: People
) -> None:
    boss.client.post(ACKNOWLEDGE, {"number": "1"})
    desk = Client()
    desk.force_login(people["administrator"])
    address = "/admin/cases/framework/"
    text = desk.get(address).text
    assert "1 of 2 have not acknowledged version 1." in text
    assert "Ada" in text
    assert "Write the next version" in text
    form = desk.get(f"{address}do/publish/").text
    assert "What counts as an incident" in form
    sent = {"text": "Shorter.", "changed": "All of it.", "seen": "1"}
    response = desk.post(f"{address}do/publish/", sent, follow=True)
    assert "Version 2 is in force; every partner is asked to acknowledge it." in response.text
    assert "2 of 2 have not acknowledged version 2." in response.text
    assert "version 1 only" in response.text
    reader = Client()
    reader.force_login(people["responder"])
    assert "Write the next version" not in reader.get(address).text


def test_home_and_page_keep_to_their_budget(both: Both) -> None:
    assert len(cost(both.a.client, "/portal/")) <= 10
    assert len(cost(both.a.client, ADDRESS)) <= 10


def test_administrators_alone_have_one_mail_about_a_new_version(
    both: Both, boss: Boss, people: People
) -> None:
    person(both.b, "act", "Bea")
    gone = person(both.b, "administer", "Gil")
    Contact.objects.filter(user=gone.user).update(is_active=False)
    other = person(both.b, "administer", "Bo")
    # An administrator of one partner who only acts for the other is told of the one alone.
    Contact.objects.create(partner=both.b.partner, user=boss.user, name="Ada", email="ada@b.test")
    grants.grant(boss.user, "act", both.b.partner)
    made = publish(people, "Shorter.", changed="The hours.")
    mails = Message.objects.filter(kind="framework").order_by("id")
    assert [(one.to_address, one.about) for one in mails] == [
        (boss.user.email, f"partner:{both.a.partner.pk}"),
        (other.user.email, f"partner:{both.b.partner.pk}"),
    ]
    assert mails[0].subject == f"How we handle incidents: version {made.number} is in force"
    assert "The hours." in mails[0].body_text
    assert "Birch" not in mails[0].body_text + mails[0].body_html
    assert "/portal/framework/" in mails[0].body_text


def test_a_version_is_looked_at_as_a_partner_will_read_it_before_it_is_in_force(
    both: Both, people: People
) -> None:
    desk = Client()
    desk.force_login(people["administrator"])
    sent = {"text": "## Hours\n\n**Night** too.", "changed": "The hours.", "seen": "1"}
    page = desk.post(f"{DESK}do/publish/", {**sent, "again": "preview"})
    form = page.context["form"]
    assert page.status_code == 200
    assert (form["text"].value(), form["changed"].value()) == (sent["text"], "The hours.")
    assert "<h2>Hours</h2>" in form.preview
    assert "<strong>Night</strong> too." in form.preview
    assert "Acknowledge version 2" in form.preview
    assert Framework.objects.count() == 1
    assert not Message.objects.filter(kind="framework").exists()
    script = desk.post(f"{DESK}do/publish/", {"text": "<script>x</script>", "again": "preview"})
    assert "<script>" not in script.context["form"].preview


def test_where_nobody_administers_whoever_acts_acknowledges(both: Both) -> None:
    auditor = person(both.a, "audit", "Cy")
    assert "Your company has no administrator here" in both.a.client.get(ADDRESS).text
    assert "Acknowledge version" not in auditor.client.get(ADDRESS).text
    assert "Somebody who acts for your company acknowledges it" in auditor.client.get(ADDRESS).text
    assert auditor.client.post(ACKNOWLEDGE, {"number": "1"}).status_code == 403
    response = both.a.client.post(ACKNOWLEDGE, {"number": "1"}, follow=True)
    assert "Thank you. You acknowledged version 1 for your company." in response.text
    assert readings() == [("ALDER", "Person of Alder", 1)]
