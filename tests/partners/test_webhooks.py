"""Webhooks: signed calls about what happens; retried, logged, sent again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import standardwebhooks
from django.test import Client

from cases import notices, visibility
from cases.models import Involvement, PartnerEvent
from incidentdesk.kernel import access, clocks, grants
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import User
from notifications import delivery, turns
from notifications.models import Message
from partners import deliveries, tokens, webhooks
from partners.models import Contact, Delivery, EventType, Webhook
from tests.hooks import Receiver, receiver
from tests.partners.conftest import TITLE, Both, Side, leaks

pytestmark = pytest.mark.django_db
EVERY = EventType.values


@pytest.fixture
def hook(settings: Any) -> Iterator[Receiver]:
    """A program of the partner's that listens on this machine, which tests alone may call."""
    settings.WEBHOOK_LOOPBACK = True
    with receiver() as running:
        yield running


def boss(side: Side) -> access.Actor:
    """An administrator of the partner."""
    email = f"boss@{side.word.lower()}.test"
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, name=f"Boss of {side.word.title()}")
        Contact.objects.create(partner=side.partner, user=user, name=user.name, email=user.email)
        grants.grant(user, "administer", side.partner)
    return access.actor_for(user, partner_id=side.partner.pk)


def added(side: Side, hook: Receiver, *events: str) -> tuple[Webhook, str]:
    """A webhook of that side's."""
    return webhooks.add(url=hook.url, events=events or EVERY, by=boss(side), at=clocks.now())


def a_token(side: Side) -> str:
    """The secret of a token of the side's person."""
    return tokens.make(name="x", scopes=[], by=side.actor, at=clocks.now())[1]


def deliver(*, later: timedelta = timedelta()) -> None:
    """The sender's turn."""
    turns.deliver_due(at=clocks.now() + later)


def log(side: Side) -> list[tuple[str, str, str]]:
    """What the partner reads: type, state and the last words, newest first."""
    return [
        (row.event_type, row.message.state, list(row.message.events.all())[-1].detail)
        for row in deliveries.deliveries_of(boss(side))
    ]


# --- what is sent ---------------------------------------------------------------------------------


def test_a_notice_is_told_signed_and_as_the_feed_shows_it(both: Both, telling: Any, hook: Receiver):
    _, secret = added(both.a, hook)
    telling.tell(both.a.involvement, "ALDER second notice")
    deliver()
    ((headers, body),) = hook.calls
    told = PartnerEvent.objects.filter(partner=both.a.partner).latest("number")
    assert json.loads(body) == told.entry
    assert told.entry["type"] == "notice.published"
    assert told.entry["data"] == {
        "reference": both.a.involvement.reference,
        "link": told.entry["data"]["link"],
        "is_exercise": False,
        "tlp": "AMBER",
        "kind": "update",
        "text": "ALDER second notice",
        "next_update_at": told.entry["data"]["next_update_at"],
    }
    assert told.entry["data"]["link"].endswith(f"/portal/incidents/{told.data['reference']}/")
    assert headers["webhook-id"] == told.event_id
    assert standardwebhooks.Webhook(secret).verify(body, headers) == told.entry
    reads = Client(headers={"Authorization": f"Bearer {a_token(both.a)}"})
    assert reads.get("/api/v1/partner/feed").json()["items"][-1] == json.loads(body)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(body.replace("ALDER", "OTHER"), headers)
    assert leaks(body + str(headers), "BIRCH", TITLE) == []
    assert log(both.a) == [("notice.published", "sent", "HTTP 200")]


def test_each_of_the_four_is_told_once_and_only_to_whom_it_concerns(
    both: Both, telling: Any, hook: Receiver
):
    added(both.a, hook)
    involvement = telling.involve(telling.declare("GLOBAL new one"), both.a)
    telling.tell(involvement, "ALDER told")
    involvement.refresh_from_db()
    telling.ask(both.a, involvement)
    telling.tell(both.b.involvement, "BIRCH told again")
    deliver()
    told = [json.loads(body) for _, body in hook.calls]
    assert [one["type"] for one in told] == [
        "incident.disclosed",
        "notice.published",
        "request.opened",
    ]
    assert {one["data"]["reference"] for one in told} == {involvement.reference}
    assert told[2]["data"]["request"] == "ALDER-REQ-2026-0002"
    assert leaks("".join(body for _, body in hook.calls), "BIRCH", "new one") == []


def test_a_phase_is_told_to_those_who_see_the_incident(incident_in: Any, people: Any):
    incident = incident_in("mitigation")
    involvement = incident.involvements.get()
    found = PartnerEvent.objects.filter(involvement=involvement).order_by("number")
    assert [(one.kind, one.data.get("phase")) for one in found] == [
        ("incident.disclosed", "containment"),
        ("notice.published", None),
        ("incident.phase_changed", "mitigation"),
    ]


def test_what_was_not_chosen_is_not_told(both: Both, telling: Any, hook: Receiver):
    added(both.a, hook, "request.opened")
    telling.tell(both.a.involvement, "ALDER second notice")
    telling.ask(both.a, both.a.involvement)
    deliver()
    assert [json.loads(body)["type"] for _, body in hook.calls] == ["request.opened"]


@pytest.mark.parametrize("label", ["AMBER+STRICT", "contract"])
def test_where_a_mail_carries_no_word_neither_does_a_call(
    both: Both, telling: Any, hook: Receiver, people: Any, label: str
):
    added(both.a, hook)
    if label == "contract":
        both.a.partner.terms.mail_carries = "link"
        both.a.partner.terms.save()
    made = notices.draft(
        incident_id=both.incident.pk,
        kind="update",
        body="ALDER secret words",
        involvement_ids=[both.a.involvement.pk],
        tlp=None if label == "contract" else label,
        by=people.actor("communications"),
        at=telling.tick(),
    )
    notices.approve(notice_id=made.pk, by=people.actor("approver"), at=telling.tick())
    notices.send(notice_id=made.pk, by=people.actor("communications"), at=telling.tick())
    deliver()
    ((_, body),) = hook.calls
    assert sorted(json.loads(body)["data"]) == ["is_exercise", "link", "reference", "tlp"]


def test_a_red_notice_stands_in_the_feed_of_its_readers_alone_and_is_called_without_a_word(
    both: Both, telling: Any, hook: Receiver, people: Any
):
    added(both.a, hook)
    contact = both.a.partner.contacts.get(user=both.a.user)
    made = notices.draft(
        incident_id=both.incident.pk,
        kind="update",
        body="ALDER red words",
        involvement_ids=[both.a.involvement.pk],
        tlp="RED",
        contact_ids=[contact.pk],
        by=people.actor("communications"),
        at=telling.tick(),
    )
    notices.approve(notice_id=made.pk, by=people.actor("approver"), at=telling.tick())
    notices.send(notice_id=made.pk, by=people.actor("communications"), at=telling.tick())
    deliver()
    ((_, body),) = hook.calls
    assert leaks(body, "red words", "update") == []
    newest = PartnerEvent.objects.filter(partner=both.a.partner).latest("number")
    assert newest in visibility.events_for(both.a.actor)
    assert newest not in visibility.events_for(boss(both.a))


# --- how it is sent -------------------------------------------------------------------------------


def test_after_a_new_secret_both_sign_for_a_day(both: Both, hook: Receiver, monkeypatch: Any):
    webhook, former = added(both.a, hook)
    _, present = webhooks.rotate(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    webhooks.try_out(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    deliver()
    ((headers, body),) = hook.calls
    for secret in (former, present):
        assert standardwebhooks.Webhook(secret).verify(body, headers)["type"] == "webhook.test"
    message = Delivery.objects.get().message
    tomorrow = clocks.now() + webhooks.OVERLAP
    assert deliveries.target_of(message, at=tomorrow) == (headers["webhook-id"], [present])


@pytest.mark.fault("F16", "500")
def test_a_server_that_fails_is_tried_again_ever_more_rarely(both: Both, hook: Receiver):
    webhook, _ = added(both.a, hook)
    hook.status = 500
    webhooks.try_out(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    deliver()
    assert log(both.a) == [("webhook.test", "queued", "HTTP 500")]
    row, waits = Message.objects.get(channel="webhook"), []
    for _ in range(3):
        row.refresh_from_db()
        moment = row.next_try_at
        assert moment
        turns.deliver_due(at=moment)
        row.refresh_from_db()
        assert row.next_try_at
        waits.append(round((row.next_try_at - moment).total_seconds()))
    assert waits == list(delivery.WEBHOOK_RETRY_SECONDS[1:4])
    hook.status = 204
    turns.deliver_due(at=row.next_try_at)
    assert log(both.a) == [("webhook.test", "sent", "HTTP 204")]
    assert len({headers["webhook-id"] for headers, _ in hook.calls}) == 1


@pytest.mark.asvs("15.3.2", 18)
@pytest.mark.parametrize(("status", "state"), [(404, "queued"), (301, "queued"), (307, "queued")])
def test_no_redirect_is_followed(both: Both, hook: Receiver, status: int, state: str):
    webhook, _ = added(both.a, hook)
    hook.status, hook.location = status, hook.url + "/else"
    webhooks.try_out(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    deliver()
    assert len(hook.calls) == 1
    assert [row[1] for row in log(both.a)] == [state]


def test_what_waits_for_one_that_is_switched_off_is_not_sent(both: Both, hook: Receiver):
    webhook, _ = added(both.a, hook)
    webhooks.try_out(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    webhooks.switch_off(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    deliver()
    assert hook.calls == []
    words = "It was switched off before this was sent."
    assert log(both.a) == [("webhook.test", "suppressed", words)]


def test_what_was_sent_is_sent_again_under_its_id(both: Both, telling: Any, hook: Receiver):
    added(both.a, hook, "notice.published")
    telling.tell(both.a.involvement, "ALDER second notice")
    first = Delivery.objects.get()
    with pytest.raises(Conflict, match="still on its way"):
        webhooks.replay(delivery_id=first.pk, by=boss(both.a), at=clocks.now())
    deliver()
    webhooks.replay(delivery_id=first.pk, by=boss(both.a), at=clocks.now())
    deliver()
    (one, two) = hook.calls
    assert (one[1], one[0]["webhook-id"]) == (two[1], two[0]["webhook-id"])
    assert Delivery.objects.first().asked_by == "Boss of Alder"


def test_mails_and_webhooks_are_sent_apart(both: Both, telling: Any, hook: Receiver):
    added(both.a, hook)
    telling.tell(both.a.involvement, "ALDER second notice")
    deliver()
    assert set(Message.objects.filter(state="sent").values_list("channel", flat=True)) == {
        "webhook"
    }
    assert Message.objects.filter(channel="email", state="queued").exists()


# --- who may --------------------------------------------------------------------------------------


def test_only_an_administrator_of_the_partner_has_a_say(both: Both, hook: Receiver):
    webhook, _ = added(both.a, hook)
    webhooks.try_out(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    with pytest.raises(NotAllowed):
        webhooks.add(url=hook.url, events=EVERY, by=both.a.actor, at=clocks.now())
    known: dict[str, Any] = {"webhook_id": webhook.pk, "at": clocks.now()}
    for call in (webhooks.rotate, webhooks.switch_off, webhooks.switch_on, webhooks.try_out):
        with pytest.raises(NotAllowed):
            call(by=both.a.actor, **known)
        with pytest.raises(NotFound):
            call(by=boss(both.b), **known)
    with pytest.raises(NotFound):
        webhooks.replay(delivery_id=Delivery.objects.get().pk, by=boss(both.b), at=clocks.now())
    assert list(deliveries.deliveries_of(boss(both.b))) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://status.alder.test/hook",
        "https://",
        "https://user:word@status.alder.test/",
        "ftp://status.alder.test/",
        "https://status.alder.test/#part",
        "https://status.alder.test/a b",
        "https://status.alder.test:port/",
        "//status.alder.test",
        "https://" + "a" * 300 + ".test",
        "https://status.alder.test/x\ny",
        "https://status.alder.test:22/",
        "https://status.alder.test:0/",
        "https://status.alder.test:1023/",
    ],
)
def test_an_address_that_cannot_be_called_safely_is_refused(both: Both, url: str):
    with pytest.raises(InvalidInput) as refused:
        webhooks.add(url=url, events=EVERY, by=boss(both.a), at=clocks.now())
    assert refused.value.field == "url"


# --- the portal's pages ---------------------------------------------------------------------------


def browser(actor: access.Actor) -> Client:
    """A browser in which this person is logged in."""
    client = Client()
    client.force_login(User.objects.get(pk=actor.person_id))
    return client


def test_an_administrator_adds_one_tests_it_reads_the_log_and_sends_it_again(
    both: Both, hook: Receiver
):
    client = browser(boss(both.a))
    answer = client.post("/portal/webhooks/add/", {"url": hook.url, "events": EVERY}, follow=True)
    webhook = Webhook.objects.latest("pk")
    assert webhook.secret in answer.text
    assert webhook.secret not in client.get("/portal/webhooks/").text
    client.post("/portal/webhooks/2/test/")
    deliver()
    page = client.get("/portal/webhooks/2/").text
    assert ("HTTP 200" in page, "delivered" in page, "Send again" in page) == (True,) * 3
    key = Delivery.objects.get().key
    client.post(f"/portal/webhooks/2/deliveries/{key}/again/")
    deliver()
    assert len(hook.calls) == 2
    assert leaks(page, "BIRCH") == []


def test_what_was_typed_stays_when_an_address_is_refused(both: Both):
    answer = browser(boss(both.a)).post(
        "/portal/webhooks/add/", {"url": "http://plain.test/x", "events": ["request.opened"]}
    )
    assert answer.status_code == 422
    assert "http://plain.test/x" in answer.text
    assert "Give an address that begins with https://" in answer.text


@pytest.mark.mistake(12)
def test_others_read_and_change_nothing_and_strangers_find_nothing(both: Both, hook: Receiver):
    added(both.a, hook)
    acting = both.a.client
    for path in ("/portal/webhooks/", "/portal/webhooks/2/"):
        page = acting.get(path).text
        assert hook.url in page
        assert re.findall(r'action="/portal/([^"]*)"', page) == []
    for button in ("test", "secret", "switch"):
        assert acting.post(f"/portal/webhooks/2/{button}/").status_code == 403
    assert acting.post("/portal/webhooks/add/").status_code == 403
    assert browser(boss(both.b)).get("/portal/webhooks/2/").status_code == 404
    assert browser(boss(both.b)).post("/portal/webhooks/2/test/").status_code == 404


def test_a_token_s_secret_is_shown_once_and_the_token_revoked(both: Both):
    client = both.a.client
    answer = client.post(
        "/portal/tokens/make/", {"name": "status page", "acts": "on", "days": "30"}, follow=True
    )
    secret = answer.text.partition("partner_")[2].partition("<")[0]
    headers = {"Authorization": f"Bearer partner_{secret}"}
    assert Client().get("/api/v1/partner/me", headers=headers).json()["scopes"] == ["act", "read"]
    assert secret not in client.get("/portal/tokens/").text
    assert client.post("/portal/tokens/2/revoke/").status_code == 404
    asked = client.get("/portal/tokens/1/revoke/").text
    assert ("Revoke it?" in asked, "status page" in asked) == (True, True)
    assert Client().get("/api/v1/partner/me", headers=headers).status_code == 200
    client.post("/portal/tokens/1/revoke/")
    assert Client().get("/api/v1/partner/me", headers=headers).status_code == 401


def test_the_phase_of_what_a_partner_does_not_see_is_told_to_nobody(both: Both):
    hidden = Involvement.objects.get(pk=both.a.hidden.pk)
    assert hidden.events.count() == 0
