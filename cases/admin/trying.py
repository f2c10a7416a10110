"""Trying a source out: paste a body, see what is read of it and what would become of it.

Nothing is stored, except that the expressions of plain JSON can be saved from here.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from cases import queries
from cases.intake import expressions, plain, samples, sources, trial, webhook
from cases.models import Event, Source
from incidentdesk.kernel import access, clocks, dialogs
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import DeskError
from incidentdesk.kernel.reader import actor

NEWEST = 5  # events of each kind that are offered
PREFIX = "read_"  # of the names of fields that hold an expression


class TrialForm(forms.Form):
    """A body, and of plain JSON the expressions that read it."""

    body = forms.CharField(
        label="What the tool sends",
        max_length=webhook.MAX_BYTES,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "code"}),
    )

    def __init__(self, *args: Any, source: Source, **known: Any) -> None:
        super().__init__(*args, **known)
        if source.format != Source.Format.JSON:
            return
        for name, field in plain.FIELDS.items():
            most = plain.WORDS if field.is_words else expressions.LONGEST
            self.fields[PREFIX + name] = forms.CharField(
                label=field.label,
                help_text=field.help,
                required=name in plain.NEEDED,
                max_length=most,
                initial=source.expressions.get(name, ""),
                widget=forms.TextInput(attrs={"spellcheck": "false", "class": "code"}),
            )

    @property
    def expressions(self) -> dict[str, str]:
        """Field → its expression, as typed."""
        return {
            name.removeprefix(PREFIX): said
            for name, said in self.cleaned_data.items()
            if name.startswith(PREFIX)
        }

    @property
    def own_fields(self) -> list[Any]:
        """The fields of the expressions, as they are shown."""
        return [self[name] for name in self.fields if name.startswith(PREFIX)]

    def clean(self) -> None:
        """Each expression that cannot be read is marked where it stands."""
        if len(self.fields) > 1:
            for name, sentence in plain.wrongs(self.expressions).items():
                if PREFIX + name not in self.errors:
                    self.add_error(PREFIX + name, sentence)


def page(request: HttpRequest, source: Source | None, context: dict[str, Any]) -> HttpResponse:
    """The page: GET shows a sample, POST what it comes to, or saves the expressions."""
    by = actor(request)
    if not access.allows(by, Permission.REGISTER_WRITE):
        raise PermissionDenied
    if source is None:
        raise Http404
    events = queries.events_visible_to(by).filter(source=source)
    result = None
    if request.method == "POST":
        form = TrialForm(request.POST, source=source)
        if form.is_valid():
            if "save" in request.POST and _saved(request, form, source, by):
                return redirect(reverse("admin:cases_source_try", args=[source.pk]))
            result = trial.would(
                source,
                form.cleaned_data["body"],
                expressions=form.expressions or None,
                by=by,
                at=clocks.now(),
            )
    else:
        form = TrialForm(source=source, initial={"body": _body(request, source, events)})
    shown = {
        **context,
        "title": f"Try out {source}",
        "source": source,
        "form": form,
        "result": result,
        "refused": events.filter(outcome=Event.Outcome.REFUSED).defer("body")[:NEWEST],
        "received": events.filter(outcome=Event.Outcome.DONE).defer("body")[:NEWEST],
    }
    status = 200 if result is not None or request.method != "POST" else 422
    return TemplateResponse(request, "admin/cases/source/try.html", shown, status=status)


def _saved(request: HttpRequest, form: TrialForm, source: Source, by: Actor) -> bool:
    def save() -> str:
        sources.change_expressions(
            source_id=source.pk, expressions=form.expressions, by=by, at=clocks.now()
        )
        return "The expressions are saved; what comes from now on is read by them."

    try:
        dialogs.run(request, save)
    except DeskError as error:
        form.add_error(None, str(error))
        return False
    return True


def _body(request: HttpRequest, source: Source, events: Any) -> str:
    """The event that was asked for, or a sample."""
    number = request.GET.get("event", "")
    if number.isdecimal() and len(number) < 19:
        event = events.filter(pk=number).first()
        if event is not None:
            return str(event.body)
    return samples.body(source)
