"""New passwords: asking for a link, whose it is once it is opened, and what ends with it.

The library's page looks up whose address it is and mails
at once: how long that takes would tell who has an account here.
"""

from __future__ import annotations

from typing import Any

from allauth.account.forms import (
    ChangePasswordForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    UserTokenForm,
)
from allauth.account.views import (
    PasswordChangeView,
    PasswordResetFromKeyView,
    PasswordResetView,
)
from allauth.core import ratelimit
from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect

from incidentdesk import known
from incidentdesk.kernel import access, audit, clocks, passwords, scope, tokens
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


class _EndsTokens:
    """A new password ends the sessions; whether the tokens too, the person says.

    Programs that run unattended go on by themselves, as those of most products do; whoever fears
    that somebody else had the password ends what may have been made with it.
    """

    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._owner: User | None = options.get("user")
        held = tokens.in_use(self._owner.pk, at=clocks.now()).count() if self._owner else 0
        if held:
            self.fields["ends_tokens"] = forms.BooleanField(
                required=False,
                label=f"End my API tokens too ({held} in use)",
                help_text="Otherwise the programs that use them go on working. Tick it if somebody "
                "else may have had your password.",
            )

    def end_tokens(self) -> None:
        """What the person ticked, as part of taking the new password."""
        if self._owner is None or not self.cleaned_data.get("ends_tokens"):
            return
        at, by = clocks.now(), access.actor_for(self._owner)
        ended = tokens.revoke_all(self._owner, at=at)
        about, name = f"user:{self._owner.pk}", str(self._owner)
        action = "revoked all own tokens"
        audit.record(by=by, at=at, action=action, about=about, name=name, tokens=ended)


class ChangeForm(_EndsTokens, ChangePasswordForm):  # type: ignore[misc]
    """A new password for who knows the present one."""


class SetForm(_EndsTokens, ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password for who was mailed a link."""


class _TakesPassword:
    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """The password, and what ends with it."""
        form.end_tokens()
        answer: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        return answer


class ChangePassword(_TakesPassword, PasswordChangeView):  # type: ignore[misc]
    """The page for who knows the present one; at a partner it has the portal's menu."""

    form_class = ChangeForm

    def get_context_data(self, **known: Any) -> dict[str, Any]:
        """Which menu it has."""
        scope.lend_menu(self.request)
        context: dict[str, Any] = super().get_context_data(**known)
        return context


class SetPassword(_TakesPassword, PasswordResetFromKeyView):  # type: ignore[misc]
    """The page that a mailed link opens."""

    form_class = SetForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Whoever opened the mail is no stranger in this browser, whoever else tries."""
        answer: HttpResponse = super().form_valid(form)
        known.remember(answer, self.reset_user)
        return answer


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
