"""The token of an acknowledge link: who was paged about which escalation, signed, for a day.

It only names; it acknowledges nothing. The page behind `/ack/<token>/` asks first, and a use case
of the package that owns the thing acknowledges.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing

from incidentdesk.kernel import errors
from notifications.models import Escalation, Message

VALID_FOR = timedelta(hours=24)
_SALT = "notifications.acknowledgement"
_IN_TEXT = re.compile(r"/(ack|reached|accounts/invitation)/[^/\s\"<]+/")

_CODE = re.compile(r"\b\d{6}\b")


@dataclass(frozen=True)
class AckClaim:
    """What a valid token says: this person was paged about this."""

    about: str
    user_id: int
    escalation_id: int


def link(*, escalation_id: int, user_id: int, at: datetime) -> str:
    """The address that goes into a page; it works until 24 hours after `at`."""
    token = make_token(escalation_id=escalation_id, user_id=user_id, at=at)
    return f"{settings.SITE_URL}/ack/{token}/"


def without_secrets(message: Message) -> str:
    """Its text for other eyes than those it was written to: nobody acknowledges as somebody else,
    nor confirms a way that is not theirs."""
    text = _IN_TEXT.sub(r"/\1/…/", message.body_text)
    return _CODE.sub("……", text) if message.kind == "method_code" else text


def make_token(*, escalation_id: int, user_id: int, at: datetime) -> str:
    """A token for this person and escalation."""
    until = int((at + VALID_FOR).timestamp())
    return signing.Signer(salt=_SALT).sign_object([escalation_id, user_id, until])


def read_token(token: str, *, at: datetime) -> AckClaim:
    """What the token says; InvalidInput, in words, if it is forged, cut off or too old."""
    try:
        escalation_id, user_id, until = signing.Signer(salt=_SALT).unsign_object(token)
    except Exception as error:  # a stranger's bytes fail in any way they like
        raise errors.InvalidInput(
            "This link is not complete; open it again from the mail, or acknowledge on the desk."
        ) from error
    if at.timestamp() >= until:
        raise errors.InvalidInput(
            "This link was valid for 24 hours and has expired; acknowledge on the desk."
        )
    about = Escalation.objects.filter(pk=escalation_id).values_list("about", flat=True).first()
    if about is None:
        raise errors.InvalidInput("What this link was about does not exist any more.")
    return AckClaim(about=about, user_id=user_id, escalation_id=escalation_id)
