"""Rotas on the ladder: who is on call is paged, holes are passed over, and who is asked agrees."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from incidentdesk.kernel.models import AuditEvent, User
from notifications import escalation, ladder
from notifications.models import (
    Absence,
    EscalationEvent,
    FixedShift,
    Holiday,
    HolidayCalendar,
    Layer,
    LayerPerson,
    Message,
    Override,
    Rota,
    Window,
)
from notifications.rotas import coverage, duty, handover, oncall, register
from tests.notifications.conftest import NOON, group, names_paged, path, person, start

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def rota(name: str = "Main", owner: User | None = None, **more: Any) -> Rota:
    owner = owner or person(f"Owner-{name}")
    return Rota.objects.create(name=name, owner=owner, **more)


def layer(row: Rota, *people: User, name: str = "Days", **more: Any) -> Layer:
    """Daily turns at noon from the first of March 2026 on; Monday the second is NOON."""
    known = {"unit": "days", "hands_over_at": time(12), "starts_on": date(2026, 3, 1)}
    made = Layer.objects.create(rota=row, name=name, **(known | more))
    for position, one in enumerate(people, 1):
        LayerPerson.objects.create(layer=made, person=one, position=position)
    return made


def actor(user: User) -> Actor:
    return access.actor_for(user)


def on_call(row: Rota, at: datetime = NOON) -> str:
    return str(oncall.now([row], at=at)[0].person)


def step_of(*rows: Rota, after: int = 0, **more: Any) -> Any:
    made = path((after, []), **more)
    step = made.steps.get()
    step.rotas.set(rows)
    return step


# --- the ladder -----------------------------------------------------------------------------------


def test_a_step_pages_its_people_its_groups_and_who_is_on_call_each_once() -> None:
    ada, ben, cem, dan = (person(name) for name in ("Ada", "Ben", "Cem", "Dan"))
    main = rota()
    layer(main, ada, ben)  # on the second of March it is Ben's turn
    other = rota("Other")
    layer(other, ada)
    step = path((0, [group("Team", cem, ben), dan])).steps.get()
    step.rotas.set([main])
    assert ladder.people_of(step, at=NOON) == [ben, cem, dan]
    assert ladder.people_of(step, at=NOON - HOUR) == [ada, ben, cem, dan]
    assert ladder.people_of(step, at=NOON + DAY) == [ada, ben, cem, dan]


def test_a_hole_goes_to_the_next_step_at_once() -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    layer(main, ada, ends_on=date(2026, 3, 1))
    made = path((0, []), (30, [ben]))
    made.steps.get(position=1).rotas.add(main)
    start()
    escalation.run_due(at=NOON)
    assert names_paged() == ["Ben"]
    said = list(EscalationEvent.objects.order_by("id").values_list("detail", flat=True))
    assert said == [
        "Step 1 after 0 min: there is nobody to page",
        "Step 2 after 30 min: Ben",
    ]


@pytest.mark.parametrize("how", ["off", "no rights", "rota off"])
def test_who_cannot_be_paged_is_passed_over(how: str) -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    layer(main, ben, ada)
    layer(main, ben, name="Never", starts_on=date(2027, 1, 1), position=2)
    step = step_of(main)
    assert ladder.people_of(step, at=NOON) == [ada]
    if how == "off":
        User.objects.filter(pk=ada.pk).update(is_active=False)
    elif how == "no rights":
        User.objects.filter(pk=ada.pk).update(roles=["auditor"])
    else:
        Rota.objects.update(is_active=False)
    assert ladder.people_of(step, at=NOON) == ([] if how == "rota off" else [ben])


def test_a_page_at_the_hand_over_reaches_who_begins() -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    layer(main, ada, ben)
    step = step_of(main)
    before = NOON - timedelta(microseconds=1)
    assert ladder.people_of(step, at=before) == [ada]
    assert ladder.people_of(step, at=NOON) == [ben]


def test_any_number_of_rotas_costs_the_same(django_assert_num_queries: Any) -> None:
    people = [person(f"P{n}") for n in range(6)]
    rows = []
    for number in range(6):
        calendar = HolidayCalendar.objects.create(name=f"C{number}")
        row = rota(f"R{number}", people[number], holidays=calendar)
        made = layer(row, *people)
        Window.objects.create(
            layer=made, weekdays=list(range(7)), starts_at=time(0), ends_at=time(0)
        )
        rows.append(row)
    for some in (rows[:1], rows):
        found = list(oncall.active().filter(pk__in=[row.pk for row in some]))
        with django_assert_num_queries(9):
            assert len(oncall.now(found, at=NOON)) == len(some)


def test_it_is_said_who_is_on_call_and_until_when() -> None:
    ada, ben = person("Ada"), person("Ben")
    main, empty, alone = rota("Main"), rota("Empty"), rota("Alone")
    layer(main, ada, ben)
    layer(alone, ada)
    layer(empty, ada, starts_on=date(2026, 3, 5))
    found = oncall.now([main, empty, alone], at=NOON + HOUR)
    assert [(one.person, one.source, one.until) for one in found] == [
        (ben, "Days", NOON + DAY),
        (None, "", NOON + 3 * DAY),
        (ada, "Days", None),
    ]


def test_holidays_of_a_place_and_of_a_file_are_both_kept() -> None:
    ada, ben = person("Ada"), person("Ben")
    calendar = HolidayCalendar.objects.create(name="Berlin", place="DE-BE")
    Holiday.objects.create(calendar=calendar, day=date(2026, 3, 3), name="Summer party")
    main = rota(zone="Europe/Berlin", holidays=calendar)
    layer(main, ada, days="working")
    layer(main, ben, days="holidays", name="Holidays", position=2)
    days = [date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 7), date(2026, 4, 3)]
    noons = [datetime.combine(day, time(12), NOON.tzinfo) for day in days]
    assert [on_call(main, at) for at in noons] == ["Ada", "Ben", "None", "Ben"]  # Good Friday


# --- taking over, leave ---------------------------------------------------------------------------


def test_who_takes_over_is_on_call_and_the_other_is_told() -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    layer(main, ada)
    made = duty.take_over(
        rota_id=main.pk,
        user_id=ben.pk,
        starts_at=NOON - DAY,
        ends_at=NOON + DAY,
        reason="Dentist",
        by=actor(ben),
        at=NOON,
    )
    assert (made.starts_at, on_call(main)) == (NOON, "Ben")
    assert on_call(main, NOON + DAY) == "Ada"
    mail = Message.objects.get()
    assert (mail.to_user, mail.subject) == (
        ada,
        "On call, Main: Ben takes over, Mon 2 Mar 2026 12:00 to Tue 3 Mar 2026 12:00 (UTC).",
    )
    assert "Dentist" in mail.body_text
    assert AuditEvent.objects.get(about=f"rota:{main.pk}").action == "took over"


def test_one_takes_over_for_oneself_and_the_owner_or_an_administrator_for_all() -> None:
    ada, ben, owner = person("Ada"), person("Ben"), person("Owner")
    main, other = rota(owner=owner), rota("Other", ada)
    layer(main, ada)
    span = {"starts_at": NOON, "ends_at": NOON + HOUR, "at": NOON}
    for by in (ada, person("Eve")):  # who owns another rota, and who owns none
        with pytest.raises(NotAllowed):
            duty.take_over(rota_id=main.pk, user_id=ben.pk, by=actor(by), **span)
    for by in (ben, owner, person("Boss", "administrator")):
        duty.take_over(rota_id=main.pk, user_id=ben.pk, by=actor(by), **span)
    assert Override.objects.filter(rota=main).count() == 3
    assert not Override.objects.filter(rota=other).exists()


@pytest.mark.parametrize(
    ("starts", "ends", "sentence"),
    [
        (HOUR, HOUR, "It has to end later than it begins."),
        (-2 * HOUR, -HOUR, "That time is over already."),
        (HOUR, 400 * DAY, "At most a year at a time."),
    ],
)
def test_a_time_that_makes_no_sense_is_refused(
    starts: timedelta, ends: timedelta, sentence: str
) -> None:
    ada = person("Ada")
    main = rota()
    span = {"starts_at": NOON + starts, "ends_at": NOON + ends}
    with pytest.raises(InvalidInput) as refused:
        duty.take_over(rota_id=main.pk, user_id=ada.pk, by=actor(ada), at=NOON, **span)
    assert (str(refused.value), refused.value.field) == (sentence, "ends_at")
    assert Override.objects.count() == 0


def test_what_was_taken_over_is_taken_back_from_now_on() -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    layer(main, ada)
    span = {"starts_at": NOON, "ends_at": NOON + DAY, "by": actor(ben), "at": NOON}
    made = duty.take_over(rota_id=main.pk, user_id=ben.pk, **span)
    duty.end_take_over(override_id=made.pk, by=actor(ben), at=NOON + HOUR)
    assert [on_call(main, NOON + n * HOUR) for n in (0, 1, 2)] == ["Ben", "Ada", "Ada"]
    with pytest.raises(Conflict):
        duty.end_take_over(override_id=made.pk, by=actor(ben), at=NOON + HOUR)


def test_leave_gives_the_turn_to_the_next_until_one_is_back() -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    layer(main, ben, ada)
    span = {"starts_at": NOON, "ends_at": NOON + 2 * DAY, "at": NOON}
    with pytest.raises(NotAllowed):
        duty.be_away(user_id=ada.pk, by=actor(ben), **span)
    made = duty.be_away(user_id=ada.pk, by=actor(ada), **span)
    assert [on_call(main, NOON + n * HOUR) for n in (0, 5)] == ["Ben", "Ben"]
    duty.come_back(absence_id=made.pk, by=actor(ada), at=NOON + 4 * HOUR)
    assert [on_call(main, NOON + n * HOUR) for n in (3, 5)] == ["Ben", "Ada"]
    assert Absence.objects.get().ends_at == NOON + 4 * HOUR


def test_the_owner_of_a_rota_puts_down_leave_of_those_who_stand_on_it() -> None:
    ada, ben, owner = person("Ada"), person("Ben"), person("Owner")
    layer(rota(owner=owner), ada)
    span = {"starts_at": NOON, "ends_at": NOON + DAY, "by": actor(owner), "at": NOON}
    duty.be_away(user_id=ada.pk, **span)
    with pytest.raises(NotAllowed):
        duty.be_away(user_id=ben.pk, **span)
    assert [row.person for row in Absence.objects.all()] == [ada]


# --- gaps -----------------------------------------------------------------------------------------


def test_the_owner_is_mailed_gaps_once_a_change() -> None:
    ada, owner = person("Ada"), person("Owner")
    main = rota(owner=owner)
    layer(main, ada, ends_on=date(2026, 3, 10))
    whole = rota("Whole", owner)
    layer(whole, ada)
    assert coverage.look_ahead(at=NOON) == 1
    assert coverage.look_ahead(at=NOON + DAY) == 0  # nothing new
    mail = Message.objects.get()
    assert mail.to_user == owner
    assert mail.subject == "On call, Main: Nobody is on call in some of the coming weeks."
    assert "Wed 11 Mar 2026 12:00 to Mon 6 Apr 2026 00:00 (UTC)" in mail.body_text
    span = {"starts_at": NOON + DAY, "ends_at": NOON + 2 * DAY, "at": NOON}
    duty.be_away(user_id=ada.pk, by=actor(ada), **span)
    assert coverage.look_ahead(at=NOON + DAY) == 2  # both have a new one now
    duty.come_back(absence_id=Absence.objects.get().pk, by=actor(ada), at=NOON + HOUR)
    assert coverage.look_ahead(at=NOON + DAY) == 0
    duty.be_away(user_id=ada.pk, by=actor(ada), **span)
    assert coverage.look_ahead(at=NOON + DAY + HOUR) == 2  # what was mended and is open again


def test_a_rota_that_is_open_for_good_is_told_of_once_a_week() -> None:
    rota()
    mailed = [coverage.look_ahead(at=NOON + n * DAY) for n in range(15)]
    assert mailed == [1, *[0] * 6, 1, *[0] * 6, 1]


def test_who_begins_is_told_a_day_before_and_not_each_night_of_a_week() -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    weekly = {"unit": "weeks", "weekday": 2}  # on Wednesdays at noon
    made = layer(main, ada, ben, starts_on=date(2026, 2, 25), **weekly)
    Window.objects.create(layer=made, weekdays=list(range(7)), starts_at=time(20), ends_at=time(8))
    told = [handover.remind(at=NOON + n * 6 * HOUR) for n in range(16)]
    assert sum(told) > 1
    mail = Message.objects.get()
    assert (mail.to_user, mail.subject) == (
        ben,
        "On call, Main: You are on call from Wed 4 Mar 2026 20:00 (UTC).",
    )


# --- a calendar file ------------------------------------------------------------------------------

FILE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:1
DTSTART;TZID=Europe/Berlin:20260302T080000
DTEND;TZID=Europe/Berlin:20260302T200000
RRULE:FREQ=WEEKLY;COUNT=2
SUMMARY:Day shift
ATTENDEE:mailto:ADA@desk.test
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20260303
DTEND;VALUE=DATE:20260304
SUMMARY:Ben (standby)
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART:20260305T080000Z
DTEND:20260305T200000Z
SUMMARY:Zoe
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def bring(main: Rota, text: str = FILE, **more: Any) -> Layer:
    boss = User.objects.filter(name="Boss").first() or person("Boss", "administrator")
    known = {"rota_id": main.pk, "name": "Imported", "text": text, "by": actor(boss), "at": NOON}
    return register.import_layer(**(known | more))


def test_what_is_nobody_s_is_said_before_anything_is_stored() -> None:
    person("Ada")
    person("Ben")
    main = rota(zone="Europe/Berlin")
    with pytest.raises(InvalidInput) as refused:
        bring(main)
    assert str(refused.value) == (
        "Nothing is stored yet. “Zoe” matches nobody who can be paged. "
        "Tick the box to leave these out."
    )
    assert (Layer.objects.count(), FixedShift.objects.count()) == (0, 0)


def test_a_calendar_file_is_a_layer_and_the_next_one_replaces_it() -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota(zone="Europe/Berlin")
    made = bring(main, leave_out=True)
    shifts = [
        (s.person, s.starts_at.isoformat(), s.ends_at.isoformat())
        for s in made.shifts.order_by("starts_at")
    ]
    assert shifts == [
        (ada, "2026-03-02T07:00:00+00:00", "2026-03-02T19:00:00+00:00"),
        (ben, "2026-03-02T23:00:00+00:00", "2026-03-03T23:00:00+00:00"),
        (ada, "2026-03-09T07:00:00+00:00", "2026-03-09T19:00:00+00:00"),
    ]
    assert [on_call(main, NOON + n * DAY) for n in (0, 1, 2, 7)] == ["Ada", "Ben", "None", "Ada"]
    again = bring(main, FILE.replace("Ben (standby)", "ada"), leave_out=True)
    assert again.pk == made.pk
    assert [on_call(main, NOON + n * DAY) for n in (0, 1, 2, 7)] == ["Ada", "Ada", "None", "Ada"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hello", "This is no calendar file; export one that ends in .ics."),
        ("x" * 600_000, "The file is larger than 512 KB; export a shorter time."),
        (
            FILE.replace("FREQ=WEEKLY;COUNT=2", "FREQ=SECONDLY"),
            "“Day shift” repeats more than once a day; that is no shift.",
        ),
        (
            FILE.replace("COUNT=2", "BYHOUR=1,2,3"),
            "“Day shift” repeats more than once a day; that is no shift.",
        ),
        (
            FILE.replace("Berlin:20260302T080000", "Berlin:19010302T080000"),
            "“Day shift” repeats since before 2000.",
        ),
    ],
)
def test_a_file_that_cannot_be_a_rota_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    person("Ada")
    main = rota()
    with pytest.raises(InvalidInput) as refused:
        bring(main, text)
    assert str(refused.value) == sentence


def test_a_name_that_two_bear_is_nobody_s() -> None:
    person("Ada")
    User.objects.create(email="ada2@desk.test", name="Ada", roles=["responder"])
    main = rota()
    text = FILE.replace("ATTENDEE:mailto:ADA@desk.test\r\n", "").replace("Day shift", "Ada")
    with pytest.raises(InvalidInput, match=r"“Ada” names more than one person \(2 times\)"):
        bring(main, text)
