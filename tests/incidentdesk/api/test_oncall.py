"""`GET /api/v1/oncall`: who is on call now, of each rota in use; and the dashboard's card."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.test import Client

from notifications.models import Layer, LayerPerson, Rota
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def rotas(people):
    """One with somebody, one in a gap, one that is off; it is a Wednesday, 09:41 UTC."""
    known = {"unit": "days", "hands_over_at": time(9), "starts_on": date(2026, 3, 4)}
    made = {}
    for name, person in (("Main", "responder"), ("Open", ""), ("Off", "responder")):
        made[name] = Rota.objects.create(
            name=name, owner=people["commander"], is_active=name != "Off"
        )
        layer = Layer.objects.create(rota=made[name], name="Days", **known)
        for position, who in enumerate([person, "commander"] if person else []):
            LayerPerson.objects.create(layer=layer, person=people[who], position=position)
    return made


def test_each_rota_in_use_says_who_is_on_call_and_until_when(program, people, rotas):
    until = (NOW + timedelta(days=1)).replace(hour=9, minute=0)
    answer = program("auditor").get("/oncall")
    assert answer.status_code == 200
    assert answer.json()["items"] == [
        {
            "rota_id": rotas["Main"].pk,
            "rota": "Main",
            "user_id": people["responder"].pk,
            "name": people["responder"].name,
            "layer": "Days",
            "until": until.isoformat().replace("+00:00", "Z"),
        },
        {
            "rota_id": rotas["Open"].pk,
            "rota": "Open",
            "user_id": None,
            "name": None,
            "layer": None,
            "until": None,
        },
    ]


def test_a_filter_that_is_none_is_refused(program, rotas):
    assert program("auditor").get("/oncall", who="me").status_code == 422


def test_the_dashboard_says_the_same(people, rotas, clock):
    clock(NOW)
    client = Client()
    client.force_login(people["responder"])
    card = client.get("/admin/").text.split('id="on-call"')[1].split("</section>")[0]
    assert [word in card for word in (people["responder"].name, "Nobody", "Main", "Open")] == [
        True
    ] * 4
    assert "Off" not in card
