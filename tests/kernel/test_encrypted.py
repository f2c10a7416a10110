"""What lies encrypted in its column: readable by this desk alone, and by former keys."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from notifications.models import ContactMethod
from tests.notifications.conftest import method, person

pytestmark = pytest.mark.django_db


def stored(row: ContactMethod) -> tuple[str, str]:
    """What stands in the table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT address, secret FROM notifications_contactmethod WHERE id = %s", [row.pk]
        )
        address, secret = cursor.fetchone()
        return address, secret


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
