"""The incident: fields, constraints, what may be read, and the lifecycle's declarations.

Transitions declare; `cases.workflow` performs. A database trigger refuses an INSERT outside
Identification and a phase that skips the order, so that no door goes around them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django_fsm import RETURN_VALUE, FSMField, FSMModelMixin, transition

from cases import gates
from cases.models.incident_indexes import INDEXES
from incidentdesk.kernel.history import tracked


class Phase(models.TextChoices):
    """The five phases of the framework, and the two ways in which an incident is over."""

    IDENTIFICATION = "identification", "Identification"
    CONTAINMENT = "containment", "Containment"
    MITIGATION = "mitigation", "Mitigation"
    RECOVERY = "recovery", "Recovery"
    REVIEW = "review", "Review"
    CLOSED = "closed", "Closed"
    DISMISSED = "dismissed", "Dismissed"


STEPS = [Phase.IDENTIFICATION, Phase.CONTAINMENT, Phase.MITIGATION, Phase.RECOVERY, Phase.REVIEW]
OVER = (Phase.CLOSED, Phase.DISMISSED)


class IncidentQuerySet(models.QuerySet["Incident"]):
    """Questions about incidents."""

    def open(self) -> IncidentQuerySet:
        """Neither closed nor dismissed."""
        return self.exclude(phase__in=OVER)


@tracked(name="title", exclude=("first_acknowledged_at", "silent_at", "classify_at"))
class Incident(FSMModelMixin, models.Model):
    """One incident, with its evaluation, its times and its phase."""

    class Detection(models.TextChoices):
        ALERT = "alert", "monitoring alert"
        ANOMALY = "anomaly", "anomaly detection"
        LOG = "log", "access or activity log"
        PARTNER = "partner", "partner report"
        STAFF = "staff", "staff"

    class Tlp(models.TextChoices):
        RED = "RED", "TLP:RED"
        AMBER_STRICT = "AMBER+STRICT", "TLP:AMBER+STRICT"
        AMBER = "AMBER", "TLP:AMBER"
        GREEN = "GREEN", "TLP:GREEN"
        CLEAR = "CLEAR", "TLP:CLEAR"

    class Dismissal(models.TextChoices):
        FALSE_POSITIVE = "false_positive", "false positive"
        DUPLICATE = "duplicate", "duplicate"

    # The trigger fills it from the year of opened_at: INC-2026-0001.
    reference = models.CharField(max_length=20, unique=True, db_default=Value(""), editable=False)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    # Its index, and the commander's, are below: with the order in which the list shows them.
    category = models.ForeignKey("cases.Category", models.PROTECT, null=True, db_index=False)
    playbook = models.ForeignKey(
        "cases.Playbook", models.PROTECT, null=True, related_name="incidents"
    )
    tlp = models.CharField("TLP", max_length=12, choices=Tlp.choices, default=Tlp.AMBER)
    detection = models.CharField(max_length=10, choices=Detection.choices)
    detected_by = models.CharField(max_length=120, help_text="For instance: source “prod-eu”.")

    opened_at = models.DateTimeField()
    occurred_at = models.DateTimeField(null=True)
    detected_at = models.DateTimeField()
    aware_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    first_acknowledged_at = models.DateTimeField(
        null=True, help_text="The first time; a page that starts again leaves it as it is."
    )
    silent_at = models.DateTimeField(
        null=True, help_text="When it is paged again, unless somebody works on it."
    )
    classify_at = models.DateTimeField(
        null=True, help_text="When whoever classifies is paged, unless that is decided by then."
    )
    confirmed_at = models.DateTimeField(null=True)
    contained_at = models.DateTimeField(null=True)
    recovery_proposed_at = models.DateTimeField(null=True)
    recovered_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)

    impact = models.PositiveSmallIntegerField(null=True)
    scope = models.PositiveSmallIntegerField(null=True)
    urgency = models.PositiveSmallIntegerField(null=True)
    floors = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    severity = models.PositiveSmallIntegerField()
    severity_override = models.PositiveSmallIntegerField(null=True)
    severity_reason = models.TextField(blank=True)

    phase = FSMField(choices=Phase.choices, default=Phase.IDENTIFICATION, protected=True)
    stay = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="Grows when it goes back; what was signed before lapses with it.",
    )
    commander = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="commands",
        db_index=False,
    )
    commanded_by = ArrayField(
        models.BigIntegerField(),
        default=list,
        help_text="Everybody who ever commanded it; none of them approves its review.",
    )
    cause = models.TextField(blank=True, help_text="The cause, or the best hypothesis.")
    resolved_at = models.DateTimeField(null=True, help_text="Response is over; the review begins.")
    residual_exposure = models.TextField(
        blank=True, db_default=Value(""), help_text="What is still exposed, or none."
    )
    is_exercise = models.BooleanField(
        default=False, db_default=False, help_text="A drill; out of every figure."
    )
    exercise_pages = models.BooleanField(
        default=False, db_default=False, help_text="The drill pages people."
    )
    exercise_tells = models.BooleanField(
        default=False, db_default=False, help_text="The drill tells partners."
    )
    is_restricted = models.BooleanField(
        default=False, db_default=False, help_text="Open to named people only."
    )
    split_from = models.ForeignKey("self", models.PROTECT, null=True, related_name="splits")
    dismissal = models.CharField(max_length=20, choices=Dismissal.choices, blank=True)
    duplicate_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="duplicates")

    let_through_to = ""  # the move whose gates `cases.gates.require` just found open

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ("-opened_at", "-id")
        default_permissions = ()
        permissions = (("open_restricted", "open this restricted incident"),)
        indexes: ClassVar[list[models.Index]] = INDEXES
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(severity__gte=1, severity__lte=4), name="incident_severity"
            ),
            models.CheckConstraint(
                condition=(Q(impact=None) | Q(impact__range=(1, 4)))
                & (Q(scope=None) | Q(scope__range=(1, 4)))
                & (Q(urgency=None) | Q(urgency__range=(1, 3))),
                name="incident_axes_in_range",
            ),
            models.CheckConstraint(
                condition=Q(severity_override=None) | ~Q(severity_reason=""),
                name="incident_override_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None) | Q(acknowledged_by__isnull=False),
                name="incident_acknowledged_by_someone",
            ),
            models.CheckConstraint(
                condition=~Q(dismissal="duplicate") | Q(duplicate_of__isnull=False),
                name="incident_duplicate_of_something",
            ),
            models.CheckConstraint(
                condition=Q(duplicate_of=None) | ~Q(duplicate_of=F("id")),
                name="incident_not_its_own_duplicate",
            ),
            models.CheckConstraint(
                condition=Q(is_exercise=True) | Q(exercise_pages=False, exercise_tells=False),
                name="incident_drills_only_as_an_exercise",
            ),
            models.CheckConstraint(
                condition=Q(duplicate_of=None) | Q(phase="dismissed"),
                name="incident_merged_is_dismissed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.heading}"

    @property
    def heading(self) -> str:
        """The title as lists and mails show it: a drill says that it is one."""
        return f"EXERCISE: {self.title}" if self.is_exercise else self.title

    @property
    def about(self) -> str:
        """How the post office and the audit trail name this incident."""
        return f"incident:{self.pk}"

    @property
    def url(self) -> str:
        """Its page on the desk, as a path."""
        return f"/admin/cases/incident/{self.pk}/change/"

    @property
    def is_open(self) -> bool:
        """Neither closed nor dismissed."""
        return self.phase not in OVER

    @property
    def is_responding(self) -> bool:
        """Open and not yet in Review: gates still ask for what is added."""
        return self.is_open and self.phase != Phase.REVIEW

    @property
    def is_evaluated(self) -> bool:
        """All three axes are answered."""
        return None not in (self.impact, self.scope, self.urgency)

    def signed(self, statements: Iterable[tuple[str, int]] | None = None) -> frozenset[str]:
        """The statements that count now; those about a stay that was taken back do not.

        `statements` are key and stay of all, where somebody has read them already.
        """
        step = len(STEPS) if self.phase in OVER else STEPS.index(Phase(self.phase))
        known = self.statements.values_list("key", "stay") if statements is None else statements
        return gates.in_force(known, stay=self.stay, step=step)

    # --- the lifecycle: what may follow what, and which gates stand before it ------------------

    @transition(
        phase,
        Phase.IDENTIFICATION,
        Phase.CONTAINMENT,
        conditions=[gates.let_through("begin_containment")],
    )
    def begin_containment(self) -> None:
        """The nature is confirmed."""

    @transition(
        phase,
        Phase.CONTAINMENT,
        Phase.MITIGATION,
        conditions=[gates.let_through("begin_mitigation")],
    )
    def begin_mitigation(self) -> None:
        """It no longer grows."""

    @transition(
        phase, Phase.MITIGATION, Phase.RECOVERY, conditions=[gates.let_through("begin_recovery")]
    )
    def begin_recovery(self) -> None:
        """The cause is dealt with."""

    @transition(phase, Phase.RECOVERY, Phase.REVIEW, conditions=[gates.let_through("begin_review")])
    def begin_review(self) -> None:
        """Service is back to normal."""

    @transition(phase, Phase.REVIEW, Phase.CLOSED, conditions=[gates.let_through("close")])
    def close(self) -> None:
        """The review is approved."""

    @transition(phase, [Phase.IDENTIFICATION, Phase.CONTAINMENT, Phase.MITIGATION], Phase.DISMISSED)
    def dismiss(self) -> None:
        """It was a false positive, or is handled elsewhere."""

    @transition(phase, list(OVER), RETURN_VALUE(Phase.REVIEW, Phase.IDENTIFICATION))
    def reopen(self) -> str:
        """A closed one goes back to its review, a dismissed one to its start."""
        return Phase.REVIEW if self.phase == Phase.CLOSED else Phase.IDENTIFICATION

    @transition(phase, STEPS[1:], RETURN_VALUE(*STEPS[:-1]))
    def step_back(self) -> str:
        """Back to the phase before this one."""
        return STEPS[STEPS.index(Phase(self.phase)) - 1]
