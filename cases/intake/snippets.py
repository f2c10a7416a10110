"""What to write into the tool that sends, ready to paste: one text a format."""

from __future__ import annotations

from django.conf import settings

from cases.intake import datadog, presets
from cases.models import Source

Format = Source.Format
_HERE = {
    Format.ALERTMANAGER: (
        "receivers:\n"
        "  - name: incident-desk\n"
        "    webhook_configs:\n"
        "      - url: {address}\n"
        "        send_resolved: true\n"
    ),
    Format.PAGERDUTY: "url: {site}/v2/enqueue\nrouting_key: {key}\n",
    Format.GRAFANA: (
        "Alerting, Contact points, Add contact point:\n"
        "  Integration: Webhook\n"
        "  URL: {address}\n"
        "  HTTP method: POST\n"
        "  HMAC signature, secret: the signing secret of this source, if you gave it one\n"
    ),
    Format.OPSGENIE: (
        "API URL: {site}/\n"
        "API key: {key}\n\n"
        "In Alertmanager:\n"
        "receivers:\n"
        "  - name: incident-desk\n"
        "    opsgenie_configs:\n"
        "      - api_url: {site}/\n"
        "        api_key: {key}\n"
    ),
    Format.CLOUDEVENTS: (
        "curl {address} \\\n"
        "  -H 'Content-Type: application/cloudevents+json' \\\n"
        '  -d \'{{"specversion": "1.0", "id": "1", "source": "/your/system", '
        '"type": "com.example.alert.firing", "subject": "quote-gateway", '
        '"data": {{"title": "Quotes are stale", "severity": "critical"}}}}\'\n'
    ),
    Format.DATADOG: (
        "Integrations, Webhooks, New:\n"
        "  URL: {address}\n"
        "  Encode as form: no\n"
        "  Payload:\n{template}\n"
        "Then name the webhook in your monitors: @webhook-incident-desk\n"
    ),
    Format.ACCESS: (
        "One JSON object a line:\n"
        "curl {address} --data-binary \\\n"
        '  \'{{"actor": "maria", "action": "login", "outcome": "failure", "ip": "192.0.2.7", '
        '"at": "2026-03-04T09:41:00Z"}}\'\n\n'
        "Or follow a log of sshd or nginx:\n"
        "python manage.py follow_log /var/log/auth.log --to {site} --key {key}\n"
    ),
    Format.SENTRY: (
        "Settings, Developer Settings, Custom Integrations, Internal Integration:\n"
        "  Webhook URL: {address}\n"
        "  Alert Rule Action: on; Webhooks: issue\n"
        "  Client Secret: copy it into “Signing secret” of this source\n"
    ),
    Format.HEARTBEAT: (
        "At the end of what has to run:\n"
        "  curl -fsS -m 10 --retry 3 {site}/heartbeat/{key}\n\n"
        "Around a job, to hear of one that hangs and of one that fails:\n"
        "  curl -fsS -m 10 {site}/heartbeat/{key}/start\n"
        "  if your-job; then curl -fsS -m 10 --retry 3 {site}/heartbeat/{key}\n"
        "  else curl -fsS -m 10 --retry 3 {site}/heartbeat/{key}/fail; fi\n"
    ),
    Format.SNS: (
        "1. Name the topic's ARN in this source.\n"
        "2. aws sns subscribe --topic-arn <the ARN> --protocol https \\\n"
        "     --notification-endpoint {address}\n"
        "   The desk confirms the subscription by itself.\n"
        "3. In each CloudWatch alarm, let the actions “In alarm” and “OK” notify the topic.\n"
    ),
    Format.METRICS: (
        "curl {address} --data-binary @- <<'END'\n"
        '{{"metric": "order_latency_ms", "value": 4.2, "at": "2026-03-04T09:41:00Z", '
        '"labels": {{"gateway": "eu-2"}}}}\n'
        '{{"metric": "order_rejects", "value": 3, "of": 512, "at": "2026-03-04T09:41:00Z"}}\n'
        "END\n"
    ),
    Format.DESK: "Nothing has to be sent: these are the desk's own figures, logins and findings.\n",
    Format.PROMETHEUS: (
        "The desk asks; nothing has to be sent. Name the host in PROMETHEUS_HOSTS of the desk,\n"
        "then add what to ask under Prometheus queries.\n"
    ),
}


def snippet(source_format: str, key: str, preset: str = "") -> str:
    """The text for a source of this format with this key; of plain JSON, for this tool."""
    address = f"{settings.SITE_URL}/intake/{key}/{source_format}"
    if source_format == Format.JSON:
        return presets.PRESETS[preset or presets.OWN].snippet.replace("{address}", address)
    return _HERE[Format(source_format)].format(
        address=address, site=settings.SITE_URL, key=key, template=datadog.template()
    )
