"""The demo's logins. Everybody knows their password: they open no desk that others reach."""

from __future__ import annotations

from django.conf import settings

from incidentdesk.kernel.models import User

STAFF = (
    "commander@desk.example responder@desk.example comms@desk.example approver@desk.example "
    "security@desk.example auditor@desk.example admin@desk.example"
)
PARTNERS = (
    "admin@helix.example contact@helix.example contact@norrbank.example contact@tidewater.example"
)
PASSWORD = "desk-demo"  # noqa: S105 -- of the demo, printed at every start
REFUSAL = (
    "Others reach {site}, and the demo's logins, whose password everybody knows, must not open "
    "it: start with another DATA_DIR or database, empty, or leave SITE_URL at localhost."
)


def is_loaded() -> bool:
    """Whether the demo is here."""
    return User.objects.filter(email=STAFF.split()[0]).exists()


def open_logins() -> list[str]:
    """Those of the demo that can be used, by the password that everybody knows."""
    wanted = [*STAFF.split(), *PARTNERS.split()]
    found = User.objects.filter(email__in=wanted, is_active=True).order_by("email")
    return [user.email for user in found if user.check_password(PASSWORD)]


def refusal() -> str:
    """Why this desk takes no demo, in a sentence; empty where it may."""
    return "" if settings.IS_LOCAL else REFUSAL.format(site=settings.SITE_URL)
