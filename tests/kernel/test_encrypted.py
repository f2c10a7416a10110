"""What lies encrypted in its column: readable by this desk alone, and by former keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from cases.models import Source
from incidentdesk.kernel import access, clocks, encrypted
from incidentdesk.kernel.encrypting import Encrypt
from incidentdesk.kernel.shown_once import digest
from notifications import contacts
from notifications.models import ContactMethod
from partners import webhooks
from partners.models import EventType, Webhook
from tests.conftest import NOW
from tests.notifications.conftest import method, person
from tests.partners.conftest import Both, both, telling
from tests.partners.test_webhooks import boss

__all__ = ["both", "telling"]  # fixtures
pytestmark = pytest.mark.django_db


def stored(row: ContactMethod) -> tuple[str, str]:
    """What stands in the table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT address, secret FROM notifications_contactmethod WHERE id = %s", [row.pk]
        )
        address, secret = cursor.fetchone()
        return address, secret


@pytest.mark.asvs("11.5.1 7.2.3 11.4.2", 36)
def test_the_table_holds_nothing_that_can_be_read_and_the_desk_reads_it() -> None:
    row = method(person("Ada"), address="tgram://123:secret/chat")
    address, secret = stored(row)
    assert "secret" not in address
    assert secret == ""
    row.refresh_from_db()
    assert row.address == "tgram://123:secret/chat"


def test_the_same_text_is_stored_otherwise_each_time() -> None:
    ada = person("Ada")
    assert stored(method(ada, address="a"))[0] != stored(method(ada, address="a"))[0]


def test_a_former_key_reads_and_an_unknown_one_reads_nothing(settings: Any) -> None:
    row, former = method(person("Ada"), address="tgram://x/y"), settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [former]
    row.refresh_from_db()
    assert row.address == "tgram://x/y"
    settings.SECRET_KEY_FALLBACKS = []
    row.refresh_from_db()
    assert row.address == ""


def test_what_cannot_be_read_stays_in_its_column_when_the_row_is_saved(settings: Any) -> None:
    row, former = method(person("Ada"), address="tgram://x/y"), settings.SECRET_KEY
    before = stored(row)
    settings.SECRET_KEY = "n" * 50
    row.refresh_from_db()
    row.save()
    assert stored(row) == before
    settings.SECRET_KEY_FALLBACKS = [former]
    row.refresh_from_db()
    assert row.address == "tgram://x/y"


def test_each_use_has_keys_of_its_own(settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = ["former"]
    one, other = encrypted.keys("one"), encrypted.keys("other")
    assert [len(key) for key in one + other] == [32] * 4
    assert len({*one, *other}) == 4


def tables_with(text: str) -> list[str]:
    """Every table of the database in which this text can be read."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT EXISTS (SELECT FROM "{table}" AS t WHERE strpos(t::text, %s) > 0)',  # noqa: S608
                [text],
            )
            found += [table] * cursor.fetchone()[0]
    return found


@pytest.mark.asvs("11.5.1 7.2.3 11.4.2", 36)
def test_no_table_nor_its_history_holds_a_secret_that_signs(both: Both) -> None:
    url, by, now = "https://hooks.alder.example/desk", boss(both.a), clocks.now()
    webhook, former = webhooks.add(url=url, events=EventType.values, by=by, at=now)
    _, present = webhooks.rotate(webhook_id=webhook.pk, by=by, at=now)
    _, own = contacts.add(
        channel="webhook",
        address="https://hooks.desk.example/me",
        wish=contacts.Wish(label="Mine"),
        by=access.actor_for(person("Ada")),
        at=now,
    )
    source = Source.objects.create(
        name="prod", format="sentry", key_digest=digest("key"), signing_secret="hush-hush"
    )
    for name, secret in (("prod-eu", "hush-hush"), ("prod-us", "hush-again")):
        source.name, source.signing_secret = name, secret
        source.save()
    assert "cases_sourceevent" in tables_with("prod-eu")
    for secret in (former, present, own, "hush-hush", "hush-again"):
        assert (len(secret) > 8, tables_with(secret)) == (True, [])
    webhook.refresh_from_db()
    source.refresh_from_db()
    assert (webhook.former_secret, webhook.secret) == (former, present)
    assert source.signing_secret == "hush-again"


def test_a_migration_encrypts_what_was_there_and_its_way_back_writes_it_in_clear(
    both: Both, settings: Any
) -> None:
    made = [
        webhooks.add(url=f"https://{n}.alder.example/", events=["request.opened"], by=by, at=NOW)
        for by in [boss(both.a)]
        for n in range(3)
    ]
    webhooks.rotate(webhook_id=made[1][0].pk, by=boss(both.a), at=NOW + timedelta(hours=1))
    webhooks.remove(webhook_id=made[2][0].pk, by=boss(both.a), at=NOW)
    move = Encrypt("partners_webhook", "secret", "former_secret")

    def meant() -> list[tuple[str, str]]:
        return list(Webhook.objects.order_by("pk").values_list("secret", "former_secret"))

    before = meant()
    with connection.schema_editor() as editor:
        move.database_backwards("partners", editor, None, None)
    assert tables_with(made[0][1]) == tables_with(made[1][1]) == ["partners_webhook"]
    with connection.schema_editor() as editor:
        move.database_forwards("partners", editor, None, None)
    assert (meant(), tables_with(made[0][1]), tables_with(made[1][1])) == (before, [], [])
    settings.SECRET_KEY = "n" * 50
    with connection.schema_editor() as editor, pytest.raises(ValueError, match="SECRET_KEY_F"):
        move.database_backwards("partners", editor, None, None)
