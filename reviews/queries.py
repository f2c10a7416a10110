"""What staff may see of reviews, and the figures that others show. Every list starts here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, When

from cases import queries as incidents
from cases.models import Deadline, Incident, Phase
from incidentdesk.kernel.access import Actor
from reviews.models import Lesson, PreventiveAction, Review


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
    """The preventive actions of the incidents that this actor may read: open first, by due day."""
    return (
        PreventiveAction.objects.filter(review__incident__in=incidents.visible_to(actor))
        .select_related("review__incident", "owner", "ended_by")
        .annotate(
            rank=Case(When(state="open", then=0), default=1, output_field=IntegerField()),
        )
    )


def lessons_visible_to(actor: Actor) -> QuerySet[Lesson]:
    """The lessons of the incidents that this actor may read, newest first."""
    return Lesson.objects.filter(review__incident__in=incidents.visible_to(actor)).select_related(
        "review__incident__category"
    )


def of_incident(incident_id: int) -> Review | None:
    """The review of an incident, if it has one."""
    rows = Review.objects.select_related("incident", "facilitator", "approved_by")
    return rows.filter(incident_id=incident_id).first()


def open_reviews(actor: Actor) -> QuerySet[Review]:
    """The reviews that wait for words or approval, the earliest due day first."""
    waiting = visible_to(actor).filter(incident__phase=Phase.REVIEW)
    return waiting.order_by(F("due_at").asc(nulls_last=True), "opened_at")


def open_actions(actor: Actor) -> QuerySet[PreventiveAction]:
    """The actions that are neither done nor dropped, the earliest due day first.

    Of the incidents that this actor may read; what an exercise taught is no figure.
    """
    rows = PreventiveAction.objects.filter(
        state=PreventiveAction.State.OPEN, review__incident__in=incidents.counted_for(actor)
    )
    return rows.select_related("review__incident", "owner")


def overdue_actions(actor: Actor, at: datetime) -> QuerySet[PreventiveAction]:
    """The open actions whose due day is over, the oldest first, whatever became of the incident."""
    return open_actions(actor).filter(due_on__lt=at.date())


@dataclass(frozen=True)
class InTime:
    """Of `due` actions, `done` were done by their due day."""

    done: int
    due: int


def actions_in_time(actor: Actor, *, since: datetime, at: datetime) -> InTime:
    """How many of the actions whose due day lies from `since` to yesterday were done by that day.

    Dropped actions are not asked about.
    """
    due = PreventiveAction.objects.filter(
        due_on__gte=since.date(),
        due_on__lt=at.date(),
        review__incident__in=incidents.counted_for(actor),
    )
    counted = due.exclude(state=PreventiveAction.State.DROPPED).aggregate(
        due=Count("id"),
        done=Count("id", filter=Q(state="done", ended_at__date__lte=F("due_on"))),
    )
    return InTime(**counted)


def incidents_without_a_draft() -> QuerySet[Incident]:
    """The incidents in Review that have no review, or one approved before they reopened."""
    return (
        Incident.objects.open()
        .filter(phase=Phase.REVIEW)
        .exclude(review__state__in=[Review.State.DRAFT, Review.State.IN_REVIEW])
        .order_by("pk")
    )
