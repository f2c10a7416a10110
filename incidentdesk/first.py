"""The first administrator: a one-time link that an empty desk prints, and the page behind it.

The link works for a day, and only while the desk has no administrator; using it uses it up.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from incidentdesk.kernel import audit, clocks
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.errors import Conflict
from incidentdesk.kernel.models import User

_SALT = "first-administrator"
_DAY = 24 * 3600


def is_needed() -> bool:
    """Whether nobody administers the desk."""
    return not User.objects.filter(is_active=True, roles__contains=["administrator"]).exists()


def link() -> str:
    """The address under which the first administrator introduces themselves."""
    return f"{settings.SITE_URL}/accounts/first/{signing.dumps('first', salt=_SALT)}/"


@transaction.atomic
def make(*, email: str, name: str, password: str) -> User:
    """Create the first administrator; refused as soon as there is one, also a moment ago."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [_SALT])
    if not is_needed():
        raise Conflict("This desk has an administrator already; ask them for a login.")
    user = User.objects.create_user(email, password, name=name, roles=["administrator"])
    audit.record(
        by=SYSTEM, at=clocks.now(), action="first administrator", about=f"user:{user.pk}", name=name
    )
    return user


class FirstForm(forms.Form):
    """Who administers the desk."""

    name = forms.CharField(max_length=120)
    email = forms.EmailField(label="E-mail")
    password = forms.CharField(widget=forms.PasswordInput)

    def clean_password(self) -> str:
        """By the same rules as every password."""
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password

    def clean_email(self) -> str:
        """An address that nobody has yet."""
        email = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError("Somebody has this address already; take another.")
        return email


def page(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link; anything but a fresh link on an empty desk is a 404."""
    try:
        signing.loads(token, salt=_SALT, max_age=_DAY)
    except signing.BadSignature:
        raise Http404 from None
    if not is_needed():
        raise Http404
    form = FirstForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data: dict[str, Any] = form.cleaned_data
        try:
            make(**data)
        except Conflict:
            raise Http404 from None
        return redirect(settings.LOGIN_URL)
    return render(request, "account/first.html", {"form": form})
