"""The wiring's apps: Celery for every process, and the desk's own admin site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class IncidentdeskConfig(AppConfig):
    """Loads the Celery application, so that a web process can wake the worker."""

    name = "incidentdesk"

    def ready(self) -> None:
        from incidentdesk import celery  # noqa: F401, PLC0415 -- only after the apps are loaded


class DeskAdminConfig(AdminConfig):
    """The Django admin with the desk's site, which shows what was placed there on purpose."""

    default_site = "incidentdesk.kernel.desk.DeskSite"
