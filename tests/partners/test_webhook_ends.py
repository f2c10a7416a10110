"""Webhooks end: their server says so, or an administrator; and each end is asked once more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from incidentdesk.kernel import clocks, outgoing
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from incidentdesk.kernel.models import AuditEvent
from notifications import turns
from notifications.models import Message
from partners import webhooks
from partners.models import Webhook
from tests.hooks import Receiver, receiver
from tests.partners.conftest import Both, leaks
from tests.partners.test_webhooks import EVERY, added, boss, browser, deliver, log

pytestmark = pytest.mark.django_db


@pytest.fixture
def hook(settings: Any) -> Iterator[Receiver]:
    """A program of the partner's that listens on this machine, which tests alone may call."""
    settings.WEBHOOK_LOOPBACK = True
    with receiver() as running:
        yield running


def tried(both: Both, hook: Receiver) -> Webhook:
    """A webhook of A's to which a test is on its way."""
    webhook, _ = added(both.a, hook)
    webhooks.try_out(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    return webhook


def test_an_address_that_is_gone_is_switched_off_and_its_administrators_are_told(
    both: Both, hook: Receiver
):
    webhook = tried(both, hook)
    webhooks.try_out(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    beside = boss(both.b)
    hook.status = 410
    deliver()
    webhook.refresh_from_db()
    assert (webhook.is_on, webhook.off_because) == (False, "gone")
    assert [row[1] for row in log(both.a)] == ["failed", "failed"]
    mails = Message.objects.filter(kind="webhook_gone")
    assert [mail.to_address for mail in mails] == ["boss@alder.test"]
    assert hook.url in mails[0].body_text
    assert "/portal/webhooks/2/" in mails[0].body_text
    assert leaks(mails[0].body_text + mails[0].body_html, "BIRCH") == []
    line = AuditEvent.objects.filter(action="switched off webhook").get()
    assert (line.actor, line.detail["because"]) == ("The desk", "gone")
    for path in ("/portal/", "/portal/webhooks/", "/portal/webhooks/2/"):
        page = both.a.client.get(path).text
        assert "its server answered that the address is gone (HTTP 410)" in page, path
        assert "gone (HTTP 410)" not in browser(beside).get(path.replace("2/", "1/")).text
    webhooks.switch_on(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    assert "HTTP 410" not in both.a.client.get("/portal/").text


def test_nothing_is_on_its_way_to_one_that_is_switched_off(both: Both, hook: Receiver):
    webhook = tried(both, hook)
    assert "on its way" in both.a.client.get("/portal/webhooks/2/").text
    webhooks.switch_off(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    page = both.a.client.get("/portal/webhooks/2/").text
    assert "on its way" not in page
    assert "It was switched off before this was sent." in page
    deliver()
    assert hook.calls == []


def test_one_that_is_deleted_says_so_and_keeps_the_words_of_the_last_try(
    both: Both, hook: Receiver
):
    webhook = tried(both, hook)
    hook.status = 500
    deliver()
    webhooks.remove(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    page = both.a.client.get("/portal/webhooks/2/").text
    assert "It was deleted before this was sent. The try before: HTTP 500" in page
    assert "switched off before" not in page


def test_what_was_under_way_when_it_was_switched_off_is_not_on_its_way_after_it_failed(
    both: Both, hook: Receiver
):
    webhook = tried(both, hook)
    turns.claim(at=clocks.now())
    webhooks.switch_off(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    Message.objects.filter(kind="webhook.test").update(state="queued")
    assert "on its way" not in both.a.client.get("/portal/webhooks/2/").text


def test_a_deleted_one_is_told_nothing_and_its_log_stays_readable(both: Both, hook: Receiver):
    webhook = tried(both, hook)
    deliver()
    client = browser(boss(both.a))
    answer = client.post("/portal/webhooks/2/delete/", follow=True)
    assert "It is deleted." in answer.text
    webhook.refresh_from_db()
    assert (webhook.is_on, webhook.secret, webhook.deleter) == (False, "", "Boss of Alder")
    page = client.get("/portal/webhooks/2/").text
    assert ("It is deleted" in page, "HTTP 200" in page, "<button" in page) == (True, True, True)
    assert "/portal/webhooks/2/" not in page.replace("?after", "")
    who: dict[str, Any] = {"webhook_id": webhook.pk, "by": boss(both.a), "at": clocks.now()}
    for call in (webhooks.switch_on, webhooks.rotate, webhooks.try_out, webhooks.remove):
        with pytest.raises(NotFound):
            call(**who)
    again, _ = webhooks.add(url=hook.url, events=EVERY, by=boss(both.a), at=clocks.now())
    assert client.get("/portal/webhooks/3/").status_code == 200
    assert again.is_on


@pytest.mark.mistake(19)
def test_nothing_goes_unsigned_where_the_secret_can_be_read_no_more(
    both: Both, hook: Receiver, settings: Any
):
    webhook = tried(both, hook)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "n" * 50
    deliver()
    words = "The desk cannot read the secret that signs this any more: a new one has to be made."
    (message,) = Message.objects.filter(delivery__webhook=webhook)
    assert (hook.calls, message.state) == ([], "queued")
    assert message.events.latest("id").detail.startswith(words)
    webhooks.rotate(webhook_id=webhook.pk, by=boss(both.a), at=clocks.now())
    deliver(later=timedelta(minutes=1))
    message.refresh_from_db()
    assert (len(hook.calls), message.state) == (1, "sent")
    settings.SECRET_KEY_FALLBACKS = [former]
    webhook.refresh_from_db()
    assert webhook.former_secret != ""


def test_only_so_many_are_added_in_a_day_the_deleted_among_them(both: Both, hook: Receiver):
    now, url = clocks.now(), hook.url
    for _ in range(webhooks.A_DAY):
        made, _ = webhooks.add(url=url, events=EVERY, by=boss(both.a), at=now)
        webhooks.remove(webhook_id=made.pk, by=boss(both.a), at=now)
    with pytest.raises(Conflict) as refused:
        webhooks.add(url=url, events=EVERY, by=boss(both.a), at=now)
    assert str(refused.value) == "You added 20 webhooks within a day; go on tomorrow."
    before = Webhook.objects.filter(partner=both.a.partner).count()
    answer = browser(boss(both.a)).post("/portal/webhooks/add/", {"url": url, "events": EVERY})
    assert (answer.status_code, str(refused.value) in answer.text, url in answer.text) == (
        422,
        True,
        True,
    )
    assert Webhook.objects.filter(partner=both.a.partner).count() == before
    assert webhooks.add(url=url, events=EVERY, by=boss(both.b), at=now)[0].is_on
    tomorrow = now + timedelta(days=1)
    assert webhooks.add(url=url, events=EVERY, by=boss(both.a), at=tomorrow)[0].is_on


@pytest.mark.parametrize("end", ["secret", "switch", "delete"])
def test_each_end_asks_once_more_and_changes_nothing_until_then(
    both: Both, hook: Receiver, end: str
):
    webhook, _ = added(both.a, hook)
    before = Webhook.objects.filter(pk=webhook.pk).values().get()
    client = browser(boss(both.a))
    assert f'href="/portal/webhooks/2/{end}/"' in client.get("/portal/webhooks/2/").text
    page = client.get(f"/portal/webhooks/2/{end}/").text
    assert ('<form method="post">' in page, "Leave it as it is" in page) == (True, True)
    assert Webhook.objects.filter(pk=webhook.pk).values().get() == before
    client.post(f"/portal/webhooks/2/{end}/")
    assert Webhook.objects.filter(pk=webhook.pk).values().get() != before
    assert both.a.client.get(f"/portal/webhooks/1/{end}/").status_code == 403
    assert browser(boss(both.b)).get(f"/portal/webhooks/2/{end}/").status_code == 404


def test_a_port_on_which_other_things_listen_is_refused_in_a_sentence(both: Both):
    with pytest.raises(InvalidInput) as refused:
        webhooks.add(
            url="https://mail.alder.test:25/", events=EVERY, by=boss(both.a), at=clocks.now()
        )
    assert str(refused.value) == (
        "Give an address with another port. "
        "Calls go to the ports 443 and 80 and to those above 1023."
    )
    made = [
        webhooks.add(url=f"https://x.alder.test{port}/", events=EVERY, **who)[0].is_on
        for port in ("", ":443", ":80", ":1024", ":65535")
        for who in [{"by": boss(both.a), "at": clocks.now()}]
    ]
    assert made == [True] * 5
    with pytest.raises(outgoing.NotThatPort):
        outgoing.call("POST", "https://mail.alder.test:25/", outgoing.PUBLIC)


def test_the_log_has_the_times_of_its_reader(both: Both, hook: Receiver):
    tried(both, hook)
    deliver()
    client = browser(boss(both.a))
    client.post("/portal/preferences/", {"zone": "Asia/Tokyo", "style": "iso"})
    page = client.get("/portal/webhooks/2/").text
    times = [part.split("</time>")[0] for part in page.split("<time datetime=")[1:]]
    assert [one for one in times if "+09:00" not in one.split(">")[0]] == []
    assert [one for one in times if one.split(">")[1][4] != "-"] == []
