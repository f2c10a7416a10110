"""Sentry's integration webhooks: metric alerts, alerts on issues, and what becomes of issues.

What is neither (an installation, a comment) is taken and asks for nothing.
"""

from __future__ import annotations

from typing import Any

from cases.intake.signal import Action, Signal, mapping, moment, text, urgency
from incidentdesk.kernel.errors import InvalidInput

_ENDS = ("resolved", "archived", "ignored")
_BEGINS = ("created", "unresolved", "triggered", "critical", "warning")


def parse(payload: Any) -> list[Signal]:
    """The one signal of a call, or none if it is not about anything that is wrong."""
    call = mapping(payload, "The body")
    action = str(call.get("action", ""))
    data = mapping(call.get("data"), "data")
    if "metric_alert" in data:
        return [_metric(action, data)]
    if "event" in data:
        return [_on_issue(data)]
    if "issue" in data and action in (*_ENDS, *_BEGINS):
        return [_issue(action, mapping(data["issue"], "issue"))]
    return []


def _metric(action: str, data: dict[str, Any]) -> Signal:
    alert = mapping(data["metric_alert"], "metric_alert")
    rule = mapping(alert.get("alert_rule") or {}, "alert_rule")
    number = text(alert.get("id") or alert.get("identifier"), 200)
    if not number:
        raise InvalidInput("metric_alert has no id.")
    title = text(data.get("description_title"), 1024) or text(alert.get("title"), 1024)
    projects = alert.get("projects")
    return Signal(
        action=Action.RESOLVE if action == "resolved" else Action.FIRE,
        key=f"metric_alert {number}",
        group=f"metric_alert {number}",
        title=(title.strip() or "Sentry metric alert")[:200],
        body="\n".join(
            part
            for part in (text(data.get("description_text"), 4000), text(data.get("web_url"), 500))
            if part
        ),
        urgency=urgency(action),
        started_at=moment(alert.get("date_started") or alert.get("date_detected")),
        labels={
            name: value
            for name, value in {
                "rule": text(rule.get("name"), 500),
                "aggregate": text(rule.get("aggregate"), 500),
                "project": ", ".join(text(one, 100) for one in projects[:20])
                if isinstance(projects, list)
                else "",
            }.items()
            if value
        },
    )


def _on_issue(data: dict[str, Any]) -> Signal:
    """An alert rule met an event of an issue; the issue is what later ends."""
    event = mapping(data["event"], "event")
    number = text(event.get("issue_id") or event.get("event_id"), 200)
    if not number:
        raise InvalidInput("event has no issue_id.")
    labels = {"rule": text(data.get("triggered_rule"), 500)} | _labels(event)
    return _fires(number, event, labels, started=event.get("datetime"))


def _issue(action: str, issue: dict[str, Any]) -> Signal:
    number = text(issue.get("id"), 200)
    if not number:
        raise InvalidInput("issue has no id.")
    if action in _ENDS:
        return Signal(
            action=Action.RESOLVE, key=f"issue {number}", group=f"issue {number}", title=""
        )
    return _fires(number, issue, _labels(issue), started=issue.get("firstSeen"))


def _fires(number: str, of: dict[str, Any], labels: dict[str, str], *, started: Any) -> Signal:
    title = text(of.get("title") or of.get("message"), 1024).strip()
    lines = (text(of.get("culprit"), 500), text(of.get("web_url") or of.get("permalink"), 500))
    return Signal(
        action=Action.FIRE,
        key=f"issue {number}",
        group=f"issue {number}",
        title=(title or f"Sentry issue {number}")[:200],
        body="\n".join(line for line in lines if line),
        urgency=urgency("critical" if of.get("level") == "fatal" else of.get("level")),
        started_at=moment(started),
        labels={name: value for name, value in labels.items() if value},
    )


def _labels(of: dict[str, Any]) -> dict[str, str]:
    project = of.get("project")
    name = project.get("slug") if isinstance(project, dict) else project
    return {
        "level": text(of.get("level"), 50),
        "project": text(name, 200),
        "short id": text(of.get("shortId"), 100),
    }
