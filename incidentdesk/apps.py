"""The wiring's apps: Celery for every process, and the desk's own admin site."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.core import checks

from incidentdesk import tls


class IncidentdeskConfig(AppConfig):
    """Loads the Celery application, so that a web process can wake the worker."""

    name = "incidentdesk"

    def ready(self) -> None:
        from incidentdesk import celery  # noqa: F401, PLC0415 -- only after the apps are loaded

        checks.register(proxies_are_counted)
        checks.register(a_second_factor_is_required, deploy=True)
        checks.register(mail_is_encrypted, deploy=True)


def proxies_are_counted(**_: Any) -> list[checks.CheckMessage]:
    """The desk itself speaks no HTTPS: where its address does, a proxy stands in front of it."""
    if not settings.IS_HTTPS or settings.TRUSTED_PROXIES:
        return []
    said = "SITE_URL is https, so a proxy stands in front of the desk, but TRUSTED_PROXIES is 0."
    hint = "Say how many; until then all the world counts as one caller at the login."
    return [checks.Warning(said, hint=hint, id="incidentdesk.W001")]


def a_second_factor_is_required(**_: Any) -> list[checks.CheckMessage]:
    """Of staff, and of those who administer a partner's people, wherever others reach the desk."""
    if settings.REQUIRE_MFA or not settings.IS_HTTPS:
        return []
    said = "REQUIRE_MFA is off: whoever learns a password of staff gets in with it."
    hint = "Leave it unset: it is on where SITE_URL is https."
    return [checks.Warning(said, hint=hint, id="incidentdesk.W002")]


def mail_is_encrypted(**_: Any) -> list[checks.CheckMessage]:
    """On its way to a mail server elsewhere; a file and a provider's address by HTTPS need none."""
    is_smtp = not settings.MAIL_PROVIDER and not hasattr(settings, "EMAIL_FILE_PATH")
    if not is_smtp or not tls.is_mail_in_clear(settings):
        return []
    host = settings.EMAIL_HOST
    said = f"EMAIL_URL leads to {host} in clear: mails, and its password, are read on the way."
    hint = (
        f"Add ?tls=starttls or ?tls=tls, or name {host} in PLAINTEXT_HOSTS if nobody else is on "
        "the network in between."
    )
    return [checks.Error(said, hint=hint, id="incidentdesk.E001")]


class DeskAdminConfig(AdminConfig):
    """The Django admin with the desk's site, which shows what was placed there on purpose."""

    default_site = "incidentdesk.kernel.desk.DeskSite"
