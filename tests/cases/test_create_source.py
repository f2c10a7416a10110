"""`create_source`: the key appears once, and everything that cannot work is one sentence."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from cases.models import Source
from incidentdesk.kernel.shown_once import digest

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    """What the command prints."""
    out = io.StringIO()
    call_command("create_source", *words, stdout=out)
    return out.getvalue()


def test_it_prints_the_key_and_what_to_configure() -> None:
    said = run("prod-eu", "--format", "alertmanager")
    source = Source.objects.get(name="prod-eu")
    key = said.split("shown this once: ")[1].split()[0]
    assert source.key_digest == digest(key)
    assert f"/intake/{key}/alertmanager" in said
    assert "send_resolved: true" in said


def test_one_may_bring_a_key() -> None:
    said = run("pager", "--format", "pagerduty", "--key", "demo-pagerduty")
    assert Source.objects.get().key_digest == digest("demo-pagerduty")
    assert "/v2/enqueue" in said
    assert "routing_key: demo-pagerduty" in said


def test_a_tool_brings_its_expressions_and_what_to_write_into_it() -> None:
    said = run("zbx", "--format", "json", "--tool", "zabbix")
    assert Source.objects.get().expressions["key"] == "event_id"
    assert "{EVENT.UPDATE.STATUS}" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("prod-eu", "--format", "alertmanager"), "There is a source prod-eu already"),
        (("b", "--format", "alertmanager", "--key", "key-of-prod-eu"), "has this key already"),
        (("b", "--format", "alertmanager", "--key", "short"), "A key has 8 to 200"),
        (("b", "--format", "alertmanager", "--key", "a/../../b-c-d"), "A key has 8 to 200"),
        ((" ", "--format", "alertmanager"), "A source needs a name"),
        (("b", "--format", "smoke"), "invalid choice"),
        (("b", "--format", "sentry", "--tool", "monit"), "Only a source of plain JSON is read by"),
    ],
)
def test_it_refuses_in_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    run("prod-eu", "--format", "alertmanager", "--key", "key-of-prod-eu")
    with pytest.raises(CommandError, match=sentence):
        run(*words)
    assert Source.objects.count() == 1
