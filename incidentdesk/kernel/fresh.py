"""Whether it is surely still the person who logged in, before something grave is changed.

For a while after the login, or after they confirmed it (password, or second factor if there is
one), they are not asked again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

LASTS = timedelta(minutes=15)
BEGAN, CONFIRMED = "began", "confirmed"  # in the session, as seconds
VOUCHED = "vouched"  # when a provider last asked who they are; its word takes the login's place
CONFIRM = "/accounts/reauthenticate/"
SAID = (
    'You logged in more than 15 minutes ago: <a href="{}" target="_blank" rel="noopener">confirm '
    "that it is you</a> (in another tab), then send this again. What you typed is still here."
)


def is_fresh(request: HttpRequest, *, at: datetime) -> bool:
    """Whether they logged in, or confirmed it, a moment ago."""
    session = request.session
    known = max(session.get(VOUCHED, session.get(BEGAN, 0.0)), session.get(CONFIRMED, 0.0))
    return bool(at.timestamp() - known < LASTS.total_seconds())


def confirmed(request: HttpRequest, *, at: datetime) -> None:
    """They just did."""
    request.session[CONFIRMED] = at.timestamp()


def page(back: str) -> str:
    """Where they do, and come back."""
    return f"{CONFIRM}?next={quote(back)}"


def refusal(back: str) -> SafeString:
    """What a form says that was sent too late; `back` is where the other tab goes on."""
    return format_html(SAID, page(back))
