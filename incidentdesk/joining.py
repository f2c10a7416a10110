"""`/accounts/invitation/<secret>/`: a person whom a partner's administrator invited joins.

GET shows a page and changes nothing (mail scanners follow links); only POST accepts. Every link
that does not work (used, withdrawn, ended, made up) is answered alike.
"""

from __future__ import annotations

from typing import cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from incidentdesk.kernel import clocks, scope
from incidentdesk.kernel.errors import DeskError
from incidentdesk.kernel.models import User
from partners import invitations
from partners.models import Invitation


class PasswordForm(forms.Form):
    """The new person's own password."""

    password = forms.CharField(
        label="Choose a password",
        help_text="At least 9 characters; several words are good.",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": "Choose a password of your own."},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def page(request: HttpRequest, secret: str) -> HttpResponse:
    """The page behind the link of an invitation."""
    found = invitations.find(secret, at=clocks.now())
    if found is None:
        return render(request, "account/invitation_ended.html", status=404)
    owner = invitations.owner(found)
    if owner is None:
        return _new(request, secret, found)
    if request.user.pk != owner.pk:
        return _show(request, found, log_in=True)
    if request.method == "POST":
        return _accept(request, secret, found, None)
    return _show(request, found)


def _new(request: HttpRequest, secret: str, found: Invitation) -> HttpResponse:
    """Somebody who has no login yet chooses a password."""
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _accept(request, secret, found, form)
    return _show(request, found, form=form)


def _accept(
    request: HttpRequest, secret: str, found: Invitation, form: PasswordForm | None
) -> HttpResponse:
    password = str(form.cleaned_data["password"]) if form else ""
    user_id = cast(User, request.user).pk
    try:
        invitations.accept(secret=secret, password=password, user_id=user_id, at=clocks.now())
    except DeskError as error:
        if form is None:
            messages.error(request, str(error))
            return redirect(request.path)
        form.add_error("password", str(error))
        return _show(request, found, form=form)
    if form is None:
        request.session[scope.SESSION_KEY] = found.partner_id
        return redirect(scope.PORTAL)
    messages.success(request, f"Welcome. Log in as {found.email} with your new password.")
    return redirect(settings.LOGIN_URL)


def _show(
    request: HttpRequest,
    found: Invitation,
    *,
    form: PasswordForm | None = None,
    log_in: bool = False,
) -> HttpResponse:
    context = {
        "invitation": found,
        "form": form,
        "log_in": log_in,
        "login_url": f"{settings.LOGIN_URL}?next={request.path}",
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "account/invitation.html", context, status=status)
