"""Rotas on the desk: the four weeks, the dialogs, the registers beside them, and the calendars."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from icalendar import Calendar

from incidentdesk.kernel import clocks
from incidentdesk.kernel.models import AuditEvent, User
from notifications.models import (
    Absence,
    CalendarFeed,
    FixedShift,
    Holiday,
    HolidayCalendar,
    Layer,
    Override,
    Rota,
    Swap,
)
from notifications.rotas import duty, layers, oncall, swaps
from tests.notifications.conftest import NOON, person
from tests.notifications.test_oncall import DAY, FILE, HOUR, actor, layer, rota

pytestmark = pytest.mark.django_db
ROTAS, LAYERS = "/admin/notifications/rota/", "/admin/notifications/layer/"
As = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noon of 2 March 2026."""
    monkeypatch.setattr(clocks, "now", lambda: NOON)


@pytest.fixture
def as_(client: Client) -> As:
    def log_in(user: User) -> Client:
        client.logout()
        client.force_login(user)
        return client

    return log_in


def page(row: Rota, more: str = "") -> str:
    return f"{ROTAS}{row.pk}/change/{more}"


def do(row: Rota, action: str) -> str:
    return f"{ROTAS}{row.pk}/do/{action}/"


def test_the_page_shows_four_weeks_in_the_zone_of_the_rota_and_its_gaps_in_words(as_: As) -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota(zone="Europe/Berlin")
    layer(main, ada, ben, hands_over_at=time(9), ends_on=date(2026, 3, 30))
    answer = as_(ada).get(page(main))
    days = [day for week in answer.context["weeks"] for day in week]
    assert [days[0].day, days[-1].day, len(days)] == [date(2026, 3, 2), date(2026, 3, 29), 28]
    assert [(p.words, p.name, p.is_mine) for p in days[0].parts] == [
        ("00:00–09:00", "Ada", True),
        ("09:00–24:00", "Ben", False),
    ]
    # The clocks jump on the last day: of 23 hours eight are before nine.
    assert [(p.words, p.share) for p in days[-1].parts] == [
        ("00:00–09:00", 34.78),
        ("09:00–24:00", 65.22),
    ]
    assert answer.context["gaps"] == [
        "Tue 31 Mar 2026 09:00 to Mon 6 Apr 2026 02:00 (Europe/Berlin)"
    ]
    later = as_(ada).get(page(main, "?from=2026-03-30"))
    parts = [(p.words, p.name) for day in later.context["weeks"][0] for p in day.parts][:4]
    assert parts == [
        ("00:00–09:00", "Ada"),
        ("09:00–24:00", "Ben"),
        ("00:00–09:00", "Ben"),
        ("09:00–24:00", "Nobody is on call"),
    ]
    assert "09:00–24:00 Nobody is on call" in later.text


def test_a_page_costs_the_same_whatever_it_shows(
    as_: As, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    people = [person(f"P{n}") for n in range(5)]
    main = rota("Main", people[0])
    layer(main, people[0])
    browser, counts = as_(people[0]), []
    browser.get(page(main))
    for number in range(2):
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(page(main)).status_code == 200
        counts.append(len(seen))
        for extra in range(3):
            layer(main, *people, name=f"L{number}{extra}", position=extra + 2)
            span = {"starts_at": NOON + HOUR, "ends_at": NOON + DAY, "at": NOON}
            duty.take_over(rota_id=main.pk, user_id=people[1].pk, by=actor(people[1]), **span)
            duty.be_away(user_id=people[2].pk, by=actor(people[2]), **span)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("asked", ["x", "2026-99-01", "9999-12-31", "%00", "1000-01-01"])
def test_a_week_that_cannot_be_shown_is_this_week(as_: As, asked: str) -> None:
    ada = person("Ada")
    answer = as_(ada).get(page(rota(), f"?from={asked}"))
    assert answer.context["is_this_week"] is True


def test_times_are_typed_as_the_clocks_of_the_rota_show_them(as_: As) -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota(zone="Europe/Berlin")
    layer(main, ada)
    typed = {"starts_at": "2026-03-28T12:00", "ends_at": "2026-03-29T02:30", "reason": "Trip"}
    answer = as_(ben).post(do(main, "take-over"), {"user_id": ben.pk, **typed})
    assert answer.status_code == 302
    made = Override.objects.get()
    assert (made.person, made.starts_at, made.ends_at) == (
        ben,
        datetime(2026, 3, 28, 11, tzinfo=UTC),
        datetime(2026, 3, 29, 1, tzinfo=UTC),  # 02:30 is never shown: the moment of the jump
    )


@pytest.mark.parametrize("action", ["take-over", "away", "ask"])
@pytest.mark.parametrize(
    ("zone", "year"), [("Asia/Tokyo", "0001-01-01"), ("America/New_York", "9999-12-31")]
)
def test_a_year_that_cannot_be_meant_gets_a_sentence_at_its_field(
    as_: As, action: str, zone: str, year: str
) -> None:
    ada, ben, main = person("Ada"), person("Ben"), rota(zone=zone)
    layer(main, ada)
    names = ("starts_at", "ends_at", *(["return_starts_at"] if action == "ask" else []))
    who = ben if action == "ask" else ada
    typed = {"user_id": who.pk, **dict.fromkeys(names, f"{year}T23:30")}
    answer = as_(ada).post(do(main, action), typed)
    said = ["Give a time in the years 1990 to 2199; check the year."]
    assert (answer.status_code, answer.context["form"].errors) == (422, dict.fromkeys(names, said))


def test_one_chooses_oneself_and_the_owner_chooses_anybody(as_: As) -> None:
    ada, owner = person("Ada"), person("Owner")
    main = rota(owner=owner)

    def offered(user: User) -> list[str]:
        form = as_(user).get(do(main, "take-over")).context["form"]
        return [name for _, name in form.fields["user_id"].choices]

    assert offered(ada) == ["Ada"]
    assert offered(owner) == ["Ada", "Owner"]
    typed = {"starts_at": "2026-03-02T12:00", "ends_at": "2026-03-03T12:00"}
    answer = as_(ada).post(do(main, "take-over"), {"user_id": owner.pk, **typed})
    assert (answer.status_code, Override.objects.count()) == (422, 0)


def test_a_swap_goes_from_the_question_to_the_answer(as_: As) -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    layer(main, ada)
    typed = {"starts_at": "2026-03-02T14:00", "ends_at": "2026-03-02T18:00", "words": "Concert"}
    assert as_(ada).post(do(main, "ask"), {"user_id": ben.pk, **typed}).status_code == 302
    row = Swap.objects.get()
    assert f"answer/?swap_id={row.pk}" not in as_(ada).get(page(main)).text
    assert f"answer/?swap_id={row.pk}" in as_(ben).get(page(main)).text
    answered = {"swap_id": row.pk, "agreed": "yes"}
    assert as_(ada).post(do(main, "answer"), answered).status_code == 422
    assert as_(ben).post(do(main, "answer"), answered).status_code == 302
    assert str(oncall.now([main], at=NOON + 3 * HOUR)[0].person) == "Ben"


def test_a_swap_both_ways_is_asked_answered_and_shown_on_the_page(as_: As) -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota(zone="Europe/Berlin")
    layer(main, ada, ben, hands_over_at=time(13), starts_on=date(2026, 3, 2))
    typed = {"starts_at": "2026-03-02T14:00", "ends_at": "2026-03-02T18:00", "user_id": ben.pk}
    half = as_(ada).post(do(main, "ask"), {**typed, "return_starts_at": "2026-03-03T14:00"})
    assert half.status_code == 422
    assert "Give both times of what you take in return, or neither." in half.text
    typed |= {"return_starts_at": "2026-03-03T14:00", "return_ends_at": "2026-03-03T20:00"}
    assert as_(ada).post(do(main, "ask"), typed).status_code == 302
    row = Swap.objects.get()
    offer = "In return Ada is on call instead of you, Tue 3 Mar 2026 14:00 to 20:00 (Europe/Berlin)"
    assert offer in as_(ben).get(page(main)).text
    assert offer in as_(ben).get(do(main, "answer")).text
    as_(ben).post(do(main, "answer"), {"swap_id": row.pk, "agreed": "yes"})
    assert [
        str(oncall.now([main], at=NOON + n * HOUR)[0].person) for n in (0, 2, 6, 24, 26, 32)
    ] == ["Ada", "Ben", "Ada", "Ben", "Ada", "Ben"]


def test_leave_is_put_down_and_taken_back_by_its_person(as_: As) -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    layer(main, ada, ben)
    typed = {"starts_at": "2026-03-04T00:00", "ends_at": "2026-03-06T00:00", "user_id": ada.pk}
    assert as_(ada).post(do(main, "away"), typed).status_code == 302
    what = {"what": f"absence:{Absence.objects.get().pk}"}
    assert as_(ben).post(do(main, "take-back"), what).status_code == 422
    assert as_(ada).post(do(main, "take-back"), what).status_code == 302
    assert Absence.objects.get().ended_at == NOON


def test_an_administrator_adds_a_rota_and_its_layer_and_lands_on_its_page(as_: As) -> None:
    boss, ada = person("Boss", "administrator"), person("Ada")
    facts = {"name": "Night", "zone": "Europe/Berlin", "owner_id": ada.pk, "holidays_id": ""}
    browser = as_(boss)
    wrong = browser.post(f"{ROTAS}do/add/", facts | {"zone": "Berlin"})
    assert "There is no time zone Berlin; write it like Europe/Berlin" in wrong.text
    made = browser.post(f"{ROTAS}do/add/", facts)
    row = Rota.objects.get()
    assert made["Location"] == page(row)
    fields = {
        "rota": row.pk,
        "name": "Week",
        "position": 1,
        "every": 1,
        "unit": "weeks",
        "weekday": "0",
        "hands_over_at": "09:00",
        "starts_on": "2026-03-02",
        "days": "all",
        "places-TOTAL_FORMS": 1,
        "places-INITIAL_FORMS": 0,
        "places-0-position": 1,
        "places-0-person": ada.pk,
        "windows-TOTAL_FORMS": 1,
        "windows-INITIAL_FORMS": 0,
        "windows-0-weekdays": ["0", "4"],
        "windows-0-starts_at": "22:00",
        "windows-0-ends_at": "06:00",
    }
    refused = browser.post(f"{LAYERS}add/", fields | {"weekday": ""})
    assert "On which weekday is handed over?" in refused.text
    added = browser.post(f"{LAYERS}add/", fields)
    assert added["Location"] == page(row)
    one = Layer.objects.get()
    assert [str(place) for place in one.places.all()] == ["Ada"]
    assert [str(window) for window in one.windows.all()] == ["Mon, Fri 22:00 to 06:00"]
    actions = list(AuditEvent.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["added rota", "added layer"]
    twice = browser.post(f"{LAYERS}add/", fields)
    assert "This rota has a layer of that name; choose another." in twice.text
    assert Layer.objects.count() == 1


@pytest.mark.parametrize("role", ["responder", "auditor"])
def test_who_keeps_no_registers_reads_rotas_and_changes_none(as_: As, role: str) -> None:
    main = rota()
    made = layer(main, person("Ada"))
    browser = as_(person("Reader", role))
    assert browser.get(page(main)).status_code == 200
    assert browser.get(f"{LAYERS}{made.pk}/change/").status_code == 200
    assert browser.post(f"{LAYERS}{made.pk}/change/", {"name": "x"}).status_code == 403
    assert browser.post(do(main, "change"), {"name": "x"}).status_code == 403
    assert Rota.objects.get().name == "Main"


def test_a_calendar_file_is_kept_in_the_form_while_its_question_is_answered(as_: As) -> None:
    ada = person("Ada")
    person("Ben")
    main = rota(zone="Europe/Berlin")
    browser = as_(person("Boss", "administrator"))
    file = SimpleUploadedFile("rota.ics", FILE.encode())
    first = browser.post(do(main, "import"), {"name": "Imported", "file": file})
    assert first.status_code == 422
    assert "“Zoe” matches nobody who can be paged." in first.text
    form = first.context["form"]
    assert form["name"].value() == "Imported"
    text = form["text"].value()
    second = browser.post(do(main, "import"), {"name": "Imported", "text": text, "leave_out": "on"})
    assert second.status_code == 302
    assert FixedShift.objects.filter(person=ada).count() == 2


def test_one_takes_over_what_is_to_come_and_not_what_is_over(as_: As) -> None:
    ada = person("Ada")
    main = rota()
    layer(main, ada, starts_on=date(2026, 3, 4))
    answer = as_(ada).get(page(main))
    week = answer.context["weeks"][0]
    assert [p.name for day in week[:3] for p in day.parts] == [*["Nobody is on call"] * 3, "Ada"]
    assert answer.text.count("?starts_at=") == 3
    earlier = as_(ada).get(page(main, "?from=2026-02-23"))  # the week that is over
    assert earlier.text.count("?starts_at=") == 3


@pytest.mark.parametrize("at", ["9999-12-31T23:59", "0001-01-01T00:00"])
def test_what_would_happen_in_a_year_without_a_calendar_is_refused_in_a_sentence(
    as_: As, at: str
) -> None:
    address = "/admin/notifications/escalationpath/what-would-happen/"
    answer = as_(person("Ada")).get(address, {"severity": 1, "at": at})
    assert answer.status_code == 422
    assert "Give a time in the years 1990 to 2199; check the year." in answer.text


def test_holidays_come_from_a_place_that_is_known_and_from_a_file(as_: As) -> None:
    browser = as_(person("Boss", "administrator"))
    address = "/admin/notifications/holidaycalendar/add/"
    wrong = browser.post(address, {"name": "Nowhere", "place": "XX"})
    assert "No holidays are known for “XX”" in wrong.text
    file = SimpleUploadedFile("days.ics", FILE.encode())
    assert (
        browser.post(address, {"name": "Ours", "place": "de-be", "file": file}).status_code == 302
    )
    calendar = HolidayCalendar.objects.get()
    assert calendar.place == "DE-BE"
    assert list(Holiday.objects.values_list("day", flat=True)) == [
        date(2026, 3, 2),
        date(2026, 3, 3),
        date(2026, 3, 5),
        date(2026, 3, 9),
    ]


# --- only what works is offered -------------------------------------------------------------------


def offered(browser: Client, row: Rota, action: str, field: str) -> list[str]:
    """What a dialog lets one choose."""
    return [
        words for _, words in browser.get(do(row, action)).context["form"].fields[field].choices
    ]


def test_a_rota_that_is_switched_off_is_not_taken_over_and_says_so(as_: As) -> None:
    main = rota(is_active=False)
    browser = as_(person("Ada"))
    shown = browser.get(page(main)).context["first_buttons"]
    assert [button["action"].name for button in shown] == ["away"]
    for action in ("take-over", "ask"):
        answer = browser.get(do(main, action))
        assert answer.status_code == 409
        assert "This rota is switched off: it has nobody on call." in answer.text
    assert offered(browser, main, "calendar", "of") == ["my own turns on all rotas"]


def test_who_has_no_turn_reads_that_there_is_nothing_to_swap(as_: As) -> None:
    ada, ben, main = person("Ada"), person("Ben"), rota()
    layer(main, ada)
    assert as_(ada).get(do(main, "ask")).status_code == 200
    answer = as_(ben).get(do(main, "ask"))
    assert answer.status_code == 409
    assert "You have no turn on this rota in the coming year that somebody could take." in (
        answer.text
    )


def test_leave_is_offered_for_those_for_whom_it_may_be_put_down(as_: As) -> None:
    ada, ben, cem = person("Ada"), person("Ben"), person("Cem")
    main = rota("Main", cem)
    layer(main, ada)
    layer(rota("Other", ada), ben)
    assert offered(as_(cem), main, "away", "user_id") == ["Ada", "Cem"]
    assert offered(as_(ben), main, "away", "user_id") == ["Ben"]
    assert offered(as_(cem), main, "take-over", "user_id") == ["Ada", "Ben", "Cem"]


def test_leave_of_somebody_whom_a_plan_drops_is_set_seen_and_taken_back_until_then(as_: As) -> None:
    ada, ben, owner = person("Ada"), person("Ben"), person("Owner")
    main = rota(owner=owner)
    one = layer(main, ada)
    layers.keep(one, at=NOON + 9 * DAY, now=NOON)
    one.places.update(person=ben)
    browser = as_(owner)
    assert offered(browser, main, "away", "user_id") == ["Ada", "Ben", "Owner"]
    typed = {"starts_at": "2026-03-04T00:00", "ends_at": "2026-03-06T00:00", "user_id": ada.pk}
    assert browser.post(do(main, "away"), typed).status_code == 302
    leave = browser.get(page(main)).context["leave"]
    assert [str(line["row"].person) for line in leave] == ["Ada"]
    words = "Ada is away, Wed 4 Mar 2026 00:00 to Fri 6 Mar 2026 00:00 (UTC)"
    assert offered(browser, main, "take-back", "what") == [words]


def test_only_a_question_that_still_waits_is_offered_to_be_answered(as_: As) -> None:
    ada, ben, main = person("Ada"), person("Ben"), rota()
    layer(main, ada)
    for hours in (-3, 1):
        Swap.objects.create(
            rota=main,
            asked_by=ada,
            asked_of=ben,
            starts_at=NOON + hours * HOUR,
            ends_at=NOON + (hours + 1) * HOUR,
            asked_at=NOON - DAY,
        )
    words = "Ada: you take Mon 2 Mar 2026 13:00 to 14:00 (UTC). "
    assert offered(as_(ben), main, "answer", "swap_id") == [words]


def test_the_owed_part_of_a_swap_is_not_offered_to_be_taken_back(
    as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, ben, main = person("Ada"), person("Ben"), rota()
    layer(main, ada, ben, starts_on=date(2026, 3, 2))
    asked = swaps.ask(
        rota_id=main.pk,
        user_id=ben.pk,
        starts_at=NOON + HOUR,
        ends_at=NOON + 2 * HOUR,
        in_return=(NOON + DAY, NOON + DAY + HOUR),
        by=actor(ada),
        at=NOON,
    )
    swaps.answer(swap_id=asked.pk, agreed=True, by=actor(ben), at=NOON)
    words = "Ada takes over, Tue 3 Mar 2026 12:00 to 13:00 (UTC)"
    link = f"take-back/?what=override:{Swap.objects.get().return_override_id}"
    assert offered(as_(ada), main, "take-back", "what") == [words]
    assert link in as_(ada).get(page(main)).text
    monkeypatch.setattr(clocks, "now", lambda: NOON + HOUR)
    assert offered(as_(ada), main, "take-back", "what") == []
    assert link not in as_(ada).get(page(main)).text
    assert link in as_(main.owner).get(page(main)).text


def test_only_a_calendar_address_that_there_is_is_offered_to_be_ended(as_: As) -> None:
    ada, main = person("Ada"), rota()
    layer(main, ada)
    assert "You have no calendar address that could end." in (
        as_(ada).get(do(main, "end-calendar")).text
    )
    as_(ada).post(do(main, "calendar"), {"of": "rota"})
    assert offered(as_(ada), main, "end-calendar", "of") == ["everybody on this rota"]


# --- calendars to subscribe to --------------------------------------------------------------------


def address(browser: Client, row: Rota, of: str) -> str:
    """Ask for an address on the page; it is shown once."""
    shown = browser.post(do(row, "calendar"), {"of": of}, follow=True)
    found = shown.text.split('<pre class="desk-secret">')[1].split("</pre>")[0]
    return found.removeprefix("http://localhost:8000")


def test_a_calendar_of_one_s_own_turns_and_one_of_a_rota_are_read_without_a_login(as_: As) -> None:
    ada, ben = person("Ada"), person("Ben")
    main, other = rota(), rota("Other")
    layer(main, ada, ben)
    layer(other, ada)
    browser = as_(ada)
    mine, whole = address(browser, main, "mine"), address(browser, main, "rota")
    assert not CalendarFeed.objects.filter(digest__in=[mine, whole]).exists()
    read = {}
    for key, where in (("mine", mine), ("whole", whole)):
        answer = Client().get(where)
        assert answer["Content-Type"] == "text/calendar; charset=utf-8"
        events = Calendar.from_ical(answer.content).walk("VEVENT")
        read[key] = {str(event["SUMMARY"]) for event in events}
        assert {event["DTSTART"].dt.utcoffset() for event in events} == {timedelta(0)}
        again = Client().get(where, headers={"If-None-Match": answer["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert read == {
        "mine": {"On call: Ada (Main)", "On call: Ada (Other)"},
        "whole": {"On call: Ada (Main)", "On call: Ben (Main)"},
    }


def test_an_address_that_ended_is_like_one_that_never_was(as_: As) -> None:
    ada = person("Ada")
    main = rota()
    layer(main, ada)
    browser = as_(ada)
    unknown = Client().get("/oncall/none.ics")
    first = address(browser, main, "mine")
    second = address(browser, main, "mine")  # a new one ends the former
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    User.objects.filter(pk=ada.pk).update(is_active=False)
    gone = Client().get(second)
    assert (gone.status_code, gone.content) == (404, unknown.content)
    User.objects.filter(pk=ada.pk).update(is_active=True)
    assert browser.post(do(main, "end-calendar"), {"of": "mine"}).status_code == 302
    assert Client().get(second).status_code == 404
    assert Client().post(second).status_code == 405
