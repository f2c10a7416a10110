"""The page “API tokens”: one's own, and for an administrator everybody's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest
from django.utils.html import format_html

from incidentdesk.kernel import clocks, desk, dialogs, tokens
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Done
from incidentdesk.kernel.models import Token
from incidentdesk.kernel.roles import PARTNER_SCOPES, READ_SCOPE, TOKEN_SCOPES, scopes_of


class TokenDialog(dialogs.DeskForm):
    """What will use it, what it may do, and for how long."""

    name = forms.CharField(
        max_length=80, label="Name", help_text="What will use it: “status page”, “nightly export”."
    )
    scopes = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Besides reading, it"
    )
    days = forms.IntegerField(
        min_value=1,
        max_value=tokens.MOST_DAYS,
        initial=tokens.DAYS,
        label="Days until it ends",
    )

    def prepare(self) -> None:
        """The scopes of which one's roles give something."""
        theirs = [scope for scope in scopes_of(self.actor.roles) if scope.key != READ_SCOPE]
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (scope.key, format_html("<b>{}</b>: {}", scope.key, scope.words)) for scope in theirs
        ]
        if not theirs:
            del self.fields["scopes"]


def _make(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    token, secret = tokens.make(
        name=data["name"], scopes=data.get("scopes", []), days=data["days"], by=by, at=at
    )
    said = format_html(
        "“{}” is made. Its secret is shown this once; write it into what will use it:"
        '<pre class="desk-secret">{}</pre>',
        token.name,
        secret,
    )
    return Done(said)


def _revoke(obj: Token, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    token = tokens.revoke(token_id=obj.pk, by=by, at=at)
    return f"“{token.name}” is revoked; what used it is refused from now on."


MAKE = dialogs.Action(
    name="make",
    label="Make a token",
    run=_make,
    permission=Permission.INCIDENT_READ,
    form=TokenDialog,
    intro="A program that has it acts as you, within what you choose here and what your roles give "
    "at the time.",
    submit="Make the token",
    lets_in=True,
    is_primary=True,
)
REVOKE = dialogs.Action(
    name="revoke",
    label="Revoke",
    run=_revoke,
    permission=Permission.INCIDENT_READ,
    intro="What uses it is refused at once. It cannot be taken back; make a new one instead.",
    submit="Revoke it",
    is_grave=True,
    applies=lambda token: token.revoked_at is None,
)


@admin.register(Token)
class TokenAdmin(desk.DeskAdmin):
    """Tokens: made and revoked by their person."""

    list_title = "API tokens"
    page_template = "admin/kernel/token/page.html"
    desk_actions = (REVOKE,)
    list_actions = (MAKE,)
    list_display = ("name", "user", "may", "state", "expires_at", "last_used_at")
    list_select_related = ("user",)

    def visible(self, by: Actor) -> QuerySet[Token]:
        """One's own; an administrator sees everybody's."""
        revoked = Case(When(revoked_at=None, then=False), default=True)
        return tokens.visible_to(by).annotate(is_revoked=revoked)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """What works first."""
        return ("is_revoked", "-id")

    def page_context(self, request: HttpRequest, obj: Token) -> dict[str, Any]:
        """What it may do, in words."""
        every = TOKEN_SCOPES if obj.partner_id is None else PARTNER_SCOPES
        scopes = [every[key] for key in obj.scopes if key in every]
        return {"title": obj.name, "scopes": scopes, "state": self.state(obj)}

    @admin.display(description="scopes")
    def may(self, token: Token) -> str:
        """What it may be used for."""
        return ", ".join(token.scopes)

    @admin.display(description="state")
    def state(self, token: Token) -> str:
        """Whether it works."""
        if token.revoked_at is not None:
            return "revoked"
        if token.expires_at <= clocks.now():
            return "ended"
        return "works" if token.user.is_active else "its person is switched off"
