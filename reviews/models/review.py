"""The review of one incident: what was found out, and who approved it.

What was looked at, agreed and learned stands in rows of its own. When it is due is no column here:
the deadline `review` of the incident says it, and moves with the severity.
"""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from reviews.completeness import GRAVE

FINDINGS = (
    "root_cause",
    "contributing_factors",
    "trigger",
    "not_detected",
    "went_well",
    "went_badly",
    "luck",
)
FOR_PARTNERS = ("partner_story", "partner_cause", "partner_measures")

# What belongs to a review changes with it: in a draft alone. For triggers of its rows.
ONLY_IN_A_DRAFT = """
    IF EXISTS (SELECT FROM reviews_review WHERE id = NEW.review_id AND state <> 'draft') THEN
        RAISE EXCEPTION 'A review that is not a draft stays as it is.'
            USING ERRCODE = 'check_violation';
    END IF;
"""
# Nobody who ever commanded the incident approves its review, whatever the review knows of it.
_BY_NO_COMMANDER = """
    IF NEW.approved_by_id IS DISTINCT FROM NEW.commander_id AND (
        EXISTS (
            SELECT FROM cases_incident WHERE id = NEW.incident_id
            AND (NEW.approved_by_id = commander_id OR NEW.approved_by_id = ANY(commanded_by))
        ) OR EXISTS (
            SELECT FROM cases_assignment WHERE incident_id = NEW.incident_id
            AND role = 'commander' AND accepted_at IS NOT NULL AND user_id = NEW.approved_by_id
        )
    ) THEN
        RAISE EXCEPTION 'A review is approved by nobody who commanded its incident.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""
# Checked when somebody is named, and again when the review is handed in: severities rise.
_LED_BY_ANOTHER = f"""
    IF (TG_OP = 'INSERT' OR NEW.facilitator_id IS DISTINCT FROM OLD.facilitator_id
        OR NEW.state <> 'draft' AND NEW.state IS DISTINCT FROM OLD.state)
       AND EXISTS (
        SELECT FROM cases_incident WHERE id = NEW.incident_id AND severity IN {GRAVE}
        AND NEW.facilitator_id IN (commander_id, NEW.commander_id)
    ) THEN
        RAISE EXCEPTION 'The commander of a SEV-1 or SEV-2 does not lead its review.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""  # nosec B608 -- constants of ours


def _columns(row: str) -> str:
    """All that is written in a review, of the row as it was or as it shall be."""
    names = (*FINDINGS, *FOR_PARTNERS, "method", "no_documents_reason", "facilitator_id")
    return ", ".join(f"{row}.{name}" for name in names)


class Review(models.Model):
    """One incident has one review: a draft, then with its approvers, then approved by a person who
    did not command. While it is no draft nothing of it changes."""

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        IN_REVIEW = "in_review", "in review"
        APPROVED = "approved", "approved"

    class Method(models.TextChoices):
        FIVE_WHYS = "five_whys", "five whys"
        FAULT_TREE = "fault_tree", "fault tree"

    incident = models.OneToOneField("cases.Incident", models.PROTECT, related_name="review")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    opened_at = models.DateTimeField()
    facilitator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    commander = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="Who commanded when the review opened; may not approve it.",
    )
    root_cause = models.TextField(blank=True)
    contributing_factors = models.TextField(blank=True)
    trigger = models.TextField("what set it off", blank=True)
    not_detected = models.TextField(
        "why it was not detected earlier", blank=True, db_default=models.Value("")
    )
    went_well = models.TextField(blank=True)
    went_badly = models.TextField(blank=True)
    luck = models.TextField("where there was luck", blank=True, db_default=models.Value(""))
    method = models.CharField(
        "how causes were looked for",
        max_length=10,
        choices=Method.choices,
        default=Method.FIVE_WHYS,
        db_default=Method.FIVE_WHYS.value,
    )
    partner_story = models.TextField(
        "what happened, for partners", blank=True, db_default=models.Value("")
    )
    partner_cause = models.TextField(
        "the cause, for partners", blank=True, db_default=models.Value("")
    )
    partner_measures = models.TextField(
        "what changes, for partners", blank=True, db_default=models.Value("")
    )
    no_documents_reason = models.TextField("why no document needs updating", blank=True)
    revision = models.PositiveIntegerField(
        default=0, help_text="Counts the writings, so that two writers notice each other."
    )
    asked_at = models.DateTimeField(null=True, help_text="Since when it waits for approval.")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    remind_at = models.DateTimeField(null=True, help_text="When its approvers are reminded next.")
    sent_back_reason = models.TextField(
        blank=True, db_default=models.Value(""), help_text="Why it was last sent back."
    )
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("-opened_at", "-id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(approved_by=None)
                | Q(commander__isnull=False) & ~Q(approved_by=F("commander")),
                name="review_not_approved_by_its_commander",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "in_review"], approved_at=None, approved_by=None)
                | Q(state="approved", approved_at__isnull=False, approved_by__isnull=False),
                name="review_approval_is_a_pair",
            ),
            models.CheckConstraint(
                condition=Q(state="draft", asked_at=None, asked_by=None)
                | Q(state="in_review", asked_at__isnull=False, asked_by__isnull=False)
                | Q(state="approved"),
                name="review_asked_for_by_somebody",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-opened_at"], condition=Q(state="draft"), name="review_draft"),
            models.Index(
                fields=["remind_at", "id"],
                condition=Q(state="in_review", remind_at__isnull=False),
                name="review_to_remind_of",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(
                name="approved_findings_stay",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.approved_at IS NOT NULL AND NEW.approved_at IS NOT NULL"
                    " AND (OLD.root_cause, OLD.contributing_factors, OLD.trigger, OLD.went_well,"
                    " OLD.went_badly, OLD.no_documents_reason, OLD.incident_id, OLD.commander_id,"
                    " OLD.approved_by_id, OLD.approved_at)"
                    " IS DISTINCT FROM (NEW.root_cause, NEW.contributing_factors, NEW.trigger,"
                    " NEW.went_well, NEW.went_badly, NEW.no_documents_reason, NEW.incident_id,"
                    " NEW.commander_id, NEW.approved_by_id, NEW.approved_at)"
                ),
            ),
            pgtrigger.Protect(
                name="what_is_no_draft_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.state <> 'draft' AND NEW.state <> 'draft' AND"
                    f" ({_columns('OLD')}) IS DISTINCT FROM ({_columns('NEW')})"
                ),
            ),
            pgtrigger.FSM(
                name="one_step_after_another",
                field="state",
                transitions=[
                    ("draft", "in_review"),
                    ("in_review", "draft"),
                    ("in_review", "approved"),
                    ("approved", "draft"),
                ],
            ),
            pgtrigger.Trigger(
                name="approved_by_no_commander",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Condition("NEW.approved_by_id IS NOT NULL"),
                func=_BY_NO_COMMANDER,
            ),
            pgtrigger.Trigger(
                name="led_by_another",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Condition("NEW.facilitator_id IS NOT NULL"),
                func=_LED_BY_ANOTHER,
            ),
        ]

    def __str__(self) -> str:
        return f"Review of {self.incident}"

    @property
    def is_draft(self) -> bool:
        """Can be written; also when it was sent back, or reopened with its incident."""
        return self.state == self.State.DRAFT

    @property
    def is_in_review(self) -> bool:
        """Waits for somebody to approve it or to send it back."""
        return self.state == self.State.IN_REVIEW

    @property
    def is_approved(self) -> bool:
        """Approved; its incident closed then, and may have been reopened since."""
        return self.state == self.State.APPROVED

    @property
    def is_for_partners(self) -> bool:
        """Whether anything was written for partners."""
        return bool(self.partner_story or self.partner_cause or self.partner_measures)
