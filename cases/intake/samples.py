"""One firing body of each format, as its tool sends it: for a test, and to try things out on."""

from __future__ import annotations

import json
from typing import Any

from cases.intake import presets
from cases.models import Source

TITLE = "Test of the way from your tool to the desk"
_AT = "2026-03-04T09:38:12Z"
_ALERT: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "DeskTest", "severity": "warning", "system": "order-gateway-eu"},
    "annotations": {"summary": TITLE, "description": "Nothing is wrong."},
    "startsAt": _AT,
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus.example:9090/graph",
    "fingerprint": "0f1e2d3c4b5a6978",
}
_CALL: dict[str, Any] = {
    "version": "4",
    "groupKey": '{}:{alertname="DeskTest"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "incident-desk",
    "groupLabels": {"alertname": "DeskTest"},
    "commonLabels": _ALERT["labels"],
    "commonAnnotations": _ALERT["annotations"],
    "externalURL": "http://alertmanager.example:9093",
    "alerts": [_ALERT],
}
_ALARM: dict[str, Any] = {
    "AlarmName": TITLE,
    "AlarmDescription": "Nothing is wrong.",
    "AWSAccountId": "123456789012",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 1 datapoint [98.0] was greater than the threshold.",
    "StateChangeTime": "2026-03-04T09:38:12.123+0000",
    "Region": "EU (Frankfurt)",
    "AlarmArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:DeskTest",
    "OldStateValue": "OK",
    "Trigger": {
        "MetricName": "CPUUtilization",
        "Namespace": "AWS/EC2",
        "Dimensions": [{"name": "InstanceId", "value": "i-0abc"}],
    },
}
_BODIES: dict[str, Any] = {
    Source.Format.ALERTMANAGER: _CALL,
    Source.Format.GRAFANA: _CALL
    | {
        "title": "[FIRING:1] DeskTest",
        "state": "alerting",
        "alerts": [_ALERT | {"values": {"B": 22.5}, "dashboardURL": "https://grafana.example/d/1"}],
    },
    Source.Format.PAGERDUTY: {
        "routing_key": "the key of the source",
        "event_action": "trigger",
        "dedup_key": "desk-test",
        "payload": {
            "summary": TITLE,
            "source": "gw-eu-2",
            "severity": "warning",
            "timestamp": _AT,
            "component": "order-gateway-eu",
        },
    },
    Source.Format.OPSGENIE: {
        "action": "create",
        "alias": "",
        "alert": {
            "message": TITLE,
            "alias": "desk-test",
            "entity": "order-gateway-eu",
            "priority": "P3",
        },
    },
    Source.Format.CLOUDEVENTS: {
        "specversion": "1.0",
        "id": "1",
        "source": "/your/system",
        "type": "com.example.alert.firing",
        "subject": "order-gateway-eu",
        "time": _AT,
        "data": {"title": TITLE, "severity": "warning"},
    },
    Source.Format.DATADOG: {
        "id": "1",
        "cycle": "1",
        "transition": "Triggered",
        "priority": "P3",
        "type": "warning",
        "title": TITLE,
        "text": "Nothing is wrong.",
        "host": "gw-eu-2",
        "tags": "system:order-gateway-eu",
    },
    Source.Format.SENTRY: {
        "action": "created",
        "data": {
            "issue": {
                "id": "1",
                "title": TITLE,
                "level": "warning",
                "project": {"slug": "order-gateway-eu"},
                "firstSeen": _AT,
            }
        },
    },
    Source.Format.HEARTBEAT: {"beat": "missed", "name": TITLE, "said": "Nothing is wrong."},
    Source.Format.SNS: {
        "Type": "Notification",
        "MessageId": "5d7e1d4c-0000-4000-8000-000000000000",
        "TopicArn": "arn:aws:sns:eu-central-1:123456789012:alarms",
        "Subject": 'ALARM: "DeskTest" in EU (Frankfurt)',
        "Message": json.dumps(_ALARM),
        "Timestamp": "2026-03-04T09:38:12.345Z",
    },
}


# What sends alerts. The others send figures or lines of a log, or nothing at all.
OF_ALERTS = frozenset({Source.Format.JSON, *_BODIES})


def body(source: Source) -> str:
    """A firing body for this source."""
    if source.format == Source.Format.JSON:
        return presets.sample(source.preset or presets.OWN)
    return json.dumps(_BODIES[source.format], indent=2)
