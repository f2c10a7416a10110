"""Layers through time: a change counts from a moment; who was on call before is who it was."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import Conflict, InvalidInput
from incidentdesk.kernel.models import User
from notifications.models import Holiday, HolidayCalendar, Layer, LayerPerson, Rota, Window
from notifications.rotas import changing, layers, register
from tests.notifications.conftest import NOON, person
from tests.notifications.test_oncall import DAY, FILE, HOUR, actor, bring, layer, on_call, rota

pytestmark = pytest.mark.django_db
Held = list[tuple[datetime, datetime, int]]
BEGINNING = NOON - 10 * DAY


def held(main: Rota, starts: datetime, ends: datetime) -> Held:
    """Who is on call, without the words for why."""
    main = Rota.objects.get(pk=main.pk)
    found: Held = []
    for turn in changing.turns(main, starts, ends):
        if found and found[-1][1:] == (turn.starts, turn.who):
            found[-1] = (found[-1][0], turn.ends, turn.who)
        else:
            found.append((turn.starts, turn.ends, turn.who))
    return found


def put(one: Layer, *people: User, at: datetime, now: datetime | None = None, **facts: Any) -> None:
    """Change a layer from `at` on: its people, if any are given, and these facts."""
    layers.keep(one, at=at, now=now or at)
    for name, value in facts.items():
        setattr(one, name, value)
    one.save()
    if people:
        one.places.all().delete()
        for position, each in enumerate(people, 1):
            LayerPerson.objects.create(layer=one, person=each, position=position)


def versions(one: Layer) -> list[tuple[datetime | None, datetime | None, list[str]]]:
    """Since when, until when and with whom, the oldest first."""
    rows = [*one.versions.order_by("until"), Layer.objects.get(pk=one.pk)]
    return [(row.since, row.until, [str(place) for place in row.places.all()]) for row in rows]


def test_another_order_counts_from_now_on_and_the_past_shows_who_it_was() -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    one = layer(main, ada, ben, starts_on=date(2026, 2, 28))
    now = NOON + 2 * HOUR
    before, noon = held(main, BEGINNING, now), NOON
    assert before[-1] == (noon, now, ada.pk)
    put(one, ben, ada, at=now)
    assert held(main, BEGINNING, now) == before
    assert held(main, now, NOON + 2 * DAY) == [
        (now, NOON + DAY, ben.pk),
        (NOON + DAY, NOON + 2 * DAY, ada.pk),
    ]
    assert versions(one) == [(None, now, ["Ada", "Ben"]), (now, None, ["Ben", "Ada"])]


def test_a_change_may_be_planned_and_a_later_one_takes_its_place() -> None:
    ada, ben, cem = person("Ada"), person("Ben"), person("Cem")
    main = rota()
    one = layer(main, ada)
    friday, wednesday = NOON + 4 * DAY, NOON + 2 * DAY
    put(one, ben, at=friday)
    assert [on_call(main, at) for at in (NOON, friday - HOUR, friday)] == ["Ada", "Ada", "Ben"]
    put(one, cem, at=wednesday)
    assert [on_call(main, at) for at in (NOON, wednesday, friday)] == ["Ada", "Cem", "Cem"]
    assert versions(one) == [(None, wednesday, ["Ada"]), (wednesday, None, ["Cem"])]
    put(one, ben, at=friday)
    assert [on_call(main, at) for at in (NOON, wednesday, friday)] == ["Ada", "Cem", "Ben"]


def test_an_equal_place_in_the_order_stays_whose_it_was() -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    first = layer(main, ada)
    layer(main, ben, name="Nights")
    put(first, ada, at=NOON, every=2)
    assert [on_call(main, at) for at in (NOON - HOUR, NOON + HOUR)] == ["Ada", "Ada"]


def test_another_zone_or_calendar_of_the_rota_counts_from_now_on() -> None:
    ada, ben = person("Ada"), person("Ben")
    boss = actor(person("Boss", "administrator"))
    monday = HolidayCalendar.objects.create(name="Monday is free")
    Holiday.objects.create(calendar=monday, day=date(2026, 3, 2), name="A day off")
    main = rota(zone="Europe/Berlin")
    layer(main, ada, days="working")
    one = layer(main, ben, name="Rest", position=2)
    put(one, ben, at=NOON + 5 * DAY, every=2)
    now = NOON + 10 * timedelta(minutes=1)
    before = held(main, BEGINNING, now)
    facts = {"rota_id": main.pk, "name": "Main", "owner_id": ada.pk, "is_active": True}
    register.change(**facts, zone="Asia/Tokyo", holidays_id=monday.pk, by=boss, at=now)
    assert held(main, BEGINNING, now) == before
    # In Tokyo the day off ends at 15:00 UTC; until then it is no working day.
    assert held(main, now, NOON + 4 * HOUR) == [
        (now, NOON + 3 * HOUR, ben.pk),
        (NOON + 3 * HOUR, NOON + 4 * HOUR, ada.pk),
    ]
    spans = [(since, until) for since, until, _ in versions(one)]
    plan = NOON + 5 * DAY
    assert spans == [(None, now), (now, plan), (plan, None)]


def test_a_calendar_file_that_replaces_a_layer_leaves_the_shifts_that_were() -> None:
    person("Ada")
    person("Ben")
    main = rota(zone="Europe/Berlin")
    bring(main, leave_out=True)
    now = NOON + DAY
    before = held(main, BEGINNING, now)
    bring(main, FILE.replace("Ben (standby)", "ada"), leave_out=True, at=now)
    assert held(main, BEGINNING, now) == before
    assert (on_call(main, now - HOUR), on_call(main, now)) == ("Ben", "Ada")


def test_the_database_refuses_a_former_version_without_an_end_and_a_layer_with_one() -> None:
    one = layer(rota(), person("Ada"))
    put(one, at=NOON, every=2)
    for wrong in ({"until": None}, {"until": NOON - DAY, "since": NOON}):
        with pytest.raises(IntegrityError), transaction.atomic():
            one.versions.update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        Layer.objects.current().update(until=NOON)


# --- whatever is changed --------------------------------------------------------------------------

HOURS = st.integers(0, 23).map(time)
CHANGES = st.one_of(
    st.builds(lambda order: {"order": order}, st.permutations([0, 1, 2])),
    st.builds(lambda hour: {"hands_over_at": hour}, HOURS),
    st.builds(lambda days: {"days": days}, st.sampled_from(["all", "working", "holidays"])),
    st.builds(
        lambda every, unit: {
            "every": every,
            "unit": unit,
            "weekday": 2 if unit == "weeks" else None,
        },
        st.integers(1, 5),
        st.sampled_from(["hours", "days", "weeks"]),
    ),
    st.builds(lambda n: {"starts_on": date(2026, 2, 20) + n * DAY}, st.integers(0, 20)),
    st.builds(lambda n: {"ends_on": date(2026, 3, 12) + n * DAY}, st.integers(0, 9)),
    st.builds(lambda a, b: {"window": (a, b)}, HOURS, HOURS),
    st.builds(lambda zone: {"zone": zone}, st.sampled_from(["Asia/Tokyo", "Europe/Berlin"])),
    st.builds(lambda hour: {"new": hour}, HOURS),
    st.just({"file": FILE}),
)
EDIT = st.tuples(st.integers(0, 40), st.integers(0, 60), st.booleans(), CHANGES)


def edit(
    main: Rota, people: list[User], change: dict[str, Any], at: datetime, now: datetime
) -> None:
    """One change of one kind, from `at` on; of the rota itself from now on."""
    one = main.layers.current().order_by("id").first()
    assert one is not None
    boss = actor(User.objects.get(name="Boss"))
    match change:
        case {"order": order}:
            put(one, *(people[n] for n in order), at=at, now=now)
        case {"window": (starts, ends)}:
            layers.keep(one, at=at, now=now)
            Window.objects.create(layer=one, weekdays=[0, 1, 2, 3], starts_at=starts, ends_at=ends)
        case {"zone": zone}:
            facts = {"rota_id": main.pk, "name": "Main", "owner_id": people[0].pk}
            register.change(**facts, zone=zone, holidays_id=None, is_active=True, by=boss, at=now)
        case {"new": hour}:
            name = f"L{Layer.objects.count()}"
            layer(main, people[2], name=name, position=0, hands_over_at=hour, since=at)
        case {"file": text}:
            bring(main, text, leave_out=True, at=now)
        case facts:
            put(one, at=at, now=now, **facts)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(edits=st.lists(EDIT, min_size=1, max_size=6))
def test_whatever_is_changed_who_was_on_call_before_is_unchanged(
    edits: list[tuple[int, int, bool, dict[str, Any]]],
) -> None:
    with transaction.atomic():
        people = [person(name) for name in ("Ada", "Ben", "Cem")]
        person("Boss", "administrator")
        main, now = rota(), NOON
        layer(main, *people, starts_on=date(2026, 2, 25))
        layer(main, people[1], name="Below", position=2, days="working")
        for later, ahead, is_planned, change in edits:
            now += later * HOUR
            before = held(main, BEGINNING, now)
            edit(main, people, change, now + (ahead * HOUR if is_planned else 0 * HOUR), now)
            assert held(main, BEGINNING, now) == before
        transaction.set_rollback(True)


# --- on the desk ----------------------------------------------------------------------------------


@pytest.fixture
def boss(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """An administrator's browser, at two in the afternoon of 2 March 2026."""
    monkeypatch.setattr(clocks, "now", lambda: NOON + 2 * HOUR)
    client.force_login(person("Boss", "administrator"))
    return client


def fields(one: Layer, *people: User, **more: Any) -> dict[str, Any]:
    """The form of a layer as it stands, with these people."""
    places = list(one.places.order_by("position", "id"))
    known: dict[str, Any] = {
        "rota": one.rota_id,
        "name": one.name,
        "position": 1,
        "every": 1,
        "unit": "days",
        "hands_over_at": "12:00",
        "starts_on": "2026-03-01",
        "days": "all",
        "places-TOTAL_FORMS": len(places),
        "places-INITIAL_FORMS": len(places),
        "windows-TOTAL_FORMS": 0,
        "windows-INITIAL_FORMS": 0,
    }
    for number, (place, each) in enumerate(zip(places, people, strict=True)):
        known |= {
            f"places-{number}-id": place.pk,
            f"places-{number}-layer": one.pk,
            f"places-{number}-position": number + 1,
            f"places-{number}-person": each.pk,
        }
    return known | more


def test_saving_a_layer_s_page_keeps_what_was_and_the_rota_shows_both(boss: Client) -> None:
    ada, ben = person("Ada"), person("Ben")
    main, now = rota(), NOON + 2 * HOUR
    one = layer(main, ada, ben)
    url = f"/admin/notifications/layer/{one.pk}/change/"
    before = held(main, BEGINNING, now)
    assert boss.post(url, fields(one, ada, ben)).status_code == 302
    assert versions(one) == [(None, None, ["Ada", "Ben"])]  # nothing was changed
    assert boss.post(url, fields(one, ben, ada)).status_code == 302
    assert held(main, BEGINNING, now) == before
    assert versions(one) == [(None, now, ["Ada", "Ben"]), (now, None, ["Ben", "Ada"])]
    page = " ".join(boss.get(f"/admin/notifications/rota/{main.pk}/change/").text.split())
    assert "Before Mon 2 Mar 2026 14:00 (UTC)" in page
    assert "<b>Until Mon 2 Mar 2026 14:00 (UTC)</b><br>Ada, then Ben<br>" in page
    former = one.versions.get()
    assert boss.get(f"/admin/notifications/layer/{former.pk}/change/").status_code == 302


def test_a_change_is_planned_by_the_clocks_of_the_rota_and_never_for_the_past(boss: Client) -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota(zone="Europe/Berlin")
    one = layer(main, ada, ben)
    url = f"/admin/notifications/layer/{one.pk}/change/"
    wrong = boss.post(url, fields(one, ben, ada, takes_effect="2026-03-02T14:30"))
    assert "What is past stays as it was: give a time ahead." in wrong.text
    for year in ("0001-01-01", "9999-12-31"):
        wrong = boss.post(url, fields(one, ben, ada, takes_effect=f"{year}T00:30"))
        assert "Give a time in the years 1990 to 2199; check the year." in wrong.text
    assert versions(one) == [(None, None, ["Ada", "Ben"])]
    assert boss.post(url, fields(one, ben, ada, takes_effect="2026-03-02T18:30")).status_code == 302
    at = NOON + 5.5 * HOUR
    assert versions(one) == [(None, at, ["Ada", "Ben"]), (at, None, ["Ben", "Ada"])]
    page = boss.get(f"/admin/notifications/rota/{main.pk}/change/").text
    assert "from Mon 2 Mar 2026 18:30 (Europe/Berlin)" in page


def planned(main: Rota) -> tuple[Layer, User, User, datetime]:
    """Ada, then Ben, takes turns; from Thursday evening on Ben alone, and it is called Evenings."""
    ada, ben = person("Ada"), person("Ben")
    one = layer(main, ada, ben)
    Window.objects.create(layer=one, weekdays=[0, 1], starts_at=time(0), ends_at=time(0))
    at = NOON + 3 * DAY + 6 * HOUR
    put(one, ben, at=at, name="Evenings", every=2)
    one.windows.all().delete()
    return one, ada, ben, at


def test_a_layer_s_page_says_that_a_change_is_planned_and_saving_it_keeps_the_moment(
    boss: Client,
) -> None:
    main = rota(zone="Europe/Berlin")
    one, _ada, ben, at = planned(main)
    url = f"/admin/notifications/layer/{one.pk}/change/"
    shown = boss.get(url)
    field = shown.context["adminform"].form["takes_effect"]
    assert str(field.value()) == "2026-03-05 19:00:00"
    assert "A change is planned from Thu 5 Mar 2026 19:00 (Europe/Berlin)" in shown.text
    before = held(main, BEGINNING, at + 5 * DAY)
    renamed = fields(one, ben, name="Nights", every=2, takes_effect="2026-03-05T19:00")
    assert boss.post(url, renamed).status_code == 302
    assert held(main, BEGINNING, at + 5 * DAY) == before
    assert versions(one) == [(None, at, ["Ada", "Ben"]), (at, None, ["Ben"])]
    assert [one.versions.get().name, Layer.objects.get(pk=one.pk).name] == ["Days", "Nights"]


@pytest.mark.parametrize("days", [2, 4])
def test_a_planned_change_is_moved_by_giving_it_another_moment(boss: Client, days: int) -> None:
    main = rota()
    one, _ada, ben, _ = planned(main)
    url, at = f"/admin/notifications/layer/{one.pk}/change/", NOON + days * DAY
    moved = fields(one, ben, name="Evenings", every=2, takes_effect=f"{at:%Y-%m-%dT%H:%M}")
    assert boss.post(url, moved).status_code == 302
    assert versions(one) == [(None, at, ["Ada", "Ben"]), (at, None, ["Ben"])]


def test_a_planned_change_is_cancelled_and_what_is_in_force_goes_on(boss: Client) -> None:
    main = rota()
    one = layer(main, ada := person("Ada"), ben := person("Ben"))
    Window.objects.create(layer=one, weekdays=[0, 1, 2], starts_at=time(0), ends_at=time(0))
    before = held(main, BEGINNING, NOON + 20 * DAY)
    put(one, ben, at=NOON + 3 * DAY, name="Evenings", every=2)
    one.windows.all().delete()
    cancel = f"/admin/notifications/rota/{main.pk}/do/cancel-change/"
    assert f"{cancel}?layer_id={one.pk}" in boss.get(cancel.split("do/")[0] + "change/").text
    assert boss.get(cancel).status_code == 200
    assert boss.post(cancel, {"layer_id": one.pk}).status_code == 302
    assert held(main, BEGINNING, NOON + 20 * DAY) == before
    assert versions(one) == [(None, None, ["Ada", "Ben"])]
    one.refresh_from_db()
    assert (one.name, one.every, one.windows.count()) == ("Days", 1, 1)
    assert boss.post(cancel, {"layer_id": one.pk}).status_code == 422
    assert one.places.get(position=1).person == ada
    boss.force_login(person("Resp"))
    assert boss.post(cancel, {"layer_id": one.pk}).status_code == 403


def test_a_planned_change_whose_layer_s_name_is_another_s_by_now_is_not_cancelled() -> None:
    main, boss = rota(), actor(person("Boss", "administrator"))
    one, ada, _, at = planned(main)
    layer(main, ada, position=2)
    with pytest.raises(InvalidInput) as refused:
        register.cancel_change(layer_id=one.pk, by=boss, at=NOON)
    assert str(refused.value) == (
        "Another layer of this rota is called “Days” by now; give that one another name first."
    )
    assert versions(one)[-1] == (at, None, ["Ben"])


def test_a_plan_that_has_begun_or_a_layer_that_has_not_is_nothing_to_cancel() -> None:
    main, boss = rota(), actor(person("Boss", "administrator"))
    one, ada, _, at = planned(main)
    new = layer(main, ada, name="New", since=at)
    for key, now in ((one.pk, at), (new.pk, NOON)):
        with pytest.raises(Conflict, match="No change of this layer is planned"):
            register.cancel_change(layer_id=key, by=boss, at=now)


def test_a_calendar_file_replaces_no_layer_for_which_a_change_is_planned() -> None:
    person("Ada")
    person("Ben")
    main = rota(zone="Europe/Berlin")
    bring(main, leave_out=True)
    one = main.layers.get()
    put(one, at=NOON + 3 * DAY, now=NOON + HOUR, position=5)
    with pytest.raises(InvalidInput, match="A change of “Imported” is planned"):
        bring(main, leave_out=True, at=NOON + DAY)


def test_the_page_of_a_rota_shows_of_a_layer_what_it_was_in_the_weeks_shown(boss: Client) -> None:
    main = rota()
    one = layer(main, person("Ada"))
    for weeks in (9, 5, 1):
        put(one, at=NOON - weeks * 7 * DAY, every=weeks)
    put(one, at=NOON + 2 * DAY, now=NOON, every=20)

    def lengths(first: str) -> list[str]:
        page = boss.get(f"/admin/notifications/rota/{main.pk}/change/?from={first}")
        return [was["words"][1].split(" at ")[0] for was in page.context["layers"][0]["former"]]

    now = "Hand-over every day"
    assert lengths("2026-03-02") == [now]
    assert lengths("2026-02-02") == [now, "Hand-over every 5 days"]
    assert lengths("2026-06-01") == [now]
    assert lengths("2025-12-15") == [now, "Hand-over every 9 days", "Hand-over every day"]


def test_a_new_layer_fills_no_hour_that_was_open(boss: Client) -> None:
    ada, main = person("Ada"), rota()
    one = Layer(rota=main, name="Days")
    one.pk = 0
    sent = fields(one) | {
        "places-TOTAL_FORMS": 1,
        "places-0-position": 1,
        "places-0-person": ada.pk,
    }
    assert boss.post("/admin/notifications/layer/add/", sent).status_code == 302
    assert [on_call(main, NOON + n * HOUR) for n in (1, 2)] == ["None", "Ada"]


def test_a_new_calendar_file_changes_no_holiday_that_was(boss: Client) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    calendar = HolidayCalendar.objects.create(name="Ours")
    for day in (1, 2, 20):
        Holiday.objects.create(calendar=calendar, day=date(2026, 3, day), name="Old")
    sent = {"name": "Ours", "place": "", "file": SimpleUploadedFile("d.ics", FILE.encode())}
    url = f"/admin/notifications/holidaycalendar/{calendar.pk}/change/"
    assert boss.post(url, sent).status_code == 302
    assert list(calendar.days.values_list("day__day", "name")) == [
        (1, "Old"),
        (2, "Day shift"),
        (3, "Ben (standby)"),
        (5, "Zoe"),
        (9, "Day shift"),
    ]
