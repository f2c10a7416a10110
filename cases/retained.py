"""What of cases is kept for a while only: deliveries, accesses, mails, drafts of reports."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from cases import holds, vault
from cases.access import stored
from cases.intake import keeping
from cases.models import Letter, ReportDraft
from incidentdesk.kernel.retention import Kind

_A_DELETION = 1_000
_OF_INCIDENT = ("incident", "report__incident", "request__involvement__incident")
_EMPTY = {
    **dict.fromkeys(("subject", "sender", "sender_name", "envelope_from"), ""),
    **dict.fromkeys(("sent_to", "text", "files"), ""),
}


def old_letters(before: datetime) -> QuerySet[Letter]:
    """Mails of before this time whose words are still there."""
    rows = Letter.objects.filter(received_at__lt=before, forgotten_at=None)
    held = Q()
    for path in _OF_INCIDENT:
        held |= Q(**{f"{path}__in": holds.ids()})
    return rows.exclude(pk__in=Letter.objects.filter(held).values("pk"))


def forget_letters(before: datetime, *, at: datetime) -> int:
    """Take the words and the people out of these mails, and their files off the disk.

    The row goes first: what a cut-off run left on the disk goes with the next one.
    """
    gone = 0
    while True:
        with transaction.atomic():
            rows = old_letters(before).order_by("pk").select_for_update(of=("self",))
            found = list(rows.values_list("pk", "key")[:_A_DELETION])
            ids = [pk for pk, _ in found]
            gone += Letter.objects.filter(pk__in=ids).update(forgotten_at=at, **_EMPTY)
        for _, key in found:
            vault.remove(key)
        if len(found) < _A_DELETION:
            break
    lately = Letter.objects.filter(forgotten_at__gte=at - timedelta(days=7))
    for key in lately.values_list("key", flat=True):
        vault.remove(key)
    return gone


def old_drafts(before: datetime) -> QuerySet[ReportDraft]:
    """Drafts that nobody has touched since."""
    return ReportDraft.objects.filter(saved_at__lt=before)


def _forget_drafts(before: datetime, *, at: datetime) -> int:
    return old_drafts(before).delete()[0]


EVENTS = Kind(
    "events",
    "Raw deliveries",
    "What sources sent, as it came. Alerts, incidents and timelines stay.",
    days=90,
    least=7,
    column="received_at",
    old=keeping.old_events,
    forget=keeping.forget,
)
ACCESS = Kind(
    "access",
    "Access events",
    "Who logged in and called, from where. What a rule found stays with its incident.",
    days=180,
    least=180,  # as far back as any rule may look
    column="received_at",
    old=stored.old,
    forget=stored.forget,
)
LETTERS = Kind(
    "letters",
    "Mails that came in",
    "The mail, its words, its people. That one came, when, and what became of it stays.",
    days=730,
    least=30,
    column="received_at",
    old=old_letters,
    forget=forget_letters,
)
DRAFTS = Kind(
    "drafts",
    "Drafts of reports",
    "Reports that somebody at a partner began and never sent.",
    days=90,
    least=7,
    column="saved_at",
    old=old_drafts,
    forget=_forget_drafts,
)
