"""The Celery application. Worker entry points are the `jobs` modules of the packages."""

import logging.config
import os
import time
from typing import Any

from celery import Celery, signals
from celery.beat import PersistentScheduler

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


class Scheduler(PersistentScheduler):  # type: ignore[misc]
    """Beat that goes on when its machine's clock is set back: Celery's own would be silent for as
    long as it was set back, since what it did last seems to lie ahead."""

    _since: float | None = None  # how far the clock was from the one that nobody can set

    def tick(self, *args: Any, **options: Any) -> float:
        """What is due is asked for; answers when to look again."""
        since = self.app.now().timestamp() - time.monotonic()
        if self._since is None or since < self._since - 1:
            for entry in self.schedule.values():
                entry.last_run_at = min(entry.last_run_at, entry.default_now())
            self._heap = None  # is made anew
        self._since = since
        wait: float = super().tick(*args, **options)
        return wait
