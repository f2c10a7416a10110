"""Figures that the desk asks a Prometheus for, on a schedule, in the worker.

What is asked is bounded: hosts that the setting PROMETHEUS_HOSTS names and no others, no redirect
is followed, no proxy is asked, an answer ends after ten seconds or five megabytes, and a host that
did not answer is asked no more in the same run. A run ends after twenty seconds, since partners'
webhooks wait for it; what is due then is asked first by the next one.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db.models import F, Q

from cases.intake import figures
from cases.intake.metrics import Figure
from cases.intake.signal import text
from cases.models import PrometheusQuery
from incidentdesk.kernel import outgoing
from incidentdesk.kernel.errors import InvalidInput

logger = logging.getLogger(__name__)
CONNECT, ANSWER, A_RUN = 3.0, 10.0, 20.0  # seconds
LARGEST = 5 * 1024 * 1024
MOST = 500  # series of one answer
LONGEST = 200
SILENT = "failed: its host did not answer before"
UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def require_allowed(url: str) -> str:
    """The address without its last slash. InvalidInput unless the desk may ask there."""
    parts = urlsplit(url)
    host = parts.netloc.lower()
    if parts.scheme not in ("http", "https") or not host or "@" in host:
        raise InvalidInput("The address has to look like http://prometheus.internal:9090.")
    if parts.query or parts.fragment:
        raise InvalidInput("Leave out everything after the path; the query has its own field.")
    if host not in settings.PROMETHEUS_HOSTS:
        raise InvalidInput(
            f"The desk may not ask {host}; whoever runs it can add it to PROMETHEUS_HOSTS."
        )
    return url.rstrip("/")


def ask(*, at: datetime) -> int:
    """Ask every query that is due; answers how many. Whoever claims one asks it, nobody else."""
    due = PrometheusQuery.objects.filter(
        Q(due_at=None) | Q(due_at__lte=at), is_active=True, source__is_active=True
    )
    asked, silent, until = 0, set[str](), monotonic() + A_RUN
    in_order = due.select_related("source").order_by(F("due_at").asc(nulls_first=True), "id")
    for query in in_order[:100]:
        if asked and monotonic() > until:
            break
        moment, following = _steps(query, at)
        mine = PrometheusQuery.objects.filter(pk=query.pk, due_at=query.due_at)
        host = urlsplit(query.url).netloc.lower()
        if host in silent:
            mine.update(due_at=following, said=SILENT)
        elif mine.update(due_at=following):
            asked += 1
            if not _ask_one(query, moment, at=at):
                silent.add(host)
    return asked


def _steps(query: PrometheusQuery, at: datetime) -> tuple[datetime, datetime]:
    """The step that is asked for, and when the next one is due; steps count from 1970."""
    whole = int(at.timestamp()) // query.step * query.step
    moment = datetime.fromtimestamp(whole, UTC)
    return moment, moment + timedelta(seconds=query.step)


def _ask_one(query: PrometheusQuery, moment: datetime, *, at: datetime) -> bool:
    """Ask, store, and note what came of it; whatever fails stops nobody behind it. False if nobody
    answered."""
    said, answered, is_there = "", {"answered_at": at}, True
    try:
        found = _read(_answer(query, moment), query.metric, moment)
        stored = figures.store(source=query.source, figures=found, at=at)
        said = stored.refused[0].error if stored.refused else f"{len(found)} series answered"
    except Exception as error:  # noqa: BLE001 -- whatever it is, those behind it are asked
        said, answered = f"failed: {_words(error)}", {}
        is_there = not isinstance(error, outgoing.Failed)
    rows = PrometheusQuery.objects.filter(pk=query.pk)
    rows.update(said=text(said, 300), **answered)
    return is_there


def _answer(query: PrometheusQuery, moment: datetime) -> Any:
    url = f"{require_allowed(query.url)}/api/v1/query"
    answer = outgoing.call(
        "POST",
        url,
        outgoing.NAMED,
        body=urlencode({"query": query.query, "time": moment.timestamp()}).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        caps=outgoing.Caps(connect=CONNECT, read=ANSWER, whole=ANSWER, most=LARGEST),
    )
    if answer.is_cut:
        raise InvalidInput("the answer is too large")
    if answer.status != 200 and not answer.body.startswith(b"{"):
        raise InvalidInput(f"it answered {answer.status}")
    return json.loads(answer.body)


def _read(answer: Any, metric: str, moment: datetime) -> list[Figure]:
    """The figures of an answer of Prometheus' query API, as of the moment that was asked for."""
    if not isinstance(answer, dict) or answer.get("status") != "success":
        why = answer.get("error") if isinstance(answer, dict) else None
        raise InvalidInput(str(why or "it is no answer of a Prometheus"))
    data: dict[str, Any] = answer.get("data") or {}
    kind, result = data.get("resultType"), list(data.get("result") or ())
    if kind == "scalar":
        result = [{"metric": {}, "value": result}]
    elif kind != "vector":
        raise InvalidInput(f"the query answers a {kind}; ask for a vector or a scalar")
    if len(result) > MOST:
        raise InvalidInput(f"it answers {len(result)} series; at most {MOST} are taken")
    return [one for one in (_figure(row, metric, moment) for row in result) if one is not None]


def _figure(row: Any, metric: str, moment: datetime) -> Figure | None:
    """One series of an answer; one that is not a number now is left out. The time that stands in
    the answer is the one that was asked for; what says otherwise is not believed."""
    _, value = row["value"]
    number = float(value)
    if not abs(number) < figures.LARGEST:
        return None
    labels = {
        text(name, LONGEST): text(one, LONGEST)
        for name, one in row["metric"].items()
        if name != "__name__"
    }
    return Figure(metric, number, moment, labels)


def _words(error: Exception) -> str:
    """What went wrong, in few words and without what a library says of its inside."""
    if isinstance(error, InvalidInput):
        return str(error)
    if isinstance(error, outgoing.Late):
        return "it did not answer in time"
    if isinstance(error, outgoing.Untrusted):
        return "its certificate does not hold"
    if isinstance(error, outgoing.Failed):
        return "nobody answers there"
    if not isinstance(error, UNREADABLE):
        logger.error("figures of a Prometheus could not be stored", exc_info=error)
        return "it could not be stored"
    return "its answer cannot be read"
