"""Asking for a link to set a password, and whose it is once it is opened.

The library's page looks up whose address it is and mails
at once: how long that takes would tell who has an account here.
"""

from __future__ import annotations

from allauth.account.forms import ResetPasswordForm, UserTokenForm
from allauth.account.views import PasswordResetView
from allauth.core import ratelimit
from django.http import HttpResponse
from django.shortcuts import redirect

from incidentdesk.kernel import clocks, passwords
from incidentdesk.kernel.models import User


class AddressForm(ResetPasswordForm):  # type: ignore[misc]
    """An address as it was typed; whose it is, a job finds out."""

    def clean_email(self) -> str:
        """Looks up nobody."""
        email: str = self.cleaned_data["email"]
        return email


class OpenedForm(UserTokenForm):  # type: ignore[misc]
    """What stands in the address of a link. It names nobody by a number that counts everybody."""

    def _get_user(self, uidb36: str) -> User | None:
        """The library's hook."""
        return passwords.whose(uidb36)


class AskForLink(PasswordResetView):  # type: ignore[misc]
    """The page on which one asks: the same few statements for every address."""

    def get_form_class(self) -> type[AddressForm]:
        """The form that looks up nobody."""
        return AddressForm

    def form_valid(self, form: AddressForm) -> HttpResponse:
        """Note that it was asked for, unless somebody asks too often."""
        email = form.cleaned_data["email"]
        refused: HttpResponse | None = ratelimit.consume_or_429(
            self.request, action="reset_password", key=email.lower()
        )
        if refused is not None:
            return refused
        passwords.ask_for_link(email=email, at=clocks.now())
        return redirect(self.get_success_url())
