"""What an auditor looks for in the record of an incident: decisions, regulators' clocks, proof of
what was told, facts packages, the review, and the head of the hash chain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from cases import timeline
from cases.admin.page import classified
from cases.models import (
    Anchor,
    Checkpoint,
    CheckpointHead,
    FactsPackage,
    Incident,
    Receipt,
    RegulatoryClock,
    ReviewFacts,
    TimelineHead,
)
from cases.regulation import standing
from incidentdesk.kernel.access import Actor
from notifications import queries as post

RECIPE = "Checking an export with nothing of the desk"  # the heading in docs/timeline.md
MESSAGES = 500  # the oldest; the message log has all


def build(incident: Incident, head: TimelineHead, *, by: Actor, now: datetime) -> dict[str, Any]:
    """The sections of the record, each in its order. A fixed number of queries."""
    of_it = Q(incident=incident, involvement=None) | Q(involvement__incident=incident)
    packages = FactsPackage.objects.filter(involvement__incident=incident)
    receipts = Receipt.objects.filter(copy__involvement__incident=incident)
    clocks = RegulatoryClock.objects.filter(incident=incident)
    return {
        "classifications": [
            classified.decided(row, now) for row in standing.rows(incident).order_by("id")
        ],
        "regulators": clocks.select_related(
            "rule__regime", "involvement__partner", "recorded_by"
        ).order_by("due_at", "id"),
        "anchors": Anchor.objects.filter(of_it)
        .select_related("involvement__partner")
        .order_by("id"),
        "packages": packages.select_related("partner", "handed_by").order_by("id"),
        "receipts": receipts.select_related("copy__partner", "copy__notice").order_by("id"),
        "messages": post.about(incident.about).order_by("id")[:MESSAGES],
        "review": ReviewFacts.objects.filter(incident=incident)
        .select_related("facilitator", "approved_by")
        .first(),
        "whole_review": import_string(settings.REVIEW_ON_PAPER)(incident, by=by, now=now),
        "chain": _chain(incident, head),
    }


def _chain(incident: Incident, head: TimelineHead) -> dict[str, Any]:
    """The head, the version of its hash, whether the chain is whole, and who saw it before."""
    newest = incident.entries.filter(sequence=head.sequence).values_list("version", flat=True)
    seen = CheckpointHead.objects.filter(incident_id=incident.pk).order_by("-id").first()
    return {
        "sequence": head.sequence,
        "hash": head.hash,
        "version": newest.first(),
        "recipe": RECIPE,
        "fault": timeline.first_fault(incident),
        "seen": seen,
        "checkpoint": Checkpoint.objects.get(pk=seen.checkpoint_id) if seen else None,
    }
