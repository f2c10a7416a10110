"""Ready expressions for tools without a format of their own, what to write into them, a sample.

Each sample is what the tool sends once it is set up as its snippet says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A tool, its expressions, its snippet with `{address}` in it, and one firing body."""

    name: str
    expressions: Mapping[str, str]
    snippet: str
    sample: Mapping[str, Any]


_OWN = Preset(
    "Any tool, our own shape",
    {
        "alerts": "alerts",
        "key": "id",
        "group": "group",
        "title": "title",
        "body": "text",
        "action": "status",
        "clears": "resolved, cleared, closed, recovered, ok",
        "notes": "acknowledged",
        "severity": "severity",
        "component": "component",
        "partner": "partner",
        "time": "at",
    },
    """curl {address} \\
  -H 'Content-Type: application/json' \\
  -d '{"id": "gw-eu-2", "title": "Gateway drops orders", "status": "firing", "severity": "critical",
       "component": "order-gateway-eu"}'

Send the same id again with "status": "resolved" when it is over.
Several at once: {"alerts": [...]}.
""",
    {
        "id": "gw-eu-2",
        "title": "Gateway drops orders",
        "status": "firing",
        "severity": "critical",
        "component": "order-gateway-eu",
    },
)

# Zabbix resolves the macros of a webhook's parameters and hands all of them to its script as one
# JSON text, `value`. A recovery carries the id of the problem's event; the value of the event is 1
# for a problem and 0 for its end; an update is an acknowledgement, a comment or the like.
_ZABBIX = Preset(
    "Zabbix",
    {
        "key": "event_id",
        "group": "trigger_id",
        "title": "join(': ', [host, name])",
        "body": "message",
        "action": "update == '1' && 'update' || value",
        "clears": "0",
        "notes": "update",
        "severity": "severity",
        "component": "host",
    },
    """Zabbix 5.4 or later: Alerts, Media types, Create media type:
  Type: Webhook
  Parameters (name, value):
    url         {address}
    event_id    {EVENT.ID}
    trigger_id  {TRIGGER.ID}
    value       {EVENT.VALUE}
    update      {EVENT.UPDATE.STATUS}
    name        {EVENT.NAME}
    severity    {EVENT.SEVERITY}
    host        {HOST.NAME}
    message     {ALERT.MESSAGE}
  Script:
    var said = JSON.parse(value), request = new HttpRequest(), url = said.url, answer;
    delete said.url;
    request.addHeader('Content-Type: application/json');
    answer = request.post(url, JSON.stringify(said));
    if (request.getStatus() !== 202) {
        throw 'Incident desk: ' + request.getStatus() + ' ' + answer;
    }
    return 'OK';
  Message templates: Problem, Problem recovery, Problem update
Then give a user this media, and send to it in an action's operations, recovery operations and
update operations.
""",
    {
        "event_id": "48211",
        "trigger_id": "20533",
        "value": "1",
        "update": "0",
        "name": "Order queue is over 5,000",
        "severity": "High",
        "host": "gw-eu-2",
        "message": "Problem started at 09:38:12 on 2026.03.04",
    },
)

_SCRIPT = """#!/usr/bin/env python3
import json, os, sys, urllib.request
body = {n: os.environ.get("%s_" + n.upper(), "") for n in
        (%s)}
%surllib.request.urlopen(urllib.request.Request(
    "{address}", json.dumps(body).encode(), {"Content-Type": "application/json"}), timeout=15)
"""
_ICINGA = Preset(
    "Icinga 2",
    {
        "key": "join('!', [host, service])",
        "title": "service && join('', [host, ' ', service, ' is ', state])"
        " || join('', [host, ' is ', state])",
        "body": "output",
        "action": "type",
        "clears": "RECOVERY",
        "notes": "ACKNOWLEDGEMENT",
        "severity": "state",
        "component": "service || host",
        "time": "time",
    },
    "/etc/icinga2/scripts/incident-desk, executable:\n"
    + _SCRIPT % ("DESK", '"type", "host", "service", "state", "output", "comment", "time"', "")
    + """
/etc/icinga2/conf.d/incident-desk.conf:
object NotificationCommand "incident-desk-host" {
  command = [ ConfigDir + "/scripts/incident-desk" ]
  env = {
    DESK_TYPE = "$notification.type$"
    DESK_HOST = "$host.name$"
    DESK_STATE = "$host.state$"
    DESK_OUTPUT = "$host.output$"
    DESK_COMMENT = "$notification.comment$"
    DESK_TIME = "$icinga.timet$"
  }
}
object NotificationCommand "incident-desk-service" {
  command = [ ConfigDir + "/scripts/incident-desk" ]
  env = {
    DESK_TYPE = "$notification.type$"
    DESK_HOST = "$host.name$"
    DESK_SERVICE = "$service.name$"
    DESK_STATE = "$service.state$"
    DESK_OUTPUT = "$service.output$"
    DESK_COMMENT = "$notification.comment$"
    DESK_TIME = "$icinga.timet$"
  }
}
object User "incident-desk" { }
apply Notification "incident-desk" to Host {
  command = "incident-desk-host"
  users = [ "incident-desk" ]
  types = [ Problem, Recovery, Acknowledgement ]
  assign where true
}
apply Notification "incident-desk" to Service {
  command = "incident-desk-service"
  users = [ "incident-desk" ]
  types = [ Problem, Recovery, Acknowledgement ]
  assign where true
}
""",
    {
        "type": "PROBLEM",
        "host": "gw-eu-2",
        "service": "fix-sessions",
        "state": "CRITICAL",
        "output": "CRITICAL - 3 of 12 sessions are up",
        "comment": "",
        "time": "1772617092",
    },
)

# Monit runs a program with what happened in its environment, and another when it is over.
_MONIT = Preset(
    "Monit",
    {
        "key": "join('/', [host, service, test])",
        "title": "join('', [host, ' ', service, ': ', event])",
        "body": "description",
        "action": "action",
        "clears": "clear",
        "component": "service",
    },
    "/usr/local/bin/incident-desk, executable:\n"
    + _SCRIPT
    % (
        "MONIT",
        '"host", "service", "event", "description", "date"',
        'body["action"], body["test"] = sys.argv[1:3]\n',
    )
    + """
In monitrc, for each test: the same name after problem and after clear.
check process quote-gw with pidfile /run/quote-gw.pid
  if failed port 9001 then exec "/usr/local/bin/incident-desk problem port"
    else if succeeded then exec "/usr/local/bin/incident-desk clear port"
""",
    {
        "host": "web-01",
        "service": "quote-gw",
        "event": "Connection failed",
        "description": "failed protocol test [DEFAULT] at [localhost]:9001 [TCP/IP]",
        "date": "Wed, 04 Mar 2026 09:38:12",
        "action": "problem",
        "test": "port",
    },
)

OWN = "desk"  # where no tool is named
PRESETS = {OWN: _OWN, "zabbix": _ZABBIX, "icinga2": _ICINGA, "monit": _MONIT}


def sample(preset: str) -> str:
    """A firing body of the tool, as text."""
    return json.dumps(PRESETS[preset].sample, indent=2)
