"""The wiring's apps: Celery for every process, and the desk's own admin site."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.core import checks


class IncidentdeskConfig(AppConfig):
    """Loads the Celery application, so that a web process can wake the worker."""

    name = "incidentdesk"

    def ready(self) -> None:
        from incidentdesk import celery  # noqa: F401, PLC0415 -- only after the apps are loaded

        checks.register(proxies_are_counted)


def proxies_are_counted(**_: Any) -> list[checks.CheckMessage]:
    """The desk itself speaks no HTTPS: where its address does, a proxy stands in front of it."""
    if not settings.IS_HTTPS or settings.TRUSTED_PROXIES:
        return []
    said = "SITE_URL is https, so a proxy stands in front of the desk, but TRUSTED_PROXIES is 0."
    hint = "Say how many; until then all the world counts as one caller at the login."
    return [checks.Warning(said, hint=hint, id="incidentdesk.W001")]


class DeskAdminConfig(AdminConfig):
    """The Django admin with the desk's site, which shows what was placed there on purpose."""

    default_site = "incidentdesk.kernel.desk.DeskSite"
