"""The same mail is stored once, and another one is not taken for it."""

from __future__ import annotations

import pytest

from cases.models import Letter, Report
from tests.cases.intake.mail.conftest import mail, signed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _contact(helix):
    """Helix, with its contact."""


def test_the_second_delivery_of_a_mail_stores_nothing(receive):
    raw = signed(mail())
    first = receive(raw)
    again = receive(b"Received: from elsewhere\r\n" + raw)
    assert again == first
    assert (Letter.objects.count(), Report.objects.count()) == (1, 1)


@pytest.mark.parametrize("message_id", ["<one@helix.test>", ""])
def test_another_text_under_the_same_headers_is_another_mail(receive, message_id):
    for text in ("Two fills came twice.", "Three fills came late."):
        assert receive(signed(mail(text=text, message_id=message_id))).outcome == "report"
        assert receive(mail(text=text, message_id=message_id).as_bytes()).text == text
    assert (Letter.objects.count(), Report.objects.count()) == (4, 2)


@pytest.mark.parametrize("message_id", ["<one@helix.test>", ""])
def test_a_copy_with_more_spaces_acts_no_second_time(receive, message_id):
    raw = signed(mail(message_id=message_id), canonicalize=(b"relaxed", b"relaxed"))
    first = receive(raw)
    assert (first.outcome, first.dkim) == ("report", "pass")
    changed = raw.replace(b"came twice.", b"came   twice.  ") + b"\r\n\r\n"
    assert changed != raw
    assert receive(b"X-More: 1\r\n" + changed) == first
    assert (Letter.objects.count(), Report.objects.count()) == (1, 1)


def test_a_forged_copy_does_not_stand_in_the_way_of_the_real_one(receive):
    assert receive(mail().as_bytes()).outcome == "quarantined"
    assert receive(signed(mail())).outcome == "report"
