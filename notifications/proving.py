"""The proof that a way works: a test goes there, and its person says that it came.

A test is sent whenever somebody asks for one, and by itself each month. Its link leads to a button;
opening it changes nothing, since scanners open links as well.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import partial

from django.core import signing
from django.db import transaction
from django.db.models import Q

from incidentdesk.kernel import due
from incidentdesk.kernel.errors import InvalidInput
from notifications import failover, outbox
from notifications.models import ContactMethod, Message

EVERY = timedelta(days=30)
ANSWER_WITHIN = timedelta(days=7)
RUN_LIMIT = 200
BY_ITSELF = "The desk"
_SALT = "notifications.proving"


def send(
    kind: str, method: ContactMethod, context: dict[str, str], *, at: datetime
) -> Message | None:
    """One message by this very way; part of a use case."""
    draft = outbox.Draft(
        kind=kind,
        to=method.user,
        about="",
        dedupe_key=f"{kind}:{method.pk}:{uuid.uuid4().hex}",
        context={"url": failover.URL, **context},
        method=method,
    )
    return next(iter(outbox.queue_many([draft], at=at)), None)


def send_test(method: ContactMethod, *, by_name: str, at: datetime) -> None:
    """A test, whose link its person follows if it came; part of a use case."""
    context = {
        "label": method.label,
        "person": method.user.name,
        "by_name": by_name,
        "url": f"/reached/{make_token(method, at=at)}/",
    }
    method.last_test = send("method_test", method, context, at=at)
    method.save(update_fields=["last_test"])


def send_due(*, at: datetime) -> int:
    """Test each way that was not tested for a month; answers how many."""
    works = ContactMethod.objects.filter(
        verified_at__lte=at - EVERY, bad_since=None, removed_at=None, user__is_active=True
    )
    untested = works.filter(Q(last_test=None) | Q(last_test__created_at__lte=at - EVERY))
    step = partial(send_test, by_name=BY_ITSELF, at=at)
    return len(due.each(untested.select_related("user"), step, most=RUN_LIMIT))


def is_unanswered(method: ContactMethod, *, at: datetime) -> bool:
    """Whether a test went a week ago and nobody said that it came."""
    test = method.last_test
    if test is None or at < test.created_at + ANSWER_WITHIN:
        return False
    return method.confirmed_at is None or method.confirmed_at < test.created_at


def make_token(method: ContactMethod, *, at: datetime) -> str:
    """What stands in the link of a test; it is good until the test after the next."""
    until = int((at + 2 * EVERY).timestamp())
    return signing.Signer(salt=_SALT).sign_object([method.pk, until])


def read_token(token: str, *, at: datetime) -> ContactMethod:
    """Whose test it is; InvalidInput, in words, if it is forged, too old, or of a removed way."""
    try:
        pk, until = signing.Signer(salt=_SALT).unsign_object(token)
    except Exception as error:  # a stranger's bytes fail in any way they like
        raise InvalidInput("This link is not complete; open it again from the test.") from error
    method = ContactMethod.objects.filter(pk=pk, removed_at=None).first()
    if method is None or at.timestamp() >= until:
        raise InvalidInput("This link has ended; send yourself another test from the desk.")
    return method


@transaction.atomic
def confirm(*, token: str, at: datetime) -> ContactMethod:
    """The test came: whoever has the link read it where it went."""
    method = read_token(token, at=at)
    ContactMethod.objects.filter(pk=method.pk).update(confirmed_at=at)
    return method
