"""Which parser reads which format, and the reading itself: text in, signals or a sentence out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from cases.intake import (
    alertmanager,
    cloudevents,
    datadog,
    desk,
    grafana,
    heartbeat,
    opsgenie,
    pagerduty,
    plain,
    sentry,
    sns,
)
from cases.intake.signal import Signal
from incidentdesk.kernel.errors import InvalidInput

PARSERS: dict[str, Callable[[Any], list[Signal]]] = {
    "alertmanager": alertmanager.parse,
    "pagerduty": pagerduty.parse,
    "grafana": grafana.parse,
    "opsgenie": opsgenie.parse,
    "cloudevents": cloudevents.parse,
    "datadog": datadog.parse,
    "sentry": sentry.parse,
    "heartbeat": heartbeat.parse,
    "sns": sns.parse,
    "desk": desk.parse,
}
PLAIN = "json"  # read by the expressions of its source


def payload_of(raw: str) -> Any:
    """The JSON in `raw`; InvalidInput when it is none."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidInput("The body is not valid JSON.") from None


def read(
    source_format: str, raw: str, expressions: Mapping[str, str] | None = None
) -> list[Signal]:
    """The signals in a stored or received body; `expressions` are those of a plain JSON source."""
    payload = payload_of(raw)
    try:
        if source_format == PLAIN:
            return plain.parse(payload, expressions or {})
        return PARSERS[source_format](payload)
    except RecursionError:  # deep enough to be read, too deep to be written out
        raise InvalidInput("The body is nested too deeply.") from None
