"""Sources on the desk: tools, trying things out, mappings, keys, tests, how it is going."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.test import Client

from cases.intake import plain, presets
from cases.models import Event, Incident, Source
from incidentdesk.kernel.models import AuditEvent
from tests.cases.intake.conftest import PLAIN as HERE
from tests.cases.intake.conftest import only, plain_source

pytestmark = pytest.mark.django_db
As = Callable[[str], Client]


def test_a_source_is_made_with_the_expressions_and_the_snippet_of_a_tool(as_: As) -> None:
    posted = {"name": "zbx", "format": "json", "tool": "zabbix", "impact": 2, "scope": 2}
    browser = as_("administrator")
    page = browser.post("/admin/cases/source/add/", posted | {"is_active": "on"}, follow=True)
    made = Source.objects.get()
    assert (made.preset, made.expressions) == ("zabbix", presets.PRESETS["zabbix"].expressions)
    assert "{EVENT.UPDATE.STATUS}" in page.text
    assert page.redirect_chain == [(f"/admin/cases/source/{made.pk}/change/", 302)]
    wrong = browser.post("/admin/cases/source/add/", posted | {"name": "x", "format": "sentry"})
    assert "These tools send plain JSON; choose that format, or no tool." in wrong.text
    assert Source.objects.count() == 1


def trial(made: Source, **said_: str) -> dict[str, str]:
    """What a browser posts from the page on which one tries things out."""
    shown = {f"read_{name}": made.expressions.get(name, "") for name in plain.FIELDS}
    return {**shown, "body": json.dumps({"id": "a", "title": "Late", "severity": "P1"}), **said_}


def test_trying_says_what_would_happen_and_keeps_nothing(as_: As) -> None:
    made = plain_source()
    browser, url = as_("administrator"), f"/admin/cases/source/{made.pk}/try/"
    assert "Gateway drops orders" in browser.get(url).text  # the sample
    over = {"body": json.dumps({"id": "a", "status": "ok"})}
    tried = ({}, {"read_title": "nothing_here"}, {"read_severity": "`[1]`"}, over)
    words = [browser.post(url, trial(made, **said_)).text for said_ in tried]
    assert "It would be refused: The expression of the title gives nothing" in words[1]
    assert words[2].count("it has to give a text or a number.") == 2  # the refusal, and the field
    assert "Changes nothing: no alert with this key fires." in words[3]
    assert (Event.objects.count(), Incident.objects.count()) == (0, 0)
    browser.post(HERE, trial(made)["body"], "application/json")
    assert f"Opens an incident, SEV-{only().severity}." in words[0]
    assert f"Folds into {only().reference}: this alert fires already." in (
        browser.post(url, trial(made)).text
    )
    assert f"Clears in {only().reference}." in browser.post(url, trial(made, **over)).text
    browser.post(HERE, {"id": "b"}, "application/json")
    refused = Event.objects.get(outcome="refused")
    assert "The expression of the title gives nothing for this body." in browser.get(url).text
    assert "&quot;id&quot;: &quot;b&quot;" in browser.get(f"{url}?event={refused.pk}").text
    assert Event.objects.count() == 2


def test_expressions_are_saved_from_there_and_a_wrong_one_is_marked_at_its_field(as_: As) -> None:
    made = plain_source()
    browser, url = as_("administrator"), f"/admin/cases/source/{made.pk}/try/"
    wrong = browser.post(url, trial(made, read_key="a.", save="1"))
    assert wrong.status_code == 422
    assert 'id="id_read_key_error">This is no JMESPath expression: ' in wrong.text
    browser.post(url, trial(made, read_key="reference", save="1"))
    made.refresh_from_db()
    assert made.expressions["key"] == "reference"
    line = AuditEvent.objects.get(action="changed the expressions of source")
    assert line.detail["changes"] == ["key"]
    for role in ("responder", "auditor"):
        assert as_(role).get(url).status_code == 403
