"""What staff may see of reviews, and the figures that others show. Every list starts here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, When

from cases import queries as incidents
from cases.models import Deadline, Incident, Phase
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES
from reviews.models import Control, ControlCheck, Lesson, Plan, PlanItem, PreventiveAction, Review
from reviews.models.preventive_action import IN_TIME, OPEN, SETTLED_AT, WAITS, overdue


def visible_to(actor: Actor) -> QuerySet[Review]:
    """The reviews of the incidents that this actor may read.

    Each with `due_at`: until when it has to be held, or None if that is over or not asked.
    """
    due = Deadline.objects.filter(
        incident=OuterRef("incident_id"), kind="review", met_at=None, is_dropped=False
    ).values("due_at")[:1]
    return (
        Review.objects.filter(incident__in=incidents.visible_to(actor))
        .select_related(
            "incident__category", "incident__commander", "facilitator", "asked_by", "approved_by"
        )
        .annotate(due_at=Subquery(due))
    )


def actions_visible_to(actor: Actor) -> QuerySet[PreventiveAction]:
    """The preventive actions of the incidents that this actor may read."""
    rows = PreventiveAction.objects.filter(review__incident__in=incidents.visible_to(actor))
    return rows.select_related(
        "review__incident", "owner", "ended_by", "verified_by", "control", "document"
    )


def ranked(
    actions: QuerySet[PreventiveAction], actor: Actor, at: datetime
) -> QuerySet[PreventiveAction]:
    """Each with `rank`, by which a register stands: what is overdue, then what waits, one's own
    first in both; then what is over."""
    waits, own = WAITS, Q(owner=actor.user_id)
    late = overdue(at)
    order = Case(
        When(late & own, then=0),
        When(late, then=1),
        When(waits & own, then=2),
        When(waits, then=3),
        default=4,
        output_field=IntegerField(),
    )
    return actions.annotate(rank=order)


def lessons_visible_to(actor: Actor) -> QuerySet[Lesson]:
    """The lessons of the incidents that this actor may read, newest first."""
    return Lesson.objects.filter(review__incident__in=incidents.visible_to(actor)).select_related(
        "review__incident", "category"
    )


def checks_visible_to(actor: Actor) -> QuerySet[ControlCheck]:
    """What reviews of the incidents that this actor may read say of controls."""
    return ControlCheck.objects.filter(review__incident__in=incidents.visible_to(actor))


def controls_visible_to(actor: Actor) -> QuerySet[Control]:
    """The register of controls: whoever reads the desk reads it."""
    may = access.allows(actor, Permission.INCIDENT_READ)
    return Control.objects.all() if may else Control.objects.none()


def controls_overdue(actor: Actor, at: datetime) -> QuerySet[Control]:
    """The controls whose review day is over."""
    return controls_visible_to(actor).filter(is_retired=False, review_on__lt=at.date())


def plans_visible_to(actor: Actor) -> QuerySet[Plan]:
    """The plans: whoever reads the desk reads them, but not every item (`items_visible_to`)."""
    may = access.allows(actor, Permission.INCIDENT_READ)
    return (Plan.objects.all() if may else Plan.objects.none()).select_related("owner")


def items_visible_to(actor: Actor) -> QuerySet[PlanItem]:
    """What stands in plans: controls, and lessons of the incidents that this actor may read."""
    if not access.allows(actor, Permission.INCIDENT_READ):
        return PlanItem.objects.none()
    return PlanItem.objects.filter(
        Q(lesson=None) | Q(lesson__review__incident__in=incidents.visible_to(actor))
    )


def people_who(*permissions: Permission) -> list[User]:
    """Who works at the desk and whose roles give all of these, the oldest account first."""
    staff = User.objects.filter(is_active=True).exclude(roles=[]).order_by("pk")
    wanted = set(permissions)
    return [
        person
        for person in staff
        if wanted <= {p for key in person.roles if key in ROLES for p in ROLES[key].permissions}
    ]


def of_incident(incident_id: int) -> Review | None:
    """The review of an incident, if it has one."""
    rows = Review.objects.select_related("incident", "facilitator", "approved_by")
    return rows.filter(incident_id=incident_id).first()


def open_reviews(actor: Actor) -> QuerySet[Review]:
    """The reviews that wait for words or approval, the earliest due day first."""
    waiting = visible_to(actor).filter(incident__phase=Phase.REVIEW)
    return waiting.order_by(F("due_at").asc(nulls_last=True), "opened_at")


def open_actions(actor: Actor) -> QuerySet[PreventiveAction]:
    """The actions that their owners still have to do, the earliest due day first.

    Of the incidents that this actor may read; what an exercise taught is no figure.
    """
    rows = PreventiveAction.objects.filter(
        state__in=OPEN, review__incident__in=incidents.counted_for(actor)
    )
    return rows.select_related("review__incident", "owner")


def overdue_actions(actor: Actor, at: datetime) -> QuerySet[PreventiveAction]:
    """What is not verified though its day is over, the oldest first, whatever became of the
    incident; of an exercise nothing."""
    rows = PreventiveAction.objects.filter(
        overdue(at), review__incident__in=incidents.counted_for(actor)
    )
    return rows.select_related("review__incident", "owner")


@dataclass(frozen=True)
class InTime:
    """Of `due` actions, `verified` were so by their due day."""

    verified: int
    due: int

    @property
    def percent(self) -> int:
        """How many of a hundred."""
        return round(100 * self.verified / self.due) if self.due else 0


def actions_in_time(actor: Actor, *, since: datetime, at: datetime) -> InTime:
    """How many of the actions whose due day lies from `since` to yesterday were verified by then.

    Dropped actions are not asked about.
    """
    due = PreventiveAction.objects.filter(
        due_on__gte=since.date(),
        due_on__lt=at.date(),
        review__incident__in=incidents.counted_for(actor),
    )
    kept = due.exclude(state=PreventiveAction.State.DROPPED).annotate(settled_at=SETTLED_AT)
    counted = kept.aggregate(due=Count("id"), verified=Count("id", filter=IN_TIME))
    return InTime(**counted)


def incidents_without_a_draft() -> QuerySet[Incident]:
    """The incidents in Review that have no review, or one approved before they reopened."""
    return (
        Incident.objects.open()
        .filter(phase=Phase.REVIEW)
        .exclude(review__state__in=[Review.State.DRAFT, Review.State.IN_REVIEW])
        .order_by("pk")
    )
