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
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import DeskError

IN_PLACE = "X-Dialog"  # desk.js sends it: answer the form alone, and the way on as X-Location


class DeskForm(forms.Form):
    """A dialog's form. `obj` is what it is about (None on a list), `actor` who fills it in."""

    def __init__(self, *args: Any, obj: Any = None, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.obj = obj
        self.actor = actor
        self.prepare()

    def prepare(self) -> None:
        """Set choices and initial values from `self.obj`; nothing by default."""


class UseCase(Protocol):
    """What a dialog calls: the object, the cleaned form, who and when; answers a sentence."""

    def __call__(self, obj: Any, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str | None:
        """Make one call into the use cases and say, in a sentence, what was done."""


@dataclass(frozen=True)
class Action:
    """A button: its name in the address, its words, its form and the one call it makes."""

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

    def shown(self, obj: Any, actor: Actor) -> bool:
        """Whether this actor sees the button on this object."""
        return access.allows(actor, self.permission) and self.applies(obj)


def run(request: HttpRequest, call: Callable[[], str | None]) -> str | None:
    """A click → one use case → a message. Answers the refusal, or None when it was done."""
    try:
        said = call()
    except DeskError as error:
        return str(error)
    if said:
        messages.success(request, said)
    return None


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
    form = action.form(request.POST if request.method == "POST" else None, obj=obj, actor=actor)
    status = 200
    if request.method == "POST":
        refusal = None
        if form.is_valid():
            at = clocks.now()
            refusal = run(request, lambda: action.run(obj, form.cleaned_data, by=actor, at=at))
            if refusal is None:
                return _go(request, back)
        if refusal:
            form.add_error(None, refusal)
        status = 422
    in_place = bool(request.headers.get(IN_PLACE))
    template = "admin/desk/dialog_form.html" if in_place else "admin/desk/dialog_page.html"
    return TemplateResponse(
        request,
        template,
        {
            **context,
            "form": form,
            "action": action,
            "obj": obj,
            "back": back,
            "title": action.label,
        },
        status=status,
    )


def _go(request: HttpRequest, to: str) -> HttpResponse:
    if request.headers.get(IN_PLACE):
        return HttpResponse(headers={"X-Location": to})
    return redirect(to)
