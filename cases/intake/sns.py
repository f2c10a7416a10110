"""AWS SNS: its envelope, and in it the alarms of CloudWatch.

An alarm is its ARN: ALARM fires, OK clears, INSUFFICIENT_DATA asks for nothing. What is no alarm is
an alert of its own, called by its subject. The signature is `aws`'s business.
"""

from __future__ import annotations

import json
from typing import Any

from cases.intake.signal import Action, Signal, mapping, moment, text
from incidentdesk.kernel.errors import InvalidInput

NOTIFICATION = "Notification"
CONFIRMATION = "SubscriptionConfirmation"
_END = "UnsubscribeConfirmation"


def parse(payload: Any) -> list[Signal]:
    """The one signal of a message; none of one about the subscription itself."""
    envelope = mapping(payload, "The body")
    kind = envelope.get("Type")
    if kind in (CONFIRMATION, _END):
        return []
    if kind != NOTIFICATION:
        raise InvalidInput("Type has to be Notification or SubscriptionConfirmation.")
    said = text(envelope.get("Message"), 256 * 1024)
    try:
        message = json.loads(said)
    except ValueError:
        message = None
    if isinstance(message, dict) and message.get("AlarmName"):
        return _alarm(message)
    return [_other(envelope, said)]


def _alarm(alarm: dict[str, Any]) -> list[Signal]:
    name = text(alarm["AlarmName"], 255)
    key = text(alarm.get("AlarmArn"), 500) or name
    state = alarm.get("NewStateValue")
    if state == "OK":
        return [Signal(action=Action.RESOLVE, key=key, group=key, title="")]
    if state != "ALARM":
        return []
    lines = (text(alarm.get("AlarmDescription"), 4000), text(alarm.get("NewStateReason"), 4000))
    return [
        Signal(
            action=Action.FIRE,
            key=key,
            group=key,
            title=name[:200],
            body="\n".join(line for line in lines if line),
            started_at=_moment(alarm.get("StateChangeTime")),
            labels=_labels(alarm),
        )
    ]


def _labels(alarm: dict[str, Any]) -> dict[str, str]:
    """Where it is, what it measures, and each of its dimensions."""
    trigger = alarm.get("Trigger")
    trigger = trigger if isinstance(trigger, dict) else {}
    found = {
        "region": text(alarm.get("Region"), 100),
        "account": text(alarm.get("AWSAccountId"), 100),
        "namespace": text(trigger.get("Namespace"), 200),
        "metric": text(trigger.get("MetricName"), 200),
    }
    dimensions = trigger.get("Dimensions")
    for one in dimensions[:30] if isinstance(dimensions, list) else []:
        if isinstance(one, dict):
            found[text(one.get("name"), 200)] = text(one.get("value"), 500)
    return {name: value for name, value in found.items() if name and value}


def _other(envelope: dict[str, Any], said: str) -> Signal:
    topic, subject = text(envelope.get("TopicArn"), 300), text(envelope.get("Subject"), 200).strip()
    key = text(envelope.get("MessageId"), 100)
    if not key:
        raise InvalidInput("The message has no MessageId.")
    title = subject or said.strip().partition("\n")[0][:200] or "A message without words"
    return Signal(
        action=Action.FIRE,
        key=key,
        group=f"{topic} {title}"[:500],
        title=title,
        body=said[:8000],
        started_at=moment(envelope.get("Timestamp")),
        labels={"topic": topic} if topic else {},
    )


def _moment(said: Any) -> Any:
    """`2026-03-04T09:38:12.123+0000`, as CloudWatch writes it."""
    plain = said if isinstance(said, str) else ""
    return moment(plain[:-2] + ":" + plain[-2:] if plain[-5:-4] in ("+", "-") else plain)
