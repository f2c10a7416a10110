"""A form counts once: it carries a one-time value, which is claimed as its use case runs.

The claim is a row in the transaction of the use case. A second click waits for the first and is
told so; a refusal takes the claim back, so that the corrected form can be sent. What was typed is
part of the claim: other words sent from the same page are another form, and are not lost.

In the portal the value also carries for which partner the form was opened, so that what somebody
who serves two typed for the one never reaches the other.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.html import format_html
from django.utils.safestring import SafeString

from incidentdesk.kernel.models import SentForm

FIELD = "once"
SAID = "This was sent already; nothing was done twice."
KEPT = timedelta(days=2)  # a second click comes within seconds

_CLAIM = "INSERT INTO kernel_sentform (digest) VALUES (%s) ON CONFLICT (digest) DO NOTHING"


class SentAlready(Exception):
    """The very form was sent before, and what it asked for was done."""


def field(partner_id: int | None = None) -> SafeString:
    """The hidden field with a new value; browsers must not restore a former one."""
    value = secrets.token_urlsafe(16) + (f".{_mark(partner_id)}" if partner_id else "")
    return format_html(
        '<input type="hidden" name="{}" value="{}" autocomplete="off">', FIELD, value
    )


def context(request: HttpRequest) -> dict[str, Callable[[], SafeString]]:
    """For templates: `{{ once }}` inside a form, a new value each time."""
    partner = getattr(request, "partner", None)
    return {FIELD: lambda: field(partner.pk if partner else None)}


def is_for(request: HttpRequest, partner_id: int) -> bool:
    """Whether the form was opened for this partner; one without a value (a script) says nothing."""
    _, dot, mark = request.POST.get(FIELD, "").partition(".")
    return not dot or constant_time_compare(mark, _mark(partner_id))


@contextmanager
def claimed(request: HttpRequest) -> Iterator[None]:
    """Run a use case and claim the form that asked for it, in one transaction.

    Raises SentAlready if the form was sent before. A form without a value (a script) always runs.
    """
    with transaction.atomic():
        claim(request)
        yield


@contextmanager
def claimed_by_key(request: HttpRequest, key: str, *, user_id: int) -> Iterator[None]:
    """The same for a program, which sends a key of its own with a call: a key counts once, for
    one person at one address, whatever is sent with it. Without a key the call always runs."""
    with transaction.atomic():
        if key:
            _claim(hashlib.sha256(json.dumps([user_id, request.path, key]).encode()).hexdigest())
        yield


def claim(request: HttpRequest) -> None:
    """Claim the form inside the caller's transaction, or raise SentAlready."""
    if _value(request):
        _claim(_digest(request))


def was_sent(request: HttpRequest) -> bool:
    """Whether this very form was sent and done before."""
    return bool(_value(request)) and SentForm.objects.filter(digest=_digest(request)).exists()


def prune(*, at: datetime) -> int:
    """Forget the forms that nobody can click twice any more. Answers how many."""
    count, _ = SentForm.objects.filter(sent_at__lt=at - KEPT).delete()
    return count


def _value(request: HttpRequest) -> str:
    """What counts once; what a page saves by itself has none."""
    return request.POST.get(FIELD, "").partition(".")[0]


def _mark(partner_id: int) -> str:
    return salted_hmac(FIELD, str(partner_id), algorithm="sha256").hexdigest()[:16]


def _claim(digest: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [digest])
        if cursor.rowcount == 0:
            raise SentAlready


def _digest(request: HttpRequest) -> str:
    """Who sent what where: the form is that person's, and belongs to that place."""
    typed = sorted((k, v) for k, v in request.POST.lists() if k != "csrfmiddlewaretoken")
    what = json.dumps([request.user.pk, request.path, typed])
    return hashlib.sha256(what.encode()).hexdigest()
