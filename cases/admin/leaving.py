"""The page on which all that a partner sees is taken out, when it leaves: first what is in it, then
a reason, then the file, made while it is downloaded. Nothing of it is stored."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.module_loading import import_string

from incidentdesk.kernel import access, clocks, desk, downloads, fresh
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.errors import DeskError
from partners.models import Partner


class TakeForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        max_length=200,
        label="Why, and who gets it",
        help_text="Stands on the audit trail: “contract ended; to their security lead”.",
    )


def export(admin: Any, request: HttpRequest, object_id: int) -> HttpResponseBase:
    """GET: what would be in it. POST: the file; who took it, when and why is recorded."""
    by, partner = desk.actor(request), Partner.objects.filter(pk=object_id).first()
    if partner is None or not access.allows(by, Permission.REGISTER_WRITE):
        raise Http404
    form, counts, refusal = TakeForm(request.POST or None), {}, ""
    try:
        counts = import_string(f"{settings.OFFBOARDING}.foresee")(partner_id=partner.pk, actor=by)
        if request.method == "POST" and not fresh.is_fresh(request, at=clocks.now()):
            form.add_error(None, fresh.refusal(reverse("admin:partners_partner_changelist")))
        if request.method == "POST" and form.is_valid():
            taken = import_string(f"{settings.OFFBOARDING}.take")(
                partner_id=partner.pk, reason=form.cleaned_data["reason"], by=by, at=clocks.now()
            )
            return downloads.inert(taken.chunks(), name=taken.name)
    except DeskError as error:
        refusal = str(error)
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": f"Export all that {partner} sees",
        "counts": {name.replace("-", " "): count for name, count in counts.items()},
        "form": form,
        "refusal": refusal,
        "back": reverse("admin:partners_partner_change", args=[partner.pk]),
    }
    status = 409 if refusal else 422 if form.errors else 200
    return TemplateResponse(request, "admin/cases/partner/leaving.html", context, status=status)
