"""Dialogs: every button of the desk opens one. GET shows the form, POST makes one call.

Without JavaScript the dialog is a page of its own; with it, `desk.js` shows the form in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django import forms
from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from incidentdesk.kernel import access, clocks, fresh, once
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import CONTRADICTS, GONE, DeskError, mark, note

FILTERS = "_changelist_filters"  # what a list was filtered by, as the framework hands it on
AGAIN = "again"  # a button inside a form: show it anew for this choice, with what was typed
IN_PLACE = "X-Dialog"  # desk.js sends it: answer the form alone, and the way on as X-Location


class DeskForm(forms.Form):
    """A dialog's form. `obj` is what it is about (None on a list), `actor` who fills it in.

    The address may fill fields in beforehand: `?key=no_systems`. `lead_in` is a line above the
    fields, `above` a template above them for what needs more than a line, `below` one under them.
    What is `folded` lies below the other fields under “More”, until it is filled in or wrong.
    `refusal` says why what was chosen offers nothing to press; it is then shown alone.
    """

    refusal: str = ""
    lead_in: str = ""
    above: str = ""
    below: str = ""
    folded: tuple[str, ...] = ()

    def __init__(self, *args: Any, obj: Any = None, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.obj = obj
        self.actor = actor
        self.prepare()

    def prepare(self) -> None:
        """Set choices and initial values from `self.obj`; nothing by default."""

    @property
    def is_unfolded(self) -> bool:
        """Whether “More” lies open."""
        return any(self[name].errors or self[name].value() for name in self.folded)


@dataclass(frozen=True)
class Done:
    """What was done, in a sentence, and where to go on if not back to the object's page.

    `refused` is what was not done of several things, and why. `then` runs after the commit: what is
    network and must not hold the transaction, like a mail.
    """

    said: str
    to: str = ""
    then: Callable[[], None] | None = None
    refused: str = ""


class UseCase(Protocol):
    """What a dialog calls: the object, the cleaned form, who and when; answers a sentence."""

    def __call__(
        self, obj: Any, data: Mapping[str, Any], *, by: Actor, at: datetime
    ) -> str | Done | None:
        """Make one call into the use cases and say, in a sentence, what was done."""


@dataclass(frozen=True)
class Action:
    """A button: its name in the address, its words, its form and the one call it makes.

    `also` is another permission that lets one in where a use case asks for either. A form with a
    file field carries its file; what is too large is refused before it is read (`uploads`).
    `ended` says of an object that is past this action why; its dialog then offers nothing to press.
    `barred` says why it is not for this very actor, whatever the roles. What `lets_in` decides who
    gets in or what somebody may do: it needs a login or a confirmation of a moment ago.
    """

    name: str
    label: str
    run: UseCase
    permission: Permission
    form: type[DeskForm] = DeskForm
    intro: str = ""
    submit: str = ""
    is_primary: bool = False
    is_grave: bool = False
    applies: Callable[[Any], bool] = lambda obj: True  # whether the button is shown at all
    also: Permission | None = None
    ended: Callable[[Any], str] = lambda obj: ""
    barred: Callable[[Any, Actor], str] = lambda obj, actor: ""
    lets_in: bool = False

    def allowed(self, actor: Actor) -> bool:
        """Whether this actor may press it."""
        wanted = (self.permission, self.also)
        return any(access.allows(actor, one) for one in wanted if one is not None)

    def refusal(self, obj: Any, actor: Actor) -> str:
        """Why this actor may not press it; empty: it may."""
        if self.allowed(actor):
            return ""
        may_not = f"{actor.name} may not {self.permission.value}"
        return self.barred(obj, actor) or f"{may_not}; an administrator can give the role."

    def shown(self, obj: Any, actor: Actor) -> bool:
        """Whether this actor sees the button on this object."""
        return self.allowed(actor) and self.applies(obj)


def run(request: HttpRequest, call: Callable[[], str | Done | None]) -> Done:
    """A click → one use case → a message. A refusal (DeskError) is the caller's to show.

    A second click on the same form runs nothing, and is told so.
    """
    try:
        with once.claimed(request):
            answer = call()
    except once.SentAlready:
        return _told(request)
    done = answer if isinstance(answer, Done) else Done(answer or "")
    if done.then is not None:
        done.then()
    if done.said:
        messages.success(request, done.said)
    if done.refused:
        messages.warning(request, done.refused)
    return done


def respond(
    request: HttpRequest,
    action: Action,
    obj: Any,
    *,
    actor: Actor,
    context: dict[str, Any],
    back: str,
) -> HttpResponse:
    """Show the dialog (GET), or run it (POST) and go `back`; a refusal keeps what was typed."""
    context = {**context, "action": action, "obj": obj, "back": back, "title": action.label}
    if why := action.refusal(obj, actor):
        return _render(request, {**context, "refusal": why}, 403)
    ended = action.ended(obj) or action.barred(obj, actor)
    if request.method != "POST" and ended:
        return _render(request, {**context, "refusal": ended}, 409)
    is_stale = action.lets_in and not fresh.is_fresh(request, at=clocks.now())
    if request.method != "POST" or AGAIN in request.POST:
        return _ask(request, action, actor, context, is_stale=is_stale)
    form = action.form(request.POST, request.FILES, obj=obj, actor=actor)
    if is_stale:
        form.add_error(None, fresh.refusal(back))
    if form.is_valid() and not form.refusal:
        at = clocks.now()
        try:
            done = run(request, lambda: action.run(obj, form.cleaned_data, by=actor, at=at))
        except DeskError as error:
            note(request, error)
            mark(form, error)
        except (ObjectDoesNotExist, IntegrityError) as error:  # somebody else was faster
            form.add_error(None, GONE if isinstance(error, ObjectDoesNotExist) else CONTRADICTS)
        else:
            return _go(request, done.to or back)
    elif once.was_sent(request):  # what the first click changed no longer fits the form
        _told(request)
        return _go(request, back)
    shown = {**context, "form": form, "is_over": bool(ended), "refusal": form.refusal}
    return _render(request, shown, 422)


def as_filtered(request: HttpRequest, list_url: str) -> str:
    """The list with the filters that were handed on, read as a query and never as an address."""
    kept = QueryDict(request.GET.get(FILTERS, "")).urlencode()
    return f"{list_url}?{kept}" if kept else list_url


def _ask(
    request: HttpRequest, action: Action, actor: Actor, context: dict[str, Any], *, is_stale: bool
) -> HttpResponse:
    if is_stale and request.method != "POST":
        return _go(request, fresh.page(request.get_full_path()))
    given = request.POST if AGAIN in request.POST else request.GET
    filled = {key: values if values[1:] else values[0] for key, values in given.lists()}
    form = action.form(obj=context["obj"], actor=actor, initial=filled)
    shown = {**context, "form": form, "refusal": form.refusal}
    return _render(request, shown, 409 if form.refusal else 200)


def _told(request: HttpRequest) -> Done:
    messages.info(request, once.SAID)
    return Done("")


def _render(request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
    in_place = bool(request.headers.get(IN_PLACE))
    template = "admin/desk/dialog_form.html" if in_place else "admin/desk/dialog_page.html"
    return TemplateResponse(request, template, context, status=status)


def _go(request: HttpRequest, to: str) -> HttpResponse:
    if request.headers.get(IN_PLACE):
        return HttpResponse(headers={"X-Location": to})
    return redirect(to)
