"""Figures that the desk asks a Prometheus for, on a schedule, in the worker.

What is asked is bounded: hosts that the setting PROMETHEUS_HOSTS names and no others, no redirect
is followed, no proxy is asked, an answer ends after ten seconds or five megabytes.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.db.models import F, Q

from cases.intake import figures
from cases.intake.metrics import Figure
from cases.models import PrometheusQuery
from incidentdesk.kernel.errors import InvalidInput

CONNECT, ANSWER = 3.0, 10.0  # seconds
LARGEST = 5 * 1024 * 1024
MOST = 500  # series of one answer
LONGEST = 200


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
    asked = 0
    for query in due.select_related("source").order_by(F("due_at").asc(nulls_first=True))[:100]:
        moment, following = _steps(query, at)
        mine = PrometheusQuery.objects.filter(pk=query.pk, due_at=query.due_at)
        if mine.update(due_at=following):
            asked += 1
            _ask_one(query, moment, at=at)
    return asked


def _steps(query: PrometheusQuery, at: datetime) -> tuple[datetime, datetime]:
    """The step that is asked for, and when the next one is due; steps count from 1970."""
    whole = int(at.timestamp()) // query.step * query.step
    moment = datetime.fromtimestamp(whole, UTC)
    return moment, moment + timedelta(seconds=query.step)


def _ask_one(query: PrometheusQuery, moment: datetime, *, at: datetime) -> None:
    """Ask, store, and note what came of it; a server that fails stops nobody behind it."""
    said, answered = "", {"answered_at": at}
    try:
        found = _read(_answer(query, moment), query.metric)
        stored = figures.store(source=query.source, figures=found, at=at)
        said = stored.refused[0].error if stored.refused else f"{len(found)} series answered"
    except (InvalidInput, requests.RequestException, ValueError, KeyError, TypeError) as error:
        said, answered = f"failed: {_words(error)}", {}
    rows = PrometheusQuery.objects.filter(pk=query.pk)
    rows.update(said=said[:300], **answered)


def _answer(query: PrometheusQuery, moment: datetime) -> Any:
    url = f"{require_allowed(query.url)}/api/v1/query"
    until = monotonic() + ANSWER
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            url,
            data={"query": query.query, "time": moment.timestamp()},
            timeout=(CONNECT, ANSWER),
            allow_redirects=False,
            stream=True,
        )
        body = b""
        for part in answer.iter_content(65_536):
            body += part
            if len(body) > LARGEST or monotonic() > until:
                raise InvalidInput("the answer is too large, or takes too long")
    if answer.status_code != requests.codes.ok and not body.startswith(b"{"):
        raise InvalidInput(f"it answered {answer.status_code}")
    return json.loads(body)


def _read(answer: Any, metric: str) -> list[Figure]:
    """The figures of an answer of Prometheus' query API."""
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
    return [one for one in (_figure(row, metric) for row in result) if one is not None]


def _figure(row: Any, metric: str) -> Figure | None:
    """One series of an answer; one that is not a number now is left out."""
    moment, value = row["value"]
    number = float(value)
    if not abs(number) < figures.LARGEST:
        return None
    labels = {
        str(name)[:LONGEST]: str(one)[:LONGEST].replace("\x00", "")
        for name, one in row["metric"].items()
        if name != "__name__"
    }
    return Figure(metric, number, datetime.fromtimestamp(float(moment), UTC), labels)


def _words(error: Exception) -> str:
    """What went wrong, in few words and without what a library says of its inside."""
    if isinstance(error, InvalidInput):
        return str(error)
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    if isinstance(error, requests.ConnectionError):
        return "nobody answers there"
    return "its answer cannot be read"
