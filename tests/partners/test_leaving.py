"""What somebody began as a partner's administrator ends when they are that no more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from incidentdesk.kernel import clocks, grants
from incidentdesk.kernel.models import AuditEvent, User
from partners import invitations, webhooks
from partners.models import Contact, Invitation, Webhook
from tests.conftest import People
from tests.partners.conftest import Both
from tests.partners.test_team import NEW_PASSWORD, Boss, invite, number_of, person

pytestmark = pytest.mark.django_db
MALLORY = {"name": "Mallory", "email": "mallory@elsewhere.test", "right": "administer"}
SAID = (
    "Withdrawn with it: what they had sent to mallory@elsewhere.test. "
    "Switched off: the webhooks that they had added, to eve.test."
)


@pytest.fixture
def boss(both: Both) -> Boss:
    """Alder's administrator who stays, with an invitation and a webhook of her own."""
    ada = person(both.a, "administer", "Ada")
    invite(ada, name="Tia", email="tia@alder.test")
    hook(ada, "https://alder.test/kept")
    return ada


@pytest.fixture
def eve(both: Both, boss: Boss) -> Boss:
    """One who goes."""
    return person(both.a, "administer", "Eve")


def hook(who: Boss, url: str = "https://eve.test/take") -> Webhook:
    return webhooks.add(url=url, events=["request.opened"], by=who.actor, at=clocks.now())[0]


def open_now() -> list[str]:
    rows = Invitation.objects.filter(accepted_at=None, withdrawn_at=None)
    return list(rows.order_by("email").values_list("email", flat=True))


def on_now() -> list[str]:
    rows = Webhook.objects.filter(off_since=None)
    return list(rows.order_by("url").values_list("url", flat=True))


def comes_in(link: str) -> bool:
    """Whether the link lets anybody in."""
    new = {"password": NEW_PASSWORD, "again": NEW_PASSWORD}
    Client().post(link, new)
    return User.objects.filter(email=MALLORY["email"]).exists()


def test_a_removed_administrator_lets_nobody_in_and_is_told_nothing(
    both: Both, boss: Boss, eve: Boss
) -> None:
    link, webhook = invite(eve, **MALLORY), hook(eve)
    birch = person(both.b, "administer", "Bo")
    invite(birch, name="Bert", email="bert@birch.test")
    hook(birch, "https://birch.test/kept")
    page = boss.client.post(f"/portal/team/people/{number_of(boss, eve.user)}/remove/", follow=True)
    assert SAID in page.text
    assert open_now() == ["bert@birch.test", "tia@alder.test"]
    assert on_now() == ["https://alder.test/kept", "https://birch.test/kept"]
    assert not comes_in(link)
    assert Client().get(link).status_code == 404
    webhook.refresh_from_db()
    assert webhook.off_because == "left"
    said = AuditEvent.objects.filter(about=f"partner:{both.a.partner.pk}", actor="Ada")
    assert list(said.order_by("id").values_list("action", flat=True))[2:] == [
        "withdrew the invitation of",
        "switched off webhook",
        "removed",
    ]


@pytest.mark.parametrize("right", ["act", "audit"])
def test_who_administers_no_more_loses_what_they_began(
    both: Both, boss: Boss, eve: Boss, right: str
) -> None:
    link = invite(eve, **MALLORY)
    hook(eve)
    address = f"/portal/team/people/{number_of(boss, eve.user)}/change/"
    page = boss.client.post(address, {"right": right}, follow=True)
    assert SAID in page.text
    assert (open_now(), on_now()) == (["tia@alder.test"], ["https://alder.test/kept"])
    assert not comes_in(link)


def test_a_right_that_stays_ends_nothing(both: Both, boss: Boss, eve: Boss) -> None:
    invite(eve, **MALLORY)
    hook(eve)
    address = f"/portal/team/people/{number_of(boss, eve.user)}/change/"
    page = boss.client.post(address, {"right": "administer"}, follow=True)
    assert "Eve now administers its people, and acts." in page.text
    assert "Withdrawn" not in page.text
    assert len(open_now()) == len(on_now()) == 2


def test_the_desk_ends_it_too_in_each_of_its_ways(
    both: Both, boss: Boss, eve: Boss, people: People
) -> None:
    staff, partner = Client(), both.a.partner
    staff.force_login(people["administrator"])
    contact = Contact.objects.get(user=eve.user)
    base = f"/admin/partners/partner/{partner.pk}"
    person_page = f"/admin/kernel/user/{eve.user.pk}/change/"
    known = {"name": "Eve", "email": eve.user.email}
    for address, data in (
        (f"{base}/take_login/", {"contact": contact.pk}),
        (f"{base}/give_login/", {"contact": contact.pk, "right": "act"}),
        (person_page, known),  # switched off
    ):
        link = invite(eve, **MALLORY)
        hook(eve, f"https://eve.test/{len(address)}")
        page = staff.post(address, data, follow=True)
        assert SAID in page.text, address
        assert (open_now(), on_now()) == (["tia@alder.test"], ["https://alder.test/kept"])
        assert not comes_in(link)
        contact.is_active = True
        contact.save()
        grants.grant(eve.user, "administer", partner)


def test_an_invitation_is_worth_nothing_once_who_sent_it_may_not_invite(
    both: Both, boss: Boss, eve: Boss
) -> None:
    link = invite(eve, **MALLORY)
    grants.revoke(eve.user, "administer", both.a.partner)  # however it came about
    assert not comes_in(link)
    grants.grant(eve.user, "administer", both.a.partner)
    assert comes_in(link)


def test_a_webhook_that_ended_so_can_be_switched_on_by_another(
    both: Both, boss: Boss, eve: Boss
) -> None:
    webhook = hook(eve)
    boss.client.post(f"/portal/team/people/{number_of(boss, eve.user)}/remove/")
    number = list(webhooks.webhooks_of(boss.actor).values_list("pk", flat=True)).index(webhook.pk)
    page = boss.client.get(f"/portal/webhooks/{number + 1}/").text
    assert "who added it works or administers here no more" in page
    assert "give it a new one as well" in page
    webhooks.switch_on(webhook_id=webhook.pk, by=boss.actor, at=clocks.now())
    webhook.refresh_from_db()
    assert (webhook.is_on, webhook.off_because) == (True, "")


def test_many_are_named_shortly(both: Both, boss: Boss, eve: Boss) -> None:
    for number in range(7):
        invitations.invite(
            name="X",
            email=f"x{number}@elsewhere.test",
            right="act",
            by=eve.actor,
            at=clocks.now() - timedelta(seconds=1),
        )
    page = boss.client.post(f"/portal/team/people/{number_of(boss, eve.user)}/remove/", follow=True)
    assert "x3@elsewhere.test, x4@elsewhere.test and 2 more." in page.text
