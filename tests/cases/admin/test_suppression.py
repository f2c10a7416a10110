"""Alert rules and maintenance windows on the desk: forms, what they held, and who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from cases.models import AlertRule, HeldAlert, Incident, MaintenanceWindow, Source, System
from incidentdesk.kernel import clocks
from partners.models import Partner

pytestmark = pytest.mark.django_db
As = Callable[[str], Client]
RULES, WINDOWS = "/admin/cases/alertrule/", "/admin/cases/maintenancewindow/"


@pytest.fixture
def prod(db: None) -> Source:
    return Source.objects.create(name="prod", format="alertmanager", key_digest="prod")


def rule_form(source: Source, **more: object) -> dict[str, object]:
    known = {"source": source.pk, "name": "flaps", "position": 1, "is_on": "on"}
    return known | {"times": 5, "within_minutes": 1} | more


def window_form(of: System, **more: object) -> dict[str, object]:
    return {
        "name": "Upgrade",
        "system": of.pk,
        "starts_at_0": "2026-03-04",
        "starts_at_1": "22:00",
        "ends_at_0": "2026-03-04",
        "ends_at_1": "23:00",
        "repeats": "weekly",
        "zone": "Europe/London",
    } | more


def test_whoever_keeps_registers_makes_a_rule_and_reads_it_in_words(as_: As, prod: Source) -> None:
    client = as_("administrator")
    assert client.post(f"{RULES}add/", rule_form(prod)).status_code == 302
    words = "All its alerts open one only when they come 5 times within a minute."
    rule = AlertRule.objects.get()
    for page in (RULES, f"/admin/cases/source/{prod.pk}/change/"):
        assert words in client.get(page).text
    assert client.get(f"{RULES}{rule.pk}/change/").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"times": ""}, "Give how often and within how long, or neither."),
        ({"label": "severity"}, "Give a label and a value, or neither."),
        ({"times": "", "within_minutes": ""}, "Say what it does: group, keep together, or count."),
        ({"times": 1}, "Ensure this value is greater than or equal to 2."),
    ],
)
def test_a_rule_that_means_nothing_gets_a_sentence(
    as_: As, prod: Source, wrong: dict[str, object], words: str
) -> None:
    answer = as_("administrator").post(f"{RULES}add/", rule_form(prod, **wrong))
    assert (answer.status_code, words in answer.text) == (200, True)
    assert AlertRule.objects.count() == 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"system": ""}, "Choose a system or a partner, and only one."),
        ({"ends_at_1": "21:00"}, "It ends after it starts."),
        ({"ends_at_0": "2026-03-12"}, "It may take 7 days at most."),
        ({"starts_at_0": "0001-01-01"}, "Give a time in the years 1990 to 2199; check the year."),
        ({"ends_at_0": "9999-12-31"}, "Give a time in the years 1990 to 2199; check the year."),
        ({"zone": "Mars/Olympus"}, "There is no time zone Mars/Olympus; write it like"),
    ],
)
def test_a_window_of_nothing_gets_a_sentence(as_: As, wrong: dict[str, object], words: str) -> None:
    system = System.objects.create(name="gateway")
    answer = as_("administrator").post(f"{WINDOWS}add/", window_form(system, **wrong))
    assert (answer.status_code, words in answer.text) == (200, True)
    assert MaintenanceWindow.objects.count() == 0


def test_times_of_a_window_are_typed_and_shown_by_the_clock_of_its_zone(as_: As) -> None:
    client, system = as_("administrator"), System.objects.create(name="gateway")
    known = {"zone": "Europe/Berlin", "starts_at_0": "2026-07-01", "ends_at_0": "2026-07-01"}
    client.post(f"{WINDOWS}add/", window_form(system, **known))
    window = MaintenanceWindow.objects.get()
    stored = [f"{moment:%H:%M %z}" for moment in (window.starts_at, window.ends_at)]
    assert stored == ["20:00 +0000", "21:00 +0000"]
    page = client.get(f"{WINDOWS}{window.pk}/change/").text
    assert [f'value="{hour}:00:00"' in page for hour in (20, 21, 22, 23)] == [
        False,
        False,
        True,
        True,
    ]
    assert "1 Jul 2026 23:00 Europe/Berlin" in client.get(WINDOWS).text
    client.post(f"{WINDOWS}{window.pk}/change/", window_form(system, **known))
    window.refresh_from_db()
    assert [f"{moment:%H:%M}" for moment in (window.starts_at, window.ends_at)] == [
        "20:00",
        "21:00",
    ]


def test_an_hour_that_the_clocks_skip_gets_a_sentence(as_: As) -> None:
    system = System.objects.create(name="gateway")
    skipped = {"starts_at_0": "2026-03-29", "starts_at_1": "01:30", "ends_at_0": "2026-03-29"}
    answer = as_("administrator").post(f"{WINDOWS}add/", window_form(system, **skipped))
    assert "The clocks of Europe/London skip this time; choose another." in answer.text
    assert MaintenanceWindow.objects.count() == 0


def test_a_system_and_a_partner_at_once_get_a_sentence(as_: As, helix: Partner) -> None:
    system = System.objects.create(name="gateway")
    answer = as_("administrator").post(f"{WINDOWS}add/", window_form(system, partner=helix.pk))
    assert "Choose a system or a partner, and only one." in answer.text


def test_the_page_of_a_window_lists_what_it_held_but_nothing_of_a_restricted_incident(
    as_: As, prod: Source, declare: Callable[..., Incident]
) -> None:
    client = as_("administrator")
    system = System.objects.create(name="gateway")
    client.post(f"{WINDOWS}add/", window_form(system))
    window, other = MaintenanceWindow.objects.get(), window_of(system)
    now = clocks.now()
    hidden = declare()
    Incident.objects.filter(pk=hidden.pk).update(is_restricted=True)
    for number, (by, where) in enumerate([(window, None), (window, hidden), (other, None)]):
        HeldAlert.objects.create(
            source=prod,
            window=by,
            external_key=str(number),
            group_key="g",
            title=f"ALERT-{number}",
            signal={},
            at=now,
            incident=where,
        )
    page = as_("responder").get(f"{WINDOWS}{window.pk}/change/").text
    assert [f"ALERT-{number}" in page for number in range(3)] == [True, False, False]


def window_of(system: System) -> MaintenanceWindow:
    now = clocks.now()
    return MaintenanceWindow.objects.create(
        name="Other", system=system, starts_at=now, ends_at=now + timedelta(hours=1)
    )


def test_who_keeps_no_registers_may_read_and_not_write(as_: As, prod: Source) -> None:
    client = as_("responder")
    assert client.get(RULES).status_code == 200
    assert client.post(f"{RULES}add/", rule_form(prod)).status_code == 403
    assert AlertRule.objects.count() == 0
