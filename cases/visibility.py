"""What a partner may see: the portal's only window on incidents.

Every function filters by the actor's one partner, beside the row-level security of the database.
Nothing here leads to an incident row, another partner, or anything not disclosed or not sent.
"""

from __future__ import annotations

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery

from cases import labels
from cases.models import Category, Involvement, NoticeCopy, Report
from incidentdesk.kernel.access import Actor

# What the portal's database role may read; other columns are not granted.
INVOLVEMENT_COLUMNS = (
    "id",
    "partner_id",
    "reference",
    "title",
    "meaning",
    "severity",
    "started_at",
    "phase",
    "phase_times",
    "disclosed_at",
    "recovery_confirmed_at",
    "recovery_confirmed_by",
    "is_exercise",
    "continued_as",
)
COPY_COLUMNS = (
    "id",
    "involvement_id",
    "partner_id",
    "kind",
    "body",
    "tlp",
    "next_update_at",
    "sent_at",
    "acknowledged_at",
    "acknowledged_by",
    "is_emergency",
    "reader_ids",
)
REPORT_COLUMNS = (
    "id",
    "partner_id",
    "reference",
    "title",
    "description",
    "category_id",
    "happened_at",
    "noticed_at",
    "reported_at",
    "reporter",
    "state",
    "answer",
)


def notices_for(actor: Actor) -> QuerySet[NoticeCopy]:
    """The notices this partner was sent, newest first; TLP:RED for those who are named in it."""
    sent = NoticeCopy.objects.filter(partner_id=actor.tenant_id, sent_at__isnull=False)
    return sent.filter(labels.readable_by(actor)).only(*COPY_COLUMNS)


def waiting_for(actor: Actor) -> QuerySet[NoticeCopy]:
    """The notices nobody at this partner has acknowledged, each with its incident's reference."""
    return (
        notices_for(actor)
        .filter(acknowledged_at=None, involvement__disclosed_at__isnull=False)
        .select_related("involvement")
        .only(*COPY_COLUMNS, *(f"involvement__{name}" for name in INVOLVEMENT_COLUMNS))
        .order_by("-sent_at", "-id")
    )


def involvements_for(actor: Actor) -> QuerySet[Involvement]:
    """The incidents disclosed to this partner, newest first."""
    return (
        Involvement.objects.filter(partner_id=actor.tenant_id, disclosed_at__isnull=False)
        .only(*INVOLVEMENT_COLUMNS)
        .order_by("-disclosed_at", "-id")
    )


def listed_for(actor: Actor) -> QuerySet[Involvement]:
    """The same as rows of a list: `told_at` and `next_update_at` are of the newest notice."""
    newest = notices_for(actor).filter(involvement=OuterRef("pk")).order_by("-sent_at", "-id")
    return involvements_for(actor).annotate(
        told_at=Subquery(newest.values("sent_at")[:1]),
        next_update_at=Subquery(newest.values("next_update_at")[:1]),
    )


def with_notices(actor: Actor) -> QuerySet[Involvement]:
    """The same, each with its notices."""
    return involvements_for(actor).prefetch_related(
        Prefetch("copies", queryset=notices_for(actor).order_by("-sent_at", "-id"))
    )


def reports_for(actor: Actor) -> QuerySet[Report]:
    """What this partner reported, newest first."""
    return (
        Report.objects.filter(partner_id=actor.tenant_id)
        .only(*REPORT_COLUMNS)
        .order_by("-reported_at", "-id")
    )


def categories() -> QuerySet[Category]:
    """The categories a partner may choose from; the same for every partner."""
    return Category.objects.filter(is_active=True)
