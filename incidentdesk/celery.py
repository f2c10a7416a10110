"""The Celery application. Worker entry points are the `jobs` modules of the packages."""

import logging.config
import os
from typing import Any

from celery import Celery, signals

from incidentdesk import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "incidentdesk.settings")
app = Celery("incidentdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def log_as_the_desk_does(**_: Any) -> None:
    """Celery sets nothing up itself."""
    from django.conf import settings  # noqa: PLC0415 -- not before somebody works

    logging.config.dictConfig(settings.LOGGING)


@signals.task_prerun.connect  # type: ignore[untyped-decorator]
def say_which_job(task_id: str, task: Any, **_: Any) -> None:
    """Every line of a job names it."""
    logs.forget()
    logs.know(task=task.name, task_id=task_id)


@signals.task_postrun.connect  # type: ignore[untyped-decorator]
def say_no_more(**_: Any) -> None:
    """What is logged between jobs is of none."""
    logs.forget()
