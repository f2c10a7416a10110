"""The link in a page: it names a person and an escalation, for a day, and nobody can forge it."""

from __future__ import annotations

import pytest

from incidentdesk.kernel import errors
from notifications import acknowledgement
from notifications.models import Escalation
from tests.notifications.conftest import ABOUT, NOON, minutes, path, person, start


@pytest.fixture
def token(db: None) -> str:
    """Ada's token."""
    ada = person("Ada")
    path((0, [ada]))
    return acknowledgement.make_token(escalation_id=start().pk, user_id=ada.pk, at=NOON)


def test_a_token_says_who_was_paged_about_what(token: str) -> None:
    claim = acknowledgement.read_token(token, at=minutes(24 * 60 - 1))

    row = Escalation.objects.get()
    assert (claim.about, claim.escalation_id) == (ABOUT, row.pk)


@pytest.mark.asvs("3.5.1 3.5.3", 34)
@pytest.mark.mistake(14)
@pytest.mark.fault("F25", "a link that is followed")
def test_reading_a_token_acknowledges_nothing(token: str) -> None:
    acknowledgement.read_token(token, at=NOON)

    assert Escalation.objects.get().state == "running"


@pytest.mark.asvs("6.4.1 6.4.3", 28)
@pytest.mark.mistake(18)
@pytest.mark.fault("F21", "a token a day later")
def test_a_token_expires_after_24_hours_and_says_so(token: str) -> None:
    with pytest.raises(errors.InvalidInput, match="valid for 24 hours and has expired"):
        acknowledgement.read_token(token, at=minutes(24 * 60))


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "x", "WzEsMiwzXQ:abc", "a:b:c", "é\x00", "W10:" + "A" * 5000])
def test_a_forged_token_is_refused_in_words(text: str) -> None:
    with pytest.raises(errors.InvalidInput, match="This link is not complete"):
        acknowledgement.read_token(text, at=NOON)


def test_a_token_with_one_letter_changed_is_refused(token: str) -> None:
    changed = ("X" if token[3] != "X" else "Y").join((token[:3], token[4:]))

    with pytest.raises(errors.InvalidInput):
        acknowledgement.read_token(changed, at=NOON)
