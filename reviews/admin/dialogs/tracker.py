"""The issue tracker: connecting it, another secret, off and on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.html import format_html

from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done
from reviews import trackers
from reviews.models import Tracker


class ConnectForm(DeskForm):
    """Its name and its address."""

    name = forms.CharField(label="Name", max_length=80, help_text="As people say it.")
    url = forms.CharField(
        label="Address", max_length=300, help_text="Where it takes webhooks: https://…"
    )


def _connect(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    tracker, secret = trackers.add(name=data["name"], url=data["url"], by=by, at=at)
    page = reverse("admin:reviews_tracker_change", args=[tracker.pk])
    return Done(_shown_once(tracker, secret), to=page)


def _renew(obj: Tracker, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    tracker, secret = trackers.renew_secret(tracker_id=obj.pk, by=by, at=at)
    return _shown_once(tracker, secret)


def _off(obj: Tracker, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    trackers.switch_off(tracker_id=obj.pk, by=by, at=at)
    return f"{obj} is switched off."


def _on(obj: Tracker, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    trackers.switch_on(tracker_id=obj.pk, by=by, at=at)
    return f"{obj} is switched on."


def _shown_once(tracker: Tracker, secret: str) -> str:
    return format_html(
        "The secret of {} is shown this once; each call is signed with it:"
        '<pre class="desk-secret">{}</pre>',
        tracker,
        secret,
    )


_MAY = Permission.REGISTER_WRITE
CONNECT = Action(
    "connect", "Connect a tracker", _connect, _MAY, ConnectForm, submit="Connect", is_primary=True
)
RENEW = Action(
    "renew_secret",
    "New secret",
    _renew,
    _MAY,
    intro="The present one signs nothing from then on.",
    submit="Make a new secret",
)
OFF = Action(
    "switch_off",
    "Switch off",
    _off,
    _MAY,
    intro="It is told nothing more, nor what waits for it.",
    applies=lambda tracker: tracker.is_on,
)
ON = Action(
    "switch_on",
    "Switch on",
    _on,
    _MAY,
    intro="It is told of what changes from now on.",
    applies=lambda tracker: not tracker.is_on,
)
