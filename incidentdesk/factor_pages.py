"""`/accounts/factor/`: one's own second factor, and confirming that it is still oneself.

The pages are the library's; here stand what the desk adds: other sessions end, the audit trail and
a mail say that something changed, and the portal's menu stands above for people of partners.
"""

from __future__ import annotations

from typing import Any, cast

from allauth.account.views import ReauthenticateView
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.base.views import IndexView
from allauth.mfa.base.views import ReauthenticateView as CodeView
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    EditWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from incidentdesk.factors import PROVEN, WANTED
from incidentdesk.kernel import access, clocks, factors, fresh, passwords, scope, sessions
from incidentdesk.kernel.models import User


@method_decorator(never_cache, name="dispatch")
class _Own:
    """A page about one's own login."""

    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """With the portal's menu, where its reader has one."""
        scope.lend_menu(request)
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return answer

    def get_context_data(self, **known: Any) -> dict[str, Any]:
        """Where to go on, and whether there has to be a factor."""
        context: dict[str, Any] = super().get_context_data(**known)  # type: ignore[misc]
        user = cast(User, self.request.user)
        wanted = self.request.session.get(WANTED, "/")
        return {**context, "go_on": wanted, "is_required": factors.is_required_of(user)}


class _Grave(_Own):
    """A page for which it must surely be they. The library lets go of whoever has no password and
    no factor here, as those of single sign-on: they confirm it at their provider."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """On to where they confirm it, unless they just did."""
        if request.user.is_authenticated and not fresh.is_fresh(request, at=clocks.now()):
            raise ReauthenticationRequired
        return super().dispatch(request, *args, **kwargs)


class _Changes(_Grave):
    """A change: in one piece with what ends with it and what is written down of it."""

    action = said = ""  # for the audit trail, and for the mail

    def which(self, form: Any) -> dict[str, str]:
        """What of several it is, for the audit trail."""
        return {}

    def form_valid(self, form: Any) -> HttpResponse:
        """Change it, and mail that it changed."""
        user = cast(User, self.request.user)
        with transaction.atomic():
            known = self.which(form)
            answer: HttpResponse = super().form_valid(form)  # type: ignore[misc]
            self.request.session[PROVEN] = user.pk if factors.has_one(user) else None
            sessions.end_others(user, this=self.request.session.session_key)
            by = access.actor_for(user)
            factors.record(self.action, user, by=by, at=clocks.now(), **known)
        passwords.mail_changed_factor(user, self.said)
        return answer


class Index(_Own, IndexView):  # type: ignore[misc]
    """What one has set up."""


class SetUp(_Changes, ActivateTOTPView):  # type: ignore[misc]
    """Set up an authenticator app."""

    action, said = "set up own second factor", "an authenticator app was set up"


class TakeAway(_Changes, DeactivateTOTPView):  # type: ignore[misc]
    """Take it away, as before one moves to another phone."""

    action, said = "removed own second factor", "the authenticator app was removed"


class AddPasskey(_Changes, AddWebAuthnView):  # type: ignore[misc]
    """Add a passkey: a security key, a phone, or what a browser keeps."""

    action, said = "set up own second factor", "a passkey was added"

    def which(self, form: Any) -> dict[str, str]:
        """By the name that it gets."""
        return {"passkey": form.cleaned_data["name"]}


class RemovePasskey(_Changes, RemoveWebAuthnView):  # type: ignore[misc]
    """Take one away."""

    action, said = "removed own second factor", "a passkey was removed"
    success_url = reverse_lazy("mfa_index")

    def which(self, form: Any) -> dict[str, str]:
        """By its name."""
        return {"passkey": str(self.object.wrap().name)}


class NamePasskey(_Grave, EditWebAuthnView):  # type: ignore[misc]
    """Call one something else."""

    success_url = reverse_lazy("mfa_index")

    def form_valid(self, form: Any) -> HttpResponse:
        """That it is called so is written down; it lets nobody in."""
        user, called = cast(User, self.request.user), form.cleaned_data["name"]
        with transaction.atomic():
            answer: HttpResponse = super().form_valid(form)
            by = access.actor_for(user)
            factors.record("renamed own passkey", user, by=by, at=clocks.now(), passkey=called)
        return answer


class NewCodes(_Changes, GenerateRecoveryCodesView):  # type: ignore[misc]
    """New recovery codes; the former ones end."""

    action, said = "made own recovery codes anew", "recovery codes were made anew"


class Codes(_Grave, ViewRecoveryCodesView):  # type: ignore[misc]
    """The recovery codes, shown once."""


class Confirm(_Own, ReauthenticateView):  # type: ignore[misc]
    """Confirm by password; whoever has a factor is sent on to that."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Remember it, then go on to what asked for it."""
        fresh.confirmed(self.request, at=clocks.now())
        answer: HttpResponse = super().form_valid(form)
        return answer


class ConfirmByCode(_Own, CodeView):  # type: ignore[misc]
    """Confirm by the second factor."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Remember it, then go on to what asked for it."""
        fresh.confirmed(self.request, at=clocks.now())
        answer: HttpResponse = super().form_valid(form)
        return answer


class ConfirmByPasskey(_Own, ReauthenticateWebAuthnView):  # type: ignore[misc]
    """Confirm by a passkey."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Remember it, then go on to what asked for it."""
        fresh.confirmed(self.request, at=clocks.now())
        answer: HttpResponse = super().form_valid(form)
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        """The page again, with a new question for the browser."""
        for error in form.errors.get("credential", []):
            messages.error(self.request, error)
        answer: HttpResponse = self.render_to_response(self.get_context_data())
        return answer
