"""`/accounts/factor/`: one's own second factor, and confirming that it is still oneself.

The pages are the library's; here stand what the desk adds: other sessions end, the audit trail and
a mail say that something changed, and the portal's menu stands above for people of partners.
"""

from __future__ import annotations

from typing import Any, cast

from allauth.account.views import ReauthenticateView
from allauth.mfa.base.views import IndexView
from allauth.mfa.base.views import ReauthenticateView as CodeView
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
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


class _Changes(_Own):
    """A change: in one piece with what ends with it and what is written down of it."""

    action = said = ""  # for the audit trail, and for the mail
    proven = True  # whether this browser has proved a factor once it is done

    def form_valid(self, form: Any) -> HttpResponse:
        """Change it, and mail that it changed."""
        user = cast(User, self.request.user)
        with transaction.atomic():
            answer: HttpResponse = super().form_valid(form)  # type: ignore[misc]
            self.request.session[PROVEN] = user.pk if self.proven else None
            sessions.end_others(user, this=self.request.session.session_key)
            factors.record(self.action, user, by=access.actor_for(user), at=clocks.now())
        passwords.mail_changed_factor(user, self.said)
        return answer


class Index(_Own, IndexView):  # type: ignore[misc]
    """What one has set up."""

    def get_context_data(self, **known: Any) -> dict[str, Any]:
        """In words."""
        context = super().get_context_data(**known)
        return {**context, "held": factors.in_words(cast(User, self.request.user))}


class SetUp(_Changes, ActivateTOTPView):  # type: ignore[misc]
    """Set up an authenticator app."""

    action, said = "set up own second factor", "an authenticator app was set up"


class TakeAway(_Changes, DeactivateTOTPView):  # type: ignore[misc]
    """Take it away, as before one moves to another phone."""

    action, said = "removed own second factor", "the authenticator app was removed"
    proven = False


class NewCodes(_Changes, GenerateRecoveryCodesView):  # type: ignore[misc]
    """New recovery codes; the former ones end."""

    action, said = "made own recovery codes anew", "recovery codes were made anew"


class Codes(_Own, ViewRecoveryCodesView):  # type: ignore[misc]
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
