"""The addresses: who is let in, what is refused in which words, and what is kept of it."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from cases.models import Event, Incident
from tests.cases.intake.conftest import ALERTMANAGER, alert, answer, call, event, only, said

pytestmark = pytest.mark.django_db
NO_SOURCE = "No source has this key for this format; check the address."


@pytest.mark.parametrize(
    ("to", "status"),
    [
        ("/intake/key-nobody/alertmanager", 404),
        ("/intake/key-alertmanager/pagerduty", 404),  # the right key for another format
        ("/intake/key-alertmanager/grafana", 404),
        ("/intake/key-pagerduty/alertmanager", 404),
        ("/intake/KEY-ALERTMANAGER/alertmanager", 404),
        ("/intake/%00/alertmanager", 404),
        ("/intake/%ed%a0%80/alertmanager", 404),
        ("/v2/enqueue", 401),
    ],
)
def test_an_unknown_key_gets_the_same_answer_whatever_is_wrong_with_it(
    source, pagerduty, post, to, status
):
    for body in (call(alert()), {"routing_key": "nobody"}, {"routing_key": 7}, {}, []):
        assert said(post(body, to)) == (status, NO_SOURCE)
    assert Event.objects.count() == Incident.objects.count() == 0


def test_a_source_that_was_switched_off_is_unknown(source, pagerduty, post):
    for one in (source, pagerduty):
        one.is_active = False
        one.save()
    assert said(post(call(alert()))) == (404, NO_SOURCE)
    assert said(post(event(), "/v2/enqueue")) == (401, NO_SOURCE)


@pytest.mark.asvs("11.5.1 7.2.3 11.4.2", 36)
def test_a_key_is_kept_as_a_digest_only(source, post):
    answer(post(call(alert())))
    rows = [str(list(model.objects.values())) for model in (type(source), Event, Incident)]
    assert not [row for row in rows if "key-alertmanager" in row]


@pytest.mark.parametrize("to", [ALERTMANAGER, "/v2/enqueue"])
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
def test_only_a_post_is_taken(source, client, to, method):
    refused = getattr(client, method)(to)
    assert (refused.status_code, refused["Allow"]) == (405, "POST")
    assert Event.objects.count() == 0


def test_a_body_without_its_length_is_refused_and_not_read_as_empty(source, client):
    sent = client.post(
        ALERTMANAGER,
        json.dumps(call(alert())),
        "application/json",
        HTTP_TRANSFER_ENCODING="chunked",
    )
    assert said(sent) == (411, "Send the length of the body; the desk takes it whole.")
    assert Event.objects.count() == 0


def test_an_answer_has_the_headers_that_protect_and_nothing_for_people(source, post):
    """Machines pass by the middleware for people; what protects every answer stands before."""
    for found in (
        post(call(alert())),
        post("{"),
        post(call(alert()), "/intake/nobody/alertmanager"),
    ):
        heads = dict(found.headers)
        assert len(heads.pop("X-Request-ID")) == 32
        assert heads.pop("Permissions-Policy").startswith("camera=(), ")
        assert heads.pop("Content-Security-Policy").startswith("default-src 'none'; ")
        assert heads == {
            "Cache-Control": "no-store",
            "Content-Type": "application/json",
            "Content-Length": str(len(found.content)),
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        assert not found.cookies
        assert not hasattr(found.wsgi_request, "session")


def test_an_address_of_machines_that_does_not_exist_is_a_page_not_found(client, settings):
    for to in ("/intake/", "/intake/key", "/v2/", "/v2/elsewhere"):
        assert client.get(to).status_code == client.post(to).status_code == 404
    settings.SECURE_SSL_REDIRECT = True
    assert Client().post("/v2/elsewhere").status_code == 301


def test_no_token_of_a_form_is_needed(source):
    strict = Client(enforce_csrf_checks=True)
    body = json.dumps(call(alert()))
    assert strict.post(ALERTMANAGER, body, content_type="application/json").status_code == 202


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""]
)
def test_the_body_is_read_whatever_it_is_called(source, client, content_type):
    body = json.dumps(call(alert()))
    assert client.post(ALERTMANAGER, body, content_type=content_type).status_code == 202


def test_a_body_of_512_kb_is_taken_and_one_byte_more_is_not(source, post):
    body = json.dumps(call(alert() | {"annotations": {"description": ""}}))
    full = body.replace('"description": ""', f'"description": "{"x" * (512 * 1024 - len(body))}"')
    assert len(full) == 512 * 1024
    assert said(post(full + " ")) == (
        413,
        "The body is larger than 512 KB; send fewer alerts at once.",
    )
    assert Event.objects.count() == 0
    answer(post(full))
    assert len(only().description) == 2000


@pytest.mark.parametrize("size", ["-1", "many", "1e3", "²"])
def test_a_size_that_is_no_number_is_refused(source, post, size):
    assert said(post(call(alert()), CONTENT_LENGTH=size)) == (
        400,
        "The Content-Length is not a number.",
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "The body is not valid JSON."),
        ("{", "The body is not valid JSON."),
        ("alerts=1", "The body is not valid JSON."),
        (b"\xff\xfe{\x00}\x00", "The body is not valid JSON."),
        ("[]", "The body has to be a JSON object."),
        ("null", "The body has to be a JSON object."),
        ('"text"', "The body has to be a JSON object."),
        ("{}", "The body has no list “alerts”; is this Alertmanager's webhook?"),
        ('{"alerts": []}', "The body has no list “alerts”; is this Alertmanager's webhook?"),
        ('{"alerts": {}}', "The body has no list “alerts”; is this Alertmanager's webhook?"),
        ('{"alerts": [1]}', "Each alert has to be a JSON object."),
        ('{"alerts": [{}]}', "Each alert needs the status “firing” or “resolved”."),
        (
            '{"alerts": [{"status": "firing", "labels": []}]}',
            "Each set of labels or annotations has to be a JSON object.",
        ),
    ],
)
def test_what_can_never_work_is_refused_in_a_sentence_and_kept_on_its_source(
    source, post, body, sentence
):
    assert said(post(body)) == (400, sentence)
    kept = Event.objects.get()
    assert (kept.source, kept.outcome, kept.said, kept.incident) == (
        source,
        "refused",
        sentence,
        None,
    )
    text = body if isinstance(body, str) else body.decode("utf-8", "replace").replace("\x00", "")
    assert kept.body == text
    assert Incident.objects.count() == 0


def test_one_bad_alert_refuses_the_whole_call(source, post):
    assert said(post(call(alert("A"), {"status": "odd", "labels": {}})))[0] == 400
    assert Incident.objects.count() == 0
    answer(post(call(alert("A"))))


def test_without_a_source_nothing_of_a_refusal_is_kept(pagerduty, post):
    assert said(post("{", "/v2/enqueue")) == (400, "The body is not valid JSON.")
    assert Event.objects.count() == 0


def test_fields_that_nobody_knows_are_kept_in_the_delivery(source, post):
    newer = call(alert() | {"values": {"B": 1}}) | {"notification_reason": "repeat", "orgId": 1}
    answer(post(newer))
    assert json.loads(Event.objects.get().body) == newer
