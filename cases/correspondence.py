"""What staff may see of what is exchanged with partners: it follows the incident it belongs to."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from cases import queries
from cases.models import Letter, Procedure, Remark, Request, RequestStep, SharedFile
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission


def requests_visible_to(actor: Actor) -> QuerySet[Request]:
    """The requests to partners in the incidents that this actor may read."""
    return Request.objects.filter(involvement__incident__in=queries.visible_to(actor))


def requests_to_handle(actor: Actor) -> QuerySet[Request]:
    """Those of them where the desk is to act: an answer is whole, or more time is asked for."""
    found = requests_visible_to(actor)
    return found.filter(state=Request.State.ANSWERED) | found.filter(extension_until__isnull=False)


def overdue_requests(actor: Actor, at: datetime) -> QuerySet[Request]:
    """Those of them whose answer is overdue."""
    return requests_visible_to(actor).filter(state=Request.State.OPEN, due_at__lt=at)


def steps_visible_to(actor: Actor) -> QuerySet[RequestStep]:
    """What was said about these requests."""
    return RequestStep.objects.filter(request__involvement__incident__in=queries.visible_to(actor))


def remarks_visible_to(actor: Actor) -> QuerySet[Remark]:
    """What partners and the desk wrote to each other in the incidents that this actor may read."""
    return Remark.objects.filter(involvement__incident__in=queries.visible_to(actor))


def unanswered_remarks(actor: Actor) -> QuerySet[Remark]:
    """Those of partners that nobody has answered or put aside."""
    return remarks_visible_to(actor).filter(is_ours=False, seen_at=None)


def procedures_visible_to(actor: Actor) -> QuerySet[Procedure]:
    """The procedures that partners have on file; whoever reads the desk reads them."""
    may = access.allows(actor, Permission.INCIDENT_READ)
    return Procedure.objects.all() if may else Procedure.objects.none()


def valid_procedures(at: datetime) -> QuerySet[Procedure]:
    """Those in force whose last day is not over."""
    return Procedure.objects.filter(ended_at=None, valid_until__gte=at.date())


def letters_visible_to(actor: Actor) -> QuerySet[Letter]:
    """The mails that came in: not what belongs to an incident that is hidden from this actor."""
    if not access.allows(actor, Permission.INCIDENT_READ):
        return Letter.objects.none()
    hidden = queries.hidden_from(actor)
    return Letter.objects.exclude(incident__in=hidden).exclude(report__incident__in=hidden)


def files_visible_to(actor: Actor) -> QuerySet[SharedFile]:
    """The files that belong to what this actor may read."""
    return SharedFile.objects.filter(
        Q(step__in=steps_visible_to(actor))
        | Q(remark__in=remarks_visible_to(actor))
        | Q(procedure__in=procedures_visible_to(actor))
        | Q(report__in=queries.reports_visible_to(actor))
    )
