"""Sources on the desk: tools, trying things out, mappings, keys, tests, how it is going."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.intake import plain, presets, samples, sources
from cases.models import Event, Incident, Involvement, LabelMapping, Source
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.models import AuditEvent
from incidentdesk.kernel.shown_once import digest
from notifications.models import Message
from partners.models import Partner
from tests.cases.intake.conftest import PLAIN as HERE
from tests.cases.intake.conftest import alert, call, only, plain_source
from tests.conftest import NOW, People

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


# --- label mappings -------------------------------------------------------------------------------


def change(made: Source, **lines: object) -> dict[str, object]:
    """What a browser posts from the page of a source."""
    posted = {"name": made.name, "impact": 2, "scope": 2, "category": "", "is_active": "on"}
    empty = {"mappings-TOTAL_FORMS": "0", "mappings-INITIAL_FORMS": "0"}
    return {**posted, **empty, **lines}


def test_mappings_are_rows_of_the_source_and_each_means_something(
    as_: As, source: Source, helix: Partner
) -> None:
    url = f"/admin/cases/source/{source.pk}/change/"
    line = {
        "mappings-TOTAL_FORMS": "1",
        "mappings-0-source": source.pk,
        "mappings-0-label": "client",
        "mappings-0-pattern": "helix*",
    }
    nothing = as_("administrator").post(url, change(source, **line))
    assert "Say what it means: a system, a partner or a severity hint." in nothing.text
    assert as_("responder").post(url, change(source, **line)).status_code == 403
    as_("administrator").post(url, change(source, **line, **{"mappings-0-partner": helix.pk}))
    kept = LabelMapping.objects.get()
    assert (kept.label, kept.pattern, kept.partner) == ("client", "helix*", helix)
    assert "helix*" in as_("responder").get(url).text


# --- keys -----------------------------------------------------------------------------------------


def send(key: str) -> int:
    """Post an alert with this key; the status of the answer."""
    to = f"/intake/{key}/alertmanager"
    return Client().post(to, json.dumps(call(alert())), "application/json").status_code


def test_two_keys_live_until_the_former_one_ends(
    as_: As, source: Source, time_machine: Any
) -> None:
    time_machine.move_to(NOW)
    browser, url = as_("administrator"), f"/admin/cases/source/{source.pk}/"
    assert as_("responder").get(f"{url}renew_key/").status_code == 403
    browser.get(f"{url}renew_key/")
    source.refresh_from_db()
    assert source.key_digest == digest("key-alertmanager")  # asking changed nothing
    assert send("key-alertmanager") == 202
    page = browser.post(f"{url}renew_key/", {"days": "7"}, follow=True).text
    (key,) = re.findall(r"/intake/([\w-]{20,})/alertmanager", page)
    assert "not used since the new one was made" in page
    source.refresh_from_db()
    assert source.key_digest == digest(key)
    assert key not in browser.get(f"{url}change/").text
    assert [send(key), send("key-alertmanager")] == [202, 202]
    assert list(Event.objects.order_by("id").values_list("by_former_key", flat=True)) == [
        False,
        False,
        True,
    ]
    assert "the tool still has it" in browser.get(f"{url}change/").text
    time_machine.move_to(NOW + timedelta(days=7, seconds=1))
    assert [send(key), send("key-alertmanager")] == [202, 404]
    assert "Former key" not in browser.get(f"{url}change/").text
    lines = AuditEvent.objects.filter(about=f"source:{source.pk}", action__startswith="renewed")
    assert [line.detail["days"] for line in lines] == [7]
    assert key not in str(list(AuditEvent.objects.values()))


def test_a_former_key_is_ended_at_once_or_never_lives_on(as_: As, source: Source) -> None:
    browser, url = as_("administrator"), f"/admin/cases/source/{source.pk}/"
    assert browser.get(f"{url}end_key/").status_code == 403  # there is none
    browser.post(f"{url}renew_key/", {"days": "30"})
    assert send("key-alertmanager") == 202
    assert as_("responder").post(f"{url}end_key/").status_code == 403
    browser.post(f"{url}end_key/")
    assert send("key-alertmanager") == 404
    browser.post(f"{url}renew_key/", {"days": "0"})
    source.refresh_from_db()
    assert (source.former_key_digest, source.former_key_until) == ("", None)
    assert [(one.actor, one.action) for one in AuditEvent.objects.order_by("id")] == [
        ("Administrator", "was refused"),
        ("Administrator", "renewed the key of source"),
        ("Responder", "was refused"),
        ("Administrator", "ended the former key of source"),
        ("Administrator", "renewed the key of source"),
    ]


# --- a test, and how it is going ------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(set(Source.Format.values) - samples.OF_ALERTS))
def test_what_sends_no_alerts_is_tried_with_none(as_: As, people: People, kind: str) -> None:
    made = Source.objects.create(name="one", format=kind, key_digest=digest("key-one"))
    page = as_("administrator").get(f"/admin/cases/source/{made.pk}/change/").text
    assert "Send a test alert" not in page
    assert as_("administrator").post(f"/admin/cases/source/{made.pk}/send_test/").status_code == 403
    assert as_("administrator").get(f"/admin/cases/source/{made.pk}/try/").status_code == 404
    with pytest.raises(InvalidInput, match="one sends no alerts, so there is none to try it with"):
        sources.send_test(source_id=made.pk, by=people.actor("administrator"), at=NOW)
    assert Event.objects.count() == 0


@pytest.mark.parametrize("number", ["abc", "9" * 30, "²", "0"])
def test_what_is_no_source_is_not_there(as_: As, number: str) -> None:
    for path in ("change/", "renew_key/", "send_test/", "try_out/", "end_key/"):
        answer = as_("administrator").get(f"/admin/cases/source/{number}/{path}")
        assert answer.status_code in (302, 403, 404), path


@pytest.mark.parametrize("kind", sorted(samples.OF_ALERTS))
def test_a_test_alert_is_read_as_one_of_its_format_and_opens_nothing(
    as_: As, kind: str, helix: Partner
) -> None:
    made = Source(name="one", format=kind, key_digest=digest("key-one"))
    sources.prepare(made, "")
    made.save()
    LabelMapping.objects.create(source=made, label="title", pattern="*", partner=helix)
    url = f"/admin/cases/source/{made.pk}/send_test/"
    assert as_("responder").post(url).status_code == 403
    page = as_("administrator").post(url, follow=True).text
    (kept,) = Event.objects.all()
    assert (kept.outcome, kept.incident) == ("test", None)
    assert re.fullmatch(
        r"Would be: Opens an incident, SEV-\d\. Listed, and shown nothing: Helix Markets\.",
        kept.said,
    )
    assert kept.said in page
    assert "Nothing came yet." in page  # a test is not what the tool sent
    assert (Incident.objects.count(), Involvement.objects.count()) == (0, 0)
    assert Message.objects.count() == 0


def test_a_source_says_how_it_is_going_in_a_fixed_number_of_queries(
    as_: As, source: Source
) -> None:
    browser, url = as_("responder"), f"/admin/cases/source/{source.pk}/change/"
    with CaptureQueriesContext(connection) as before:
        assert "Nothing came yet." in browser.get(url).text
    for _ in range(3):
        Client().post("/intake/key-alertmanager/alertmanager", "{", "application/json")
        send("key-alertmanager")
    with CaptureQueriesContext(connection) as after:
        page = browser.get(url).text
    assert "<dt>In the last minute</dt><dd>6</dd>" in page
    assert "The body is not valid JSON." in page
    assert len(after) == len(before)
