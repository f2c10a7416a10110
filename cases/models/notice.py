"""Notices: what partners are told. The approved text and who approved it never change."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from incidentdesk.kernel.history import tracked

# The second person wrote neither the notice nor what it replaces.
_BY_NO_AUTHOR = """
    IF EXISTS (
        WITH RECURSIVE earlier AS (
            SELECT id, drafted_by_id, replaces_id FROM cases_notice WHERE id = NEW.replaces_id
            UNION
            SELECT n.id, n.drafted_by_id, n.replaces_id
            FROM cases_notice AS n JOIN earlier ON n.id = earlier.replaces_id
        )
        SELECT FROM earlier WHERE drafted_by_id = NEW.approved_by_id
    ) THEN
        RAISE EXCEPTION 'A notice is approved by none of its authors.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


@tracked(name="kind", exclude=("approval_seen",))
class Notice(models.Model):
    """A text for some of an incident's partners: drafted, approved by a second person, sent.

    `body` may hold placeholders; what each partner reads word for word stands in its copy.
    """

    class Kind(models.TextChoices):
        FIRST = "first", "first notice"
        UPDATE = "update", "update"
        ALL_CLEAR = "all_clear", "all clear"
        CORRECTION = "correction", "correction"
        REPORT = "report", "post-incident report"

    class State(models.TextChoices):
        DRAFT = "draft", "waits for approval"
        APPROVED = "approved", "approved"
        SENT = "sent", "sent"
        WITHDRAWN = "withdrawn", "withdrawn"

    incident = models.ForeignKey("cases.Incident", models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    body = models.TextField()
    next_update_at = models.DateTimeField(null=True, blank=True)
    tlp = models.CharField("TLP", max_length=12)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    drafted_at = models.DateTimeField()
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="notices_drafted"
    )
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="notices_approved"
    )
    approval_seen = models.JSONField(
        null=True,
        editable=False,
        help_text="What stood around the text for each partner when it was approved.",
    )
    sent_at = models.DateTimeField(null=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="notices_sent"
    )
    emergency_reason = models.TextField(
        blank=True,
        db_default=models.Value(""),
        help_text="Why the commander sent it without an approval.",
    )
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaced_by")

    class Meta:
        ordering = ("-drafted_at", "-id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("drafted_by")),
                name="notice_approved_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="notice_approval_is_a_pair",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "sent"])
                | Q(approved_at__isnull=False)
                | Q(state="sent") & ~Q(emergency_reason=""),
                name="notice_sent_only_when_approved",
            ),
            models.CheckConstraint(
                condition=Q(emergency_reason="") | Q(approved_at=None, state="sent"),
                name="notice_emergency_is_without_approval",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["drafted_at"], condition=Q(state="draft"), name="notice_to_approve"
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(
                name="approved_text_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "COALESCE(OLD.approved_at, OLD.sent_at) IS NOT NULL"
                    " AND (OLD.body, OLD.kind, OLD.tlp, OLD.incident_id, OLD.next_update_at,"
                    " OLD.drafted_by_id, OLD.approved_by_id, OLD.approved_at, OLD.approval_seen)"
                    " IS DISTINCT FROM (NEW.body, NEW.kind, NEW.tlp, NEW.incident_id,"
                    " NEW.next_update_at, NEW.drafted_by_id, NEW.approved_by_id, NEW.approved_at,"
                    " NEW.approval_seen)"
                ),
            ),
            pgtrigger.Trigger(
                name="approved_by_no_author",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "NEW.approved_by_id IS NOT NULL AND NEW.replaces_id IS NOT NULL"
                ),
                func=_BY_NO_AUTHOR,
            ),
            pgtrigger.Protect(
                name="approved_notice_stays",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("COALESCE(OLD.approved_at, OLD.sent_at) IS NOT NULL"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.get_state_display()})"


@tracked(name="partner", made=False, exclude=("remind_at",))
class NoticeCopy(models.Model):
    """A notice as one partner has it, word for word, from the draft on.

    A trigger keeps text and audience of what was approved: no copy changes, comes or goes.
    """

    notice = models.ForeignKey(Notice, models.PROTECT, related_name="copies")
    involvement = models.ForeignKey("cases.Involvement", models.PROTECT, related_name="copies")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Notice.Kind.choices)
    body = models.TextField(blank=True)
    is_own = models.BooleanField(
        default=False, db_default=False, help_text="Its text differs from that of the others."
    )
    contact_ids = ArrayField(
        models.BigIntegerField(),
        default=list,
        db_default=models.Value("{}"),
        help_text="TLP:RED: the contacts who may have it. Empty: everybody at the partner.",
    )
    reader_ids = ArrayField(
        models.BigIntegerField(),
        default=list,
        db_default=models.Value("{}"),
        help_text="The logins of those contacts.",
    )
    is_emergency = models.BooleanField(
        default=False, db_default=False, help_text="Sent without a second person's approval."
    )
    tlp = models.CharField(max_length=12)
    next_update_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=120, blank=True)
    remind_at = models.DateTimeField(
        null=True, help_text="When the next person is told that nobody acknowledged it."
    )

    class Meta:
        ordering = ("-sent_at", "-id")
        verbose_name_plural = "notice copies"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["notice", "involvement"], name="copy_once"),
            models.CheckConstraint(
                condition=~Q(tlp="RED") | Q(sent_at=None) | ~Q(contact_ids=[]),
                name="copy_red_for_named_people",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None) | Q(sent_at__isnull=False),
                name="copy_acknowledged_after_sent",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["involvement", "-sent_at"], name="copy_newest"),
            models.Index(
                fields=["partner", "-sent_at", "-id"],
                condition=Q(sent_at__isnull=False, acknowledged_at=None),
                name="copy_unacknowledged",
            ),
            models.Index(
                fields=["remind_at"],
                condition=Q(remind_at__isnull=False),
                name="copy_to_remind_of",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(
                name="sent_copy_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.sent_at IS NOT NULL AND (OLD.body, OLD.kind, OLD.tlp, OLD.partner_id,"
                    " OLD.notice_id, OLD.involvement_id, OLD.next_update_at, OLD.sent_at)"
                    " IS DISTINCT FROM (NEW.body, NEW.kind, NEW.tlp, NEW.partner_id,"
                    " NEW.notice_id, NEW.involvement_id, NEW.next_update_at, NEW.sent_at)"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.partner}"
