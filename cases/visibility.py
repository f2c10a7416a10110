"""What a partner may see: the portal's only window on incidents.

Every function filters by the actor's one partner, beside the row-level security of the database.
Nothing here leads to an incident row, another partner, or anything not disclosed or not sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, Prefetch, Q, QuerySet, Subquery

from cases import labels
from cases.columns import (
    COPY_COLUMNS,
    DIGEST_COLUMNS,
    DRAFT_COLUMNS,
    EVENT_COLUMNS,
    FILE_COLUMNS,
    FRAMEWORK_COLUMNS,
    INVOLVEMENT_COLUMNS,
    LINE_COLUMNS,
    PACKAGE_COLUMNS,
    PROCEDURE_COLUMNS,
    READING_COLUMNS,
    REMARK_COLUMNS,
    REPORT_COLUMNS,
    REQUEST_COLUMNS,
    STEP_COLUMNS,
)
from cases.models import (
    Category,
    Digest,
    DigestLine,
    FactsPackage,
    Framework,
    FrameworkReading,
    Involvement,
    NoticeCopy,
    PartnerEvent,
    Procedure,
    Receipt,
    Remark,
    Report,
    ReportDraft,
    Request,
    RequestStep,
    SharedFile,
)
from incidentdesk.kernel.access import Actor

R = TypeVar("R", bound=Model)


def notices_for(actor: Actor) -> QuerySet[NoticeCopy]:
    """The notices this partner was sent, newest first; TLP:RED for those who are named in it."""
    sent = NoticeCopy.objects.filter(partner_id=actor.tenant_id, sent_at__isnull=False)
    readable = sent.filter(labels.readable_by(actor))
    return _shown(readable, actor, "involvement", by="involvement_id").only(*COPY_COLUMNS)


def receipts_for(actor: Actor) -> QuerySet[NoticeCopy]:
    """The notices this partner was sent, newest first, each with its incident: who read which."""
    return (
        notices_for(actor)
        .filter(involvement__disclosed_at__isnull=False)
        .select_related("involvement")
        .only(*COPY_COLUMNS, *(f"involvement__{name}" for name in INVOLVEMENT_COLUMNS))
        .order_by("-sent_at", "-id")
    )


def waiting_for(actor: Actor) -> QuerySet[NoticeCopy]:
    """Those of them that nobody at this partner has acknowledged."""
    return receipts_for(actor).filter(acknowledged_at=None)


def marked_for(actor: Actor) -> QuerySet[NoticeCopy]:
    """The same, each with whether it `is_new`: this very person has not had it on the screen."""
    opened = Receipt.objects.filter(copy=OuterRef("pk"), user_id=actor.user_id or 0)
    return notices_for(actor).annotate(is_new=~Exists(opened.order_by()))


def involvements_for(actor: Actor) -> QuerySet[Involvement]:
    """The incidents disclosed to this partner, newest first."""
    disclosed = Involvement.objects.filter(partner_id=actor.tenant_id, disclosed_at__isnull=False)
    shown = _shown(disclosed, actor, "involvement")
    return shown.only(*INVOLVEMENT_COLUMNS).order_by("-disclosed_at", "-id")


def listed_for(actor: Actor) -> QuerySet[Involvement]:
    """The same as rows of a list: `told_at` and `next_update_at` are of the newest notice."""
    newest = notices_for(actor).filter(involvement=OuterRef("pk")).order_by("-sent_at", "-id")
    return involvements_for(actor).annotate(
        told_at=Subquery(newest.values("sent_at")[:1]),
        next_update_at=Subquery(newest.values("next_update_at")[:1]),
    )


def search_for(actor: Actor, words: Sequence[str]) -> QuerySet[Involvement]:
    """Those of the list in which each word stands: in the title, the reference, or a notice.

    Compared row by row on this partner's own rows, whose index leads there. A full-text index
    would hold every partner's words, could not be used under row-level security, and would take
    longer where others have more to tell.
    """
    rows = listed_for(actor)
    for number, word in enumerate(words):
        told = notices_for(actor).filter(involvement=OuterRef("pk"), body__icontains=word)
        # One row at a time, so that a page of what is found often ends after a few.
        rows = rows.alias(**{f"told_{number}": Subquery(told.order_by().values("pk")[:1])}).filter(
            Q(title__icontains=word)
            | Q(reference__icontains=word)
            | Q(**{f"told_{number}__isnull": False})
        )
    return rows


def with_notices(actor: Actor) -> QuerySet[Involvement]:
    """The same, each with its notices."""
    return involvements_for(actor).prefetch_related(
        Prefetch("copies", queryset=notices_for(actor).order_by("-sent_at", "-id"))
    )


def reports_for(actor: Actor) -> QuerySet[Report]:
    """What this partner reported, newest first."""
    own = _shown(Report.objects.filter(partner_id=actor.tenant_id), actor, "report")
    return own.only(*REPORT_COLUMNS).order_by("-reported_at", "-id")


def drafts_for(actor: Actor) -> QuerySet[ReportDraft]:
    """The report that this person has begun for the partner; at most one."""
    begun = ReportDraft.objects.filter(partner_id=actor.tenant_id, user_id=actor.user_id or 0)
    return begun.only(*DRAFT_COLUMNS)


def requests_for(actor: Actor) -> QuerySet[Request]:
    """What we asked this partner, each with its incident; what it owes first, by its time."""
    asked = Request.objects.filter(partner_id=actor.tenant_id)
    return (
        _shown(asked, actor, "involvement", by="involvement_id")
        .select_related("involvement")
        .only(*REQUEST_COLUMNS, *(f"involvement__{name}" for name in INVOLVEMENT_COLUMNS))
        .order_by("due_at", "id")
    )


def owed_by(actor: Actor) -> QuerySet[Request]:
    """Those of them that this partner still has to answer."""
    return requests_for(actor).filter(state=Request.State.OPEN)


def steps_for(actor: Actor) -> QuerySet[RequestStep]:
    """What was said about these requests, oldest first, each with its files."""
    said = RequestStep.objects.filter(partner_id=actor.tenant_id)
    return (
        _shown(said, actor, "involvement", by="request__involvement_id")
        .only(*STEP_COLUMNS)
        .prefetch_related(Prefetch("files", queryset=files_for(actor)))
        .order_by("id")
    )


def remarks_for(actor: Actor) -> QuerySet[Remark]:
    """What this partner and the response team wrote to each other, oldest first, with files."""
    written = Remark.objects.filter(partner_id=actor.tenant_id)
    return (
        _shown(written, actor, "involvement", by="involvement_id")
        .only(*REMARK_COLUMNS)
        .prefetch_related(Prefetch("files", queryset=files_for(actor)))
        .order_by("id")
    )


def events_for(actor: Actor) -> QuerySet[PartnerEvent]:
    """What this partner's programs are told, in order; of TLP:RED what its readers may read."""
    told = PartnerEvent.objects.filter(partner_id=actor.tenant_id)
    readable = told.filter(labels.readable_by(actor))
    shown = _shown(readable, actor, "involvement", by="involvement_id")
    return shown.only(*EVENT_COLUMNS).order_by("number")


def procedures_for(actor: Actor) -> QuerySet[Procedure]:
    """What this partner has on file for its own users, each with its file; the first to expire
    first."""
    return (
        Procedure.objects.filter(partner_id=actor.tenant_id)
        .only(*PROCEDURE_COLUMNS)
        .prefetch_related(Prefetch("files", queryset=files_for(actor)))
        .order_by("valid_until", "id")
    )


def packages_for(actor: Actor) -> QuerySet[FactsPackage]:
    """The facts packages that this partner was handed, each with its incident; newest first."""
    handed = FactsPackage.objects.filter(partner_id=actor.tenant_id)
    return (
        _shown(handed, actor, "involvement", by="involvement_id")
        .select_related("involvement")
        .only(*PACKAGE_COLUMNS, *(f"involvement__{name}" for name in INVOLVEMENT_COLUMNS))
        .order_by("-id")
    )


def digests_for(actor: Actor) -> QuerySet[Digest]:
    """What this partner was told of in its monthly digests, newest first, each with its lines."""
    lines = DigestLine.objects.filter(partner_id=actor.tenant_id).only(*LINE_COLUMNS)
    shown = _shown(lines, actor, "involvement", by="involvement_id").order_by("id")
    return (
        Digest.objects.filter(partner_id=actor.tenant_id)
        .only(*DIGEST_COLUMNS)
        .prefetch_related(Prefetch("lines", queryset=shown))
        .order_by("-month", "-id")
    )


def files_for(actor: Actor) -> QuerySet[SharedFile]:
    """The files that this partner and the desk share."""
    shared = SharedFile.objects.filter(partner_id=actor.tenant_id)
    for way in ("remark__involvement_id", "step__request__involvement_id"):
        shared = _shown(shared, actor, "involvement", by=way)
    shared = _shown(shared, actor, "report", by="report_id")
    return shared.only(*FILE_COLUMNS).order_by("id")


def framework() -> QuerySet[Framework]:
    """How we handle incidents, the version in force first; the same for every partner."""
    return Framework.objects.only(*FRAMEWORK_COLUMNS).order_by("-number")


def framework_readings_for(actor: Actor) -> QuerySet[FrameworkReading]:
    """Which versions this partner's administrators acknowledged, the newest first."""
    own = FrameworkReading.objects.filter(partner_id=actor.tenant_id)
    return own.only(*READING_COLUMNS).order_by("-framework_id")


def unread_framework(actor: Actor) -> QuerySet[Framework]:
    """The version in force, if nobody has acknowledged it for this partner."""
    newer = Framework.objects.filter(number__gt=OuterRef("number"))
    readings = framework_readings_for(actor).filter(framework=OuterRef("pk")).order_by()
    return framework().defer("text").filter(~Exists(newer), ~Exists(readings))


def categories() -> QuerySet[Category]:
    """The categories a partner may choose from; the same for every partner."""
    return Category.objects.filter(is_active=True)


def _shown(rows: QuerySet[R], actor: Actor, kind: str, *, by: str = "id") -> QuerySet[R]:
    """Without what is withheld from a member of staff who views this as the partner."""
    begin = f"{kind}:"
    ids = [int(one.removeprefix(begin)) for one in actor.withheld if one.startswith(begin)]
    return rows.exclude(**{f"{by}__in": ids}) if ids else rows
