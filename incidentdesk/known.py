"""Browsers in which somebody got in before: strangers who try their address do not lock them out.

Wrong passwords are counted by the address that was typed, so that it does not help to try from many
places. Alone that would let anybody keep anybody out. So a browser in which this very person logged
in, or that opened a link mailed to them, keeps a cookie, and what is tried there counts by itself.
It lets nobody in: it says whose tries are counted apart, and no more.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from incidentdesk.kernel.models import User

_SALT = "known-browser"
_DAYS = 180


def remember(response: HttpResponse, user: User) -> None:
    """This person got in here."""
    value = signing.dumps([user.handle.hex, secrets.token_hex(8)], salt=_SALT)
    response.set_cookie(
        settings.KNOWN_COOKIE_NAME,
        value,
        max_age=_DAYS * 24 * 3600,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )


def counted_as(request: HttpRequest, email: str) -> str:
    """By what tries with this address are counted: by itself, or by this browser if its owner got
    in here before."""
    typed = email.strip().lower()
    try:
        handle, nonce = signing.loads(
            request.COOKIES.get(settings.KNOWN_COOKIE_NAME, ""), salt=_SALT, max_age=_DAYS * 86400
        )
    except (signing.BadSignature, ValueError):
        return typed
    is_theirs = User.objects.filter(email=typed, handle=handle).exists()
    return f"{typed} {nonce}" if is_theirs else typed
