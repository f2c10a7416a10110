"""Grafana's unified alerting: Alertmanager's webhook with more said of each alert: the values that
made it fire, and where its panel and its dashboard are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cases.intake import alertmanager
from cases.intake.signal import Signal, mapping, text

_PLACES = (("dashboardURL", "Dashboard"), ("panelURL", "Panel"), ("silenceURL", "Silence it"))


def parse(payload: Any) -> list[Signal]:
    """The signals of one webhook call; InvalidInput says what cannot be read."""
    signals = alertmanager.parse(payload)
    alerts = payload["alerts"]
    return [replace(s, body=_body(s.body, a)) for s, a in zip(signals, alerts, strict=True)]


def _body(description: str, alert: dict[str, Any]) -> str:
    lines = [description, text(alert.get("valueString"), 2000) or _values(alert.get("values"))]
    lines += [f"{name}: {text(alert[key], 500)}" for key, name in _PLACES if alert.get(key)]
    return "\n".join(line for line in lines if line)


def _values(values: Any) -> str:
    """`B = 22, C = 1`, where Grafana says them only as an object."""
    found = mapping(values, "Each set of values") if values else {}
    return ", ".join(f"{text(name, 100)} = {text(value, 100)}" for name, value in found.items())
