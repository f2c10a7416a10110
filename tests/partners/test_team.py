"""A partner's own people: invited and removed by its administrator and by nobody else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from incidentdesk.kernel import access, clocks, grants, tokens
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import AuditEvent, User
from notifications.models import Message
from partners import directory, invitations, team
from partners.models import Contact, Invitation, Partner
from tests.conftest import NOW, PASSWORD, People
from tests.partners.conftest import Both, Side
from tests.partners.test_queries import cost

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
NEW_PASSWORD = "harbour-lantern-9"


@dataclass
class Boss:
    """An administrator of a partner, and a browser in which they are logged in."""

    user: User
    partner: Partner

    @property
    def actor(self) -> access.Actor:
        return access.actor_for(self.user, partner_id=self.partner.pk)

    @property
    def client(self) -> Client:
        client = Client()
        client.force_login(self.user)
        return client


def person(side: Side, right: str, name: str) -> Boss:
    """One more of a partner's people."""
    user = User.objects.create_user(f"{name.lower()}@{side.word.lower()}.test", PASSWORD, name=name)
    Contact.objects.create(partner=side.partner, user=user, name=name, email=user.email)
    grants.grant(user, right, side.partner)
    return Boss(user, side.partner)


@pytest.fixture
def boss(both: Both) -> Boss:
    """Alder's administrator."""
    return person(both.a, "administer", "Ada")


def invite(boss: Boss, **known: str) -> str:
    """Invite Tia; the link that she is mailed."""
    asked = {"name": "Tia Berg", "email": "tia@alder.test", "right": "act", **known}
    invitations.invite(**asked, by=boss.actor, at=clocks.now())
    text = Message.objects.filter(kind="invitation").latest("pk").body_text
    return re.findall(r"/accounts/invitation/\S+/", text)[0]


def number_of(boss: Boss, user: User) -> int:
    return next(m.number for m in team.members(boss.actor) if m.contact.user_id == user.pk)


# --- the page -------------------------------------------------------------------------------------


def test_the_team_page_says_who_does_what_and_who_acknowledged_which_update(both: Both, boss: Boss):
    person(both.a, "audit", "Otto")
    text = boss.client.get("/portal/team/").text
    for words in (
        "Person of Alder",
        "Otto",
        "reads as an auditor",
        "Who has acknowledged which update",
    ):
        assert words in text
    assert both.a.involvement.reference in text
    assert "nobody yet" in text
    assert "BIRCH" not in text.upper()
    both.a.client.post(f"/portal/incidents/{both.a.involvement.reference}/notices/1/acknowledge/")
    assert "nobody yet" not in boss.client.get("/portal/team/").text


def test_only_an_administrator_is_offered_changes(both: Both, boss: Boss):
    assert "Invite somebody" in boss.client.get("/portal/team/").text
    text = both.a.client.get("/portal/team/").text
    assert "Ada" in text
    for words in ("Invite somebody", "Remove", "Who has acknowledged"):
        assert words not in text


@pytest.mark.parametrize("right", ["act", "audit"])
def test_nobody_else_changes_the_team(both: Both, boss: Boss, right: str):
    other = person(both.a, right, "Otto")
    number = number_of(boss, both.a.user)
    invite(boss)
    before = both.a.rows()
    for address in (
        "invite/",
        f"people/{number}/change/",
        f"people/{number}/remove/",
        "invitations/1/withdraw/",
    ):
        response = other.client.post(f"/portal/team/{address}", {"right": "administer"})
        assert response.status_code == 403, address
        assert "Your company&#x27;s administrator does this" in response.text
    assert both.a.rows() == before
    with pytest.raises(NotAllowed, match="may not administer this partner's people"):
        invitations.invite(name="x", email="x@x.test", right="act", by=other.actor, at=NOW)


@pytest.mark.asvs("8.3.1", 5)
def test_an_auditor_reads_and_no_button_of_theirs_works(both: Both):
    auditor = person(both.a, "audit", "Otto")
    reference, client = both.a.involvement.reference, auditor.client
    before = both.a.rows()
    assert client.get(f"/portal/incidents/{reference}/").status_code == 200
    for address in (
        f"incidents/{reference}/notices/1/acknowledge/",
        f"incidents/{reference}/works/",
        "report/",
    ):
        assert client.post(f"/portal/{address}", {"title": "x"}).status_code == 403
    assert both.a.rows() == before


def test_the_page_costs_the_same_whatever_the_team(both: Both, boss: Boss):
    few = cost(boss.client, "/portal/team/")
    for number in range(12):
        person(both.a, "act", f"Extra{number}")
    assert len(cost(boss.client, "/portal/team/")) == len(few) <= 10


# --- inviting -------------------------------------------------------------------------------------


def test_an_invited_person_chooses_a_password_and_works(both: Both, boss: Boss):
    data = {"name": "Tia Berg", "email": "Tia@Alder.test", "right": "act"}
    page = boss.client.post("/portal/team/invite/", data, follow=True).text
    assert "a mail with a link is on its way to tia@alder.test" in page
    letter = Message.objects.get(kind="invitation")
    assert (letter.to_address, letter.state) == ("tia@alder.test", "queued")
    link = re.findall(r"/accounts/invitation/\S+/", letter.body_text)[0]
    tia = Client()
    assert "Join Alder Trading" in tia.get(link).text
    assert not User.objects.filter(email="tia@alder.test").exists()
    assert "at least 9 characters" in tia.post(link, {"password": "short"}).text
    assert "Welcome" in tia.post(link, {"password": NEW_PASSWORD}, follow=True).text
    user = User.objects.get(email="tia@alder.test")
    assert grants.granted(user.pk, both.a.partner) == frozenset({"act"})
    tia.post("/accounts/login/", {"login": user.email, "password": NEW_PASSWORD})
    assert "Alder Trading · Tia Berg" in tia.get("/portal/").text
    assert [event.action for event in AuditEvent.objects.order_by("pk")][-2:] == [
        "invited",
        "accepted the invitation of",
    ]


@pytest.mark.asvs("6.4.1 6.4.3", 28)
@pytest.mark.asvs("6.5.1 6.5.5", 27)
@pytest.mark.mistake(18)
def test_a_link_works_once(boss: Boss):
    link = invite(boss)
    Client().post(link, {"password": NEW_PASSWORD})
    again = Client().post(link, {"password": "another-lantern-9"})
    assert again.status_code == 404
    assert "This invitation has ended" in again.text


@pytest.mark.asvs("6.4.1 6.4.3", 28)
@pytest.mark.mistake(18)
def test_it_ends_after_a_week_and_the_database_keeps_that(boss: Boss):
    link = invite(boss)
    now = clocks.now()
    Invitation.objects.update(
        invited_at=now - timedelta(days=8), expires_at=now - timedelta(days=1)
    )
    assert Client().get(link).status_code == 404
    with pytest.raises(IntegrityError, match="invitation_ends_within_a_week"), transaction.atomic():
        Invitation.objects.update(expires_at=now + timedelta(days=30))


def test_a_withdrawn_one_works_no_more(boss: Boss):
    link, client = invite(boss), boss.client
    assert "Withdraw" in client.get("/portal/team/").text
    page = client.post("/portal/team/invitations/1/withdraw/", follow=True).text
    assert "its link works no more" in page
    assert Client().get(link).status_code == 404
    page = client.post("/portal/team/invitations/1/withdraw/", follow=True).text
    assert "is withdrawn already" in page


def test_a_new_invitation_takes_the_place_of_the_former(boss: Boss):
    first, second = invite(boss), invite(boss)
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200


@pytest.mark.asvs("11.5.1 7.2.3 11.4.2", 36)
def test_the_secret_is_stored_as_a_digest_and_shown_to_nobody_else(boss: Boss, people: People):
    secret = invite(boss).split("/")[-2]
    assert secret not in str(list(Invitation.objects.values()))
    admin = Client()
    admin.force_login(people["auditor"])
    letter = Message.objects.get(kind="invitation")
    page = admin.get(f"/admin/notifications/message/{letter.pk}/change/").text
    assert "/accounts/invitation/…/" in page
    assert secret not in page


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"name": " "}, "Give the person's name"),
        ({"email": "no"}, "“no” is no e-mail address."),
        ({"right": "own"}, "Choose what the person does"),
    ],
)
def test_what_cannot_work_is_one_sentence(boss: Boss, known: dict[str, str], words: str):
    with pytest.raises(InvalidInput, match=words):
        invite(boss, **known)


def test_whoever_is_in_is_not_invited(both: Both, boss: Boss):
    with pytest.raises(Conflict, match="works with you here already"):
        invite(boss, email=both.a.user.email)


def test_inviting_does_not_tell_who_works_at_the_desk_and_nobody_of_it_joins(
    boss: Boss, people: People
):
    staff = people["responder"]
    link = invite(boss, email=staff.email)
    secret = link.rstrip("/").rsplit("/", 1)[-1]
    with pytest.raises(InvalidInput, match=r"^responder@desk.test cannot work for a partner"):
        invitations.accept(secret=secret, password="", user_id=staff.pk, at=clocks.now())
    assert not Contact.objects.filter(email=staff.email).exists()


@pytest.mark.parametrize("name", ["See https://evil.test/x", "a@b"])
def test_a_name_begins_the_mail_and_holds_no_address(boss: Boss, name: str):
    with pytest.raises(InvalidInput, match=r"^A name holds no address"):
        invite(boss, name=name)


def test_inviting_does_not_tell_that_an_address_works_for_another(both: Both, boss: Boss):
    data = {"name": "X", "right": "act"}
    answers = [
        boss.client.post("/portal/team/invite/", {**data, "email": email}, follow=True).text
        for email in (both.b.user.email, "nobody@birch.test")
    ]
    assert all("a mail with a link is on its way" in text for text in answers)


def test_a_login_that_exists_is_not_opened_by_a_link(both: Both, boss: Boss):
    link = invite(boss, email=both.b.user.email)
    stranger = Client()
    assert "has a login already" in stranger.get(link).text
    stranger.post(link, {"password": NEW_PASSWORD})
    both.b.user.refresh_from_db()
    assert both.b.user.check_password(PASSWORD)
    assert grants.tenant_ids(both.b.user.pk) == [both.b.partner.pk]
    wrong = both.a.client
    assert "You are logged in as person@alder.test" in wrong.get(link).text


def test_who_has_a_login_joins_with_it_and_works_as_one_at_a_time(both: Both, boss: Boss):
    link, client = invite(boss, email=both.b.user.email), both.b.client
    assert '<button class="button main wide">Join</button>' in client.get(link).text
    page = client.post(link, follow=True).text
    assert "You work for <b>Alder Trading</b>" in page
    assert "BIRCH" not in page.upper()  # nor the name that the person has there
    assert "</b> · Tia Berg</span>" in page
    assert 'href="/accounts/partner/?next=/portal/"' in page
    client.post("/accounts/partner/", {"partner": "BIRCH"})
    page = client.get("/portal/").text
    assert "You work for <b>Birch Trading</b>" in page
    assert "ALDER" not in page.upper()
    assert "</b> · Person of Birch</span>" in page


# --- changing and removing ------------------------------------------------------------------------


def test_a_right_is_changed_and_takes_the_place_of_the_former(both: Both, boss: Boss):
    number = number_of(boss, both.a.user)
    page = boss.client.post(
        f"/portal/team/people/{number}/change/", {"right": "audit"}, follow=True
    )
    assert "now reads as an auditor, changes nothing" in page.text
    assert grants.granted(both.a.user.pk, both.a.partner) == frozenset({"audit"})
    assert both.a.client.post("/portal/report/").status_code == 403


@pytest.mark.asvs("7.2.4 7.4.1 7.4.2", 30)
def test_a_removed_person_is_out_at_once(both: Both, boss: Boss):
    client = both.a.client
    assert client.get("/portal/").status_code == 200
    number = number_of(boss, both.a.user)
    page = boss.client.post(f"/portal/team/people/{number}/remove/", follow=True).text
    assert "no page and no token here works for them any more" in page
    assert client.get("/portal/")["Location"] == "/accounts/login/?next=/portal/"
    assert grants.tenant_ids(both.a.user.pk) == []
    assert (
        "Person of Alder"
        not in boss.client.get("/portal/team/").text.split("Who has acknowledged")[0]
    )
    assert directory.notice_contacts(both.a.partner.pk) == [Contact.objects.get(name="Ada")]
    page = boss.client.post(f"/portal/team/people/{number}/remove/")
    assert page.status_code == 404


@pytest.mark.asvs("7.2.4 7.4.1 7.4.2", 30)
def test_tokens_end_with_the_person(both: Both, boss: Boss, people: People):
    user = both.a.user
    user.roles = ["responder"]
    user.save()
    by = access.actor_for(user)
    _, secret = tokens.make(name="x", scopes=["read"], by=by, at=NOW)
    contact = Contact.objects.get(user=user)
    team.remove(contact_id=contact.pk, by=boss.actor, at=NOW)
    assert tokens.find(secret, at=NOW) is None


def test_nobody_removes_themselves_or_a_stranger(both: Both, boss: Boss):
    own = Contact.objects.get(user=boss.user)
    with pytest.raises(InvalidInput, match="Nobody changes or removes themselves"):
        team.remove(contact_id=own.pk, by=boss.actor, at=NOW)
    other = Contact.objects.get(user=both.b.user)
    for use_case in (team.remove, lambda **k: team.change_right(right="audit", **k)):
        with pytest.raises(NotFound, match="There is no such person"):
            use_case(contact_id=other.pk, by=boss.actor, at=NOW)


def test_a_removed_person_can_be_invited_again(both: Both, boss: Boss):
    contact = Contact.objects.get(user=both.a.user)
    team.remove(contact_id=contact.pk, by=boss.actor, at=NOW)
    link = invite(boss, email=both.a.user.email)
    client = Client()
    client.post("/accounts/login/", {"login": both.a.user.email, "password": PASSWORD})
    client.post(link)
    assert client.get("/portal/").status_code == 200
    assert Contact.objects.get(pk=contact.pk).is_active


def test_the_desk_takes_a_login_away(both: Both, people: People):
    client = both.a.client
    contact = Contact.objects.get(user=both.a.user)
    admin = Client()
    admin.force_login(people["administrator"])
    page = admin.post(
        f"/admin/partners/partner/{both.a.partner.pk}/take_login/",
        {"contact": contact.pk},
        follow=True,
    )
    assert "was shut out" in page.text
    assert client.get("/portal/").status_code == 302
    with pytest.raises(NotAllowed):
        directory.take_login(contact_id=contact.pk, by=people.actor("commander"), at=NOW)


def test_who_serves_another_partner_too_stays_logged_in_for_that_one_alone(
    both: Both, boss: Boss
) -> None:
    helper = person(both.a, "act", "Hal")
    Contact.objects.create(partner=both.b.partner, user=helper.user, name="Hal", email="h@b.test")
    grants.grant(helper.user, "act", both.b.partner)
    for_a, for_b = helper.client, helper.client
    for_a.post("/accounts/partner/", {"partner": "ALDER"})
    for_b.post("/accounts/partner/", {"partner": "BIRCH"})
    assert "ALDER notice" in for_a.get(f"/portal/incidents/{both.a.involvement.reference}/").text
    contact = Contact.objects.get(partner=both.a.partner, user=helper.user)
    team.remove(contact_id=contact.pk, by=boss.actor, at=NOW)
    page = f"/portal/incidents/{both.b.involvement.reference}/"
    assert "BIRCH notice" in for_b.get(page).text
    assert for_b.get(f"/portal/incidents/{both.a.involvement.reference}/").status_code == 404
    choose = "/accounts/partner/?next=/portal/"
    assert for_a.get("/portal/")["Location"] == choose
    before = both.b.rows()
    words = {"title": "ALDER words", "description": "x", "noticed_at": "2026-03-04T09:41"}
    assert for_a.post("/portal/report/", words)["Location"] == choose
    assert both.b.rows() == before
    for_a.post("/accounts/partner/", {"partner": "BIRCH"})
    assert "BIRCH notice" in for_a.get(page).text


def test_who_served_that_partner_alone_is_logged_out_at_once(both: Both, boss: Boss) -> None:
    helper = person(both.a, "act", "Hal")
    client = helper.client
    assert client.get("/portal/").status_code == 200
    contact = Contact.objects.get(partner=both.a.partner, user=helper.user)
    team.remove(contact_id=contact.pk, by=boss.actor, at=NOW)
    assert client.get("/portal/")["Location"].startswith("/accounts/login/")
