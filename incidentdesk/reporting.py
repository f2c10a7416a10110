"""`/report/`: any colleague says what is wrong, with or without a role at the desk.

Nothing can be read back here: who sent a report learns that it was received, and its reference only
if they may read incidents anyway. Nobody at a partner finds this page.
"""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cases.intake import internal
from cases.models import Category, Incident
from incidentdesk.kernel import access, clocks, once
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import DeskError, mark
from incidentdesk.kernel.fields import MinuteInput
from incidentdesk.kernel.models import User
from incidentdesk.kernel.uploads import FilesField

RECEIVED = "Thank you. Your report was received; the desk looks at it now."


class ReportForm(forms.Form):
    """What a colleague knows; times are UTC."""

    title = forms.CharField(
        label="What is wrong, in a few words",
        max_length=200,
        error_messages={"required": "Say in a few words what is wrong."},
    )
    description = forms.CharField(
        label="What you see",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 7}),
        error_messages={"required": "Describe what you see."},
    )
    category = forms.ModelChoiceField(
        Category.objects.none(), label="Kind", required=False, empty_label="I do not know"
    )
    noticed_at = forms.DateTimeField(
        label="When you noticed it (UTC)",
        widget=MinuteInput,
        error_messages={
            "required": "Say when you noticed it.",
            "invalid": "Write the time like 2026-03-04 09:41.",
        },
    )
    uploads = FilesField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast("forms.ModelChoiceField[Category]", self.fields["category"])
        choice.queryset = Category.objects.filter(is_active=True)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """The form. What was typed stays if it is refused."""
    user = cast(User, request.user)
    if not internal.is_colleague(user):
        raise Http404
    if request.method != "POST":
        return _show(request, ReportForm(initial={"noticed_at": clocks.now()}))
    form, by = ReportForm(request.POST, request.FILES), access.actor_for(user)
    if not form.is_valid():
        return _show(request, form)
    try:
        with once.claimed(request):
            made = _report(form.cleaned_data, by)
    except once.SentAlready:
        messages.info(request, once.SAID)
        return redirect("report")
    except DeskError as error:
        mark(form, error)
        return _show(request, form)
    messages.success(request, _received(made, by))
    return redirect("report")


def _report(data: dict[str, Any], by: Actor) -> Incident:
    return internal.report(
        title=data["title"],
        description=data["description"],
        category_id=data["category"].pk if data["category"] else None,
        noticed_at=data["noticed_at"],
        uploads=data["uploads"],
        by=by,
        at=clocks.now(),
    )


def _received(made: Incident, by: Actor) -> str:
    if not access.allows(by, Permission.INCIDENT_READ):
        return RECEIVED
    return format_html('{} It is <a href="{}">{}</a>.', RECEIVED, made.url, made.reference)


def _show(request: HttpRequest, form: ReportForm) -> HttpResponse:
    return render(request, "report/page.html", {"form": form}, status=422 if form.errors else 200)
