"""What a source's page shows below its form: how it is going, its keys, what to paste."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from cases import queries
from cases.intake import alert_rules, beats, samples, snippets
from cases.models import Event, Heartbeat, Source
from incidentdesk.kernel.access import Actor

NEWEST = 1000  # events that are looked at to say how many come


def below(source: Source, by: Actor, now: datetime) -> dict[str, Any]:
    """The cards. A fixed number of queries, over the newest events alone."""
    events = Event.objects.filter(source=source).exclude(outcome=Event.Outcome.TEST)
    newest = events.order_by("-id").values_list("received_at", "by_former_key")[:NEWEST]
    times = list(newest)
    refused = queries.events_visible_to(by).filter(source=source, outcome=Event.Outcome.REFUSED)
    return {
        "source": source,
        "events_url": f"{reverse('admin:cases_event_changelist')}?source__id__exact={source.pk}",
        "last_seen": times[0][0] if times else None,
        "rates": [
            (words, _counted([at for at, _ in times], now - span))
            for words, span in (
                ("in the last minute", timedelta(minutes=1)),
                ("in the last hour", timedelta(hours=1)),
            )
        ],
        "refused": refused.defer("body").order_by("-id").first(),
        "rules": [(rule, alert_rules.explain(rule)) for rule in alert_rules.of(source)],
        "takes_rules": source.format in samples.OF_ALERTS,
        "snippet": snippets.snippet(source.format, "<key>", source.preset),
        **_keys(source, times, now),
        **_beat(source, now),
    }


def _counted(times: list[datetime], since: datetime) -> str:
    count = sum(at > since for at in times)
    return f"{NEWEST:,} or more" if count == NEWEST else f"{count:,}"


def _beat(source: Source, now: datetime) -> dict[str, Any]:
    """Of a source that calls in: how it stands, and when the next beat is due."""
    if source.format != Source.Format.HEARTBEAT:
        return {}
    beat = Heartbeat.objects.select_related("source").filter(source=source).first()
    if beat is None:
        return {"beat": Heartbeat(source=source), "beat_words": "It has not called in yet."}
    due = beats.due_at(beat)
    if beat.down_at is not None or (due is not None and due < now):
        return {"beat": beat, "beat_colour": "bad", "beat_words": "It is missing, or failed."}
    words = "A run is under way." if beat.started_at else "All is well."
    found = {"beat": beat, "beat_due": due, "beat_words": words, "beat_colour": "ok"}
    if beat.last_at:  # such beats are no events
        found["last_seen"] = beat.last_at
        found["former_used" if beat.by_former_key else "present_used"] = beat.last_at
    return found


def _keys(source: Source, times: list[tuple[datetime, bool]], now: datetime) -> dict[str, Any]:
    """When each of the keys was used last; of the present one among the newest events."""
    is_rotating = source.former_key_until is not None and source.former_key_until > now
    former = None
    if is_rotating and source.key_since is not None:
        used = Event.objects.filter(source=source, by_former_key=True)
        newest = used.order_by("-id").values_list("received_at", flat=True).first()
        former = newest if newest and newest >= source.key_since else None
    present = next((at for at, by_former in times if not by_former), None)
    if source.key_since is not None and present is not None and present < source.key_since:
        present = None  # that was by the key before
    return {
        "is_rotating": is_rotating,
        "former_used": former,
        "present_used": present,
    }
