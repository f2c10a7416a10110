"""Swaps: nothing changes without consent; both ways is one agreement, made whole or not at all."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from incidentdesk.kernel.models import AuditEvent, User
from incidentdesk.kernel.wall import instant
from notifications.models import Message, Override, Rota, Swap
from notifications.rotas import changing, coverage, duty, swaps
from notifications.rotas.rota import Turn, gaps
from tests.cases.intake.test_pending import broken
from tests.notifications.conftest import NOON, person
from tests.notifications.test_oncall import DAY, HOUR, actor, layer, on_call, rota

pytestmark = pytest.mark.django_db


def asked(main: Rota, by: User, of: User) -> Swap:
    return swaps.ask(
        rota_id=main.pk,
        user_id=of.pk,
        starts_at=NOON + HOUR,
        ends_at=NOON + 3 * HOUR,
        words="A concert",
        by=actor(by),
        at=NOON,
    )


@pytest.mark.parametrize(
    ("agreed", "holds", "state"), [(True, "Ben", "agreed"), (False, "Ada", "declined")]
)
def test_a_swap_counts_only_once_the_other_agrees(agreed: bool, holds: str, state: str) -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    layer(main, ada)
    row = asked(main, ada, ben)
    assert on_call(main, NOON + 2 * HOUR) == "Ada"
    with pytest.raises(NotAllowed):
        swaps.answer(swap_id=row.pk, agreed=True, by=actor(ada), at=NOON)
    row = swaps.answer(swap_id=row.pk, agreed=agreed, by=actor(ben), at=NOON)
    assert (row.state, on_call(main, NOON + 2 * HOUR)) == (state, holds)
    told = list(Message.objects.order_by("id").values_list("to_user__name", flat=True))
    assert told == ["Ben", "Ada"]
    with pytest.raises(Conflict):
        swaps.answer(swap_id=row.pk, agreed=True, by=actor(ben), at=NOON)


def test_one_asks_only_for_time_in_which_one_is_on_call() -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    layer(main, ben, ada, every=2, unit="hours")  # from noon: the first two hours are Ben's
    with pytest.raises(InvalidInput) as refused:
        asked(main, ada, ben)
    assert str(refused.value) == (
        "Only a part of it is Ada’s: Mon 2 Mar 2026 14:00 to 15:00 (UTC). Ask for that."
    )
    assert Swap.objects.count() == 0


def test_who_is_away_is_not_asked_does_not_agree_and_does_not_take_over() -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    layer(main, ada)
    row = asked(main, ada, ben)
    span = {"user_id": ben.pk, "starts_at": NOON, "ends_at": NOON + DAY, "by": actor(ben)}
    duty.be_away(**span, at=NOON)
    with pytest.raises(InvalidInput, match="Ben is away then"):
        asked(main, ada, ben)
    with pytest.raises(InvalidInput, match="Ben is away then"):
        swaps.answer(swap_id=row.pk, agreed=True, by=actor(ben), at=NOON)
    with pytest.raises(InvalidInput, match="Ben is away then"):
        duty.take_over(rota_id=main.pk, **span, at=NOON)
    assert (on_call(main, NOON + 2 * HOUR), Override.objects.count()) == ("Ada", 0)


def test_an_agreement_to_time_that_is_another_s_by_now_is_refused() -> None:
    ada, ben, cem = person("Ada"), person("Ben"), person("Cem")
    main = rota()
    layer(main, ada)
    row = asked(main, ada, ben)
    span = {"starts_at": NOON, "ends_at": NOON + DAY, "by": actor(cem), "at": NOON}
    duty.take_over(rota_id=main.pk, user_id=cem.pk, **span)
    with pytest.raises(InvalidInput):
        swaps.answer(swap_id=row.pk, agreed=True, by=actor(ben), at=NOON)
    assert on_call(main, NOON + 2 * HOUR) == "Cem"


def test_a_question_is_withdrawn_or_ends_when_nobody_answers() -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    layer(main, ada)
    first, second = asked(main, ada, ben), asked(main, ada, ben)
    swaps.withdraw(swap_id=first.pk, by=actor(ada), at=NOON)
    assert swaps.expire(at=NOON + 3 * HOUR - timedelta(seconds=1)) == 0
    assert swaps.expire(at=NOON + 3 * HOUR) == 1
    assert list(Swap.objects.order_by("id").values_list("state", flat=True)) == [
        "withdrawn",
        "expired",
    ]
    with pytest.raises(Conflict):
        swaps.answer(swap_id=second.pk, agreed=True, by=actor(ben), at=NOON + 3 * HOUR)
    last = Message.objects.order_by("id").last()
    assert last is not None
    assert last.to_user == ada
    assert (
        "Ben did not answer; you stayed on call, Mon 2 Mar 2026 13:00 to 15:00 (UTC)."
        in last.body_text
    )


def test_of_a_shift_that_runs_only_what_is_left_changes_hands_until_it_is_over() -> None:
    ada, ben, main = person("Ada"), person("Ben"), rota()
    layer(main, ada)
    row, late = asked(main, ada, ben), asked(main, ada, ben)
    begun = NOON + 2 * HOUR
    assert [one.pk for one in swaps.waiting(main, at=begun)] == [row.pk, late.pk]
    swaps.answer(swap_id=row.pk, agreed=True, by=actor(ben), at=begun)
    assert held(main, NOON, NOON + 4 * HOUR) == [
        (NOON, begun, "Ada"),
        (begun, NOON + 3 * HOUR, "Ben"),
        (NOON + 3 * HOUR, NOON + 4 * HOUR, "Ada"),
    ]
    mail = Message.objects.order_by("id").last()
    assert mail is not None
    assert "instead of you, Mon 2 Mar 2026 14:00 to 15:00 (UTC)." in mail.body_text
    row.refresh_from_db()
    assert row.starts_at == NOON + HOUR
    assert list(swaps.waiting(main, at=NOON + 3 * HOUR)) == []
    with pytest.raises(Conflict):
        swaps.answer(swap_id=late.pk, agreed=True, by=actor(ben), at=NOON + 3 * HOUR)


def test_the_database_refuses_an_agreement_without_a_change() -> None:
    ada, ben = person("Ada"), person("Ben")
    main = rota()
    layer(main, ada)
    row = asked(main, ada, ben)
    with pytest.raises(IntegrityError), transaction.atomic():
        Swap.objects.filter(pk=row.pk).update(state="agreed", answered_at=NOON)


# --- both ways ------------------------------------------------------------------------------------


def both_ways(main: Rota, by: User, of: User, **more: Any) -> Swap:
    """Ada's day, from noon of Monday, for Ben's, from noon of Tuesday: the middle hours of each."""
    spans = {
        "starts_at": NOON + HOUR,
        "ends_at": NOON + 3 * HOUR,
        "in_return": (NOON + DAY + HOUR, NOON + DAY + 4 * HOUR),
    }
    known = {"words": "A concert", "by": actor(by), "at": NOON, **spans}
    return swaps.ask(rota_id=main.pk, user_id=of.pk, **(known | more))


def two() -> tuple[User, User, Rota]:
    """Ada holds from noon of Monday, the second of March, Ben from noon of Tuesday, and so on."""
    ada, ben, main = person("Ada"), person("Ben"), rota()
    layer(main, ada, ben, starts_on=date(2026, 3, 2))
    return ada, ben, main


def held(main: Rota, starts: datetime, ends: datetime) -> list[tuple[datetime, datetime, str]]:
    names = dict(User.objects.values_list("pk", "name"))
    return [(turn.starts, turn.ends, names[turn.who]) for turn in turns(main, starts, ends)]


def whole(day: date, zone: str) -> tuple[datetime, datetime]:
    """From midnight to midnight, on the wall."""
    nights = (datetime.combine(one, time(0)) for one in (day, day + timedelta(days=1)))
    starts, ends = (instant(night, ZoneInfo(zone)) for night in nights)
    return starts, ends


def turns(main: Rota, starts: datetime, ends: datetime) -> list[Turn]:
    return changing.turns(main, starts, ends)


def test_a_swap_both_ways_changes_both_turns_once_the_other_agrees() -> None:
    ada, ben, main = two()
    before = held(main, NOON, NOON + 2 * DAY)
    row = both_ways(main, ada, ben)
    assert held(main, NOON, NOON + 2 * DAY) == before
    row = swaps.answer(swap_id=row.pk, agreed=True, by=actor(ben), at=NOON)
    tuesday = NOON + DAY
    assert held(main, NOON, NOON + 2 * DAY) == [
        (NOON, NOON + HOUR, "Ada"),
        (NOON + HOUR, NOON + 3 * HOUR, "Ben"),
        (NOON + 3 * HOUR, tuesday, "Ada"),
        (tuesday, tuesday + HOUR, "Ben"),
        (tuesday + HOUR, tuesday + 4 * HOUR, "Ada"),
        (tuesday + 4 * HOUR, tuesday + DAY, "Ben"),
    ]
    first, second = (" ".join(mail.body_text.split()) for mail in Message.objects.order_by("id"))
    assert (
        "Ada asks you to be on call instead, Mon 2 Mar 2026 13:00 to 15:00 (UTC). In return Ada is "
        "on call instead of you, Tue 3 Mar 2026 13:00 to 16:00 (UTC). A concert"
    ) in first
    assert (
        "Ben agreed to be on call instead of you, Mon 2 Mar 2026 13:00 to 15:00 (UTC). You are on "
        "call instead of them, Tue 3 Mar 2026 13:00 to 16:00 (UTC)."
    ) in second
    line = AuditEvent.objects.filter(action="agreed a swap").get()
    assert line.detail["in_return"] == "Tue 3 Mar 2026 13:00 to 16:00 (UTC)"


def test_declined_both_turns_stay() -> None:
    ada, ben, main = two()
    before = held(main, NOON, NOON + 2 * DAY)
    row = both_ways(main, ada, ben)
    swaps.answer(swap_id=row.pk, agreed=False, by=actor(ben), at=NOON)
    assert (held(main, NOON, NOON + 2 * DAY), Override.objects.count()) == (before, 0)


def test_one_takes_in_return_only_what_the_other_holds_while_one_is_there() -> None:
    ada, ben, main = two()
    words = {
        (DAY - HOUR, DAY + HOUR): "Only a part of it is Ben’s: Tue 3 Mar 2026 12:00 to 13:00 (UTC)"
        ". Ask for that.",
        (HOUR, 3 * HOUR): "Ben is not on call of this rota, Mon 2 Mar 2026 13:00 to 15:00 (UTC).",
        (2 * DAY, DAY): "It has to end later than it begins.",
        (-2 * DAY, -DAY): "That time is over already.",
    }
    for (starts, ends), said in words.items():
        with pytest.raises(InvalidInput) as refused:
            both_ways(main, ada, ben, in_return=(NOON + starts, NOON + ends))
        assert str(refused.value) == said
    span = {"starts_at": NOON + DAY, "ends_at": NOON + 2 * DAY}
    duty.be_away(user_id=ada.pk, by=actor(ada), at=NOON, **span)
    with pytest.raises(InvalidInput, match="Ada is away then"):
        both_ways(main, ada, ben)
    assert Swap.objects.count() == 0


@pytest.mark.parametrize("gone", ["the asked turn", "the turn in return", "who asked"])
def test_what_is_possible_by_half_when_the_other_agrees_is_not_done_at_all(gone: str) -> None:
    ada, ben, main = two()
    cem = person("Cem")
    row = both_ways(main, ada, ben)
    if gone == "who asked":
        User.objects.filter(pk=ada.pk).update(is_active=False)
    else:
        begins = NOON + (HOUR if gone == "the asked turn" else DAY + HOUR)
        span = {"starts_at": begins, "ends_at": begins + HOUR}
        duty.take_over(rota_id=main.pk, user_id=cem.pk, by=actor(cem), at=NOON, **span)
    before = held(main, NOON, NOON + 2 * DAY)
    with pytest.raises(InvalidInput):
        swaps.answer(swap_id=row.pk, agreed=True, by=actor(ben), at=NOON)
    row.refresh_from_db()
    assert (row.state, held(main, NOON, NOON + 2 * DAY)) == ("asked", before)


def test_it_waits_until_the_first_of_both_turns_is_over() -> None:
    ada, ben, main = two()
    late = both_ways(
        main,
        ben,
        ada,
        starts_at=NOON + DAY + HOUR,
        ends_at=NOON + DAY + 2 * HOUR,
        in_return=(NOON + HOUR, NOON + 2 * HOUR),
    )
    assert swaps.expire(at=NOON + 2 * HOUR - timedelta(seconds=1)) == 0
    with pytest.raises(Conflict, match="or what was offered in return, is over by now"):
        swaps.answer(swap_id=late.pk, agreed=True, by=actor(ada), at=NOON + 2 * HOUR)
    assert swaps.expire(at=NOON + 2 * HOUR) == 1
    late.refresh_from_db()
    assert (late.state, Override.objects.count()) == ("expired", 0)


def test_a_swap_both_ways_of_a_shift_that_runs_leaves_what_passed_and_takes_the_other_whole() -> (
    None
):
    ada, ben, main = two()
    row, begun, tuesday = both_ways(main, ada, ben), NOON + 2 * HOUR, NOON + DAY
    swaps.answer(swap_id=row.pk, agreed=True, by=actor(ben), at=begun)
    assert held(main, NOON, tuesday + DAY) == [
        (NOON, begun, "Ada"),
        (begun, NOON + 3 * HOUR, "Ben"),
        (NOON + 3 * HOUR, tuesday, "Ada"),
        (tuesday, tuesday + HOUR, "Ben"),
        (tuesday + HOUR, tuesday + 4 * HOUR, "Ada"),
        (tuesday + 4 * HOUR, tuesday + DAY, "Ben"),
    ]


def test_taking_back_one_part_of_a_swap_takes_back_the_other() -> None:
    ada, ben, main = two()
    before = held(main, NOON, NOON + 2 * DAY)
    row = swaps.answer(swap_id=both_ways(main, ada, ben).pk, agreed=True, by=actor(ben), at=NOON)
    duty.end_take_over(override_id=row.override_id, by=actor(ben), at=NOON)
    assert held(main, NOON, NOON + 2 * DAY) == before
    mail = Message.objects.order_by("id").last()
    assert mail is not None
    assert (mail.to_user, "Ben took back that you are on call, Tue 3 Mar" in mail.body_text) == (
        ada,
        True,
    )


def test_once_one_part_has_begun_the_other_is_owed_and_only_the_owner_ends_it() -> None:
    ada, ben, main = two()
    row = swaps.answer(swap_id=both_ways(main, ada, ben).pk, agreed=True, by=actor(ben), at=NOON)
    later = NOON + 2 * HOUR
    with pytest.raises(NotAllowed) as refused:
        duty.end_take_over(override_id=row.return_override_id, by=actor(ada), at=later)
    assert str(refused.value) == (
        "It is a part of a swap both ways that has begun. Ask somebody to take over, or "
        "Owner-Main, who owns the rota, to take it back."
    )
    duty.end_take_over(override_id=row.return_override_id, by=actor(main.owner), at=later)
    assert held(main, NOON, NOON + 2 * DAY) == [
        (NOON, NOON + HOUR, "Ada"),
        (NOON + HOUR, later, "Ben"),
        (later, NOON + DAY, "Ada"),
        (NOON + DAY, NOON + 2 * DAY, "Ben"),
    ]


def test_who_is_in_the_middle_of_a_part_of_a_swap_both_ways_does_not_hand_it_back_alone() -> None:
    ada, ben, main = two()
    row = swaps.answer(swap_id=both_ways(main, ada, ben).pk, agreed=True, by=actor(ben), at=NOON)
    before = held(main, NOON, NOON + 2 * DAY)
    with pytest.raises(NotAllowed, match="a part of a swap both ways that has begun"):
        duty.end_take_over(override_id=row.override_id, by=actor(ben), at=NOON + 2 * HOUR)
    assert held(main, NOON, NOON + 2 * DAY) == before


@pytest.mark.parametrize(
    ("zone", "day", "hours", "other"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23, date(2026, 4, 1)),
        ("Europe/Berlin", date(2026, 10, 25), 25, date(2026, 10, 28)),
        ("America/New_York", date(2026, 3, 8), 23, date(2026, 3, 9)),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5, date(2026, 4, 10)),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5, date(2026, 10, 1)),
    ],
)
def test_days_on_which_clocks_change_are_swapped_whole(
    zone: str, day: date, hours: float, other: date
) -> None:
    ada, ben, main = person("Ada"), person("Ben"), rota(zone=zone)
    layer(main, ada, ben, starts_on=min(day, other), hands_over_at=time(0))
    spans = [whole(one, zone) for one in (day, other)]
    assert [(ends - starts) / HOUR for starts, ends in spans] == [hours, 24]
    (theirs, mine) = sorted(spans, reverse=True)
    first, last, before = mine[0], theirs[1], mine[0] - DAY
    assert (held(main, *mine), held(main, *theirs)) == ([(*mine, "Ada")], [(*theirs, "Ben")])
    span = {"starts_at": mine[0], "ends_at": mine[1], "in_return": theirs, "at": before}
    row = both_ways(main, ada, ben, **span)
    swaps.answer(swap_id=row.pk, agreed=True, by=actor(ben), at=before)
    assert (held(main, *mine), held(main, *theirs)) == ([(*mine, "Ben")], [(*theirs, "Ada")])
    assert gaps(turns(main, first, last), first, last) == []


@pytest.mark.parametrize("half", ["return_override", "override"])
def test_the_database_refuses_half_an_agreement(half: str) -> None:
    ada, ben, main = two()
    row = swaps.answer(swap_id=both_ways(main, ada, ben).pk, agreed=True, by=actor(ben), at=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        Swap.objects.filter(pk=row.pk).update(**{half: None})
    with pytest.raises(IntegrityError), transaction.atomic():
        Swap.objects.filter(pk=row.pk).update(return_ends_at=None)


@pytest.mark.django_db(transaction=True)
def test_a_rota_or_swap_that_fails_holds_up_no_other() -> None:
    ada, ben, cursed = person("Ada"), person("Ben"), person("Cursed")
    for owner in (cursed, ben):
        main = rota(f"Rota of {owner}", owner)
        layer(main, owner, ends_on=date(2026, 3, 10))
        asked(main, owner, ada)
    last = Message.objects.latest("pk").pk
    with broken("notifications_message", when=f"NEW.to_user_id = {cursed.pk}"):
        assert swaps.expire(at=NOON + 3 * HOUR) == 1
        assert coverage.look_ahead(at=NOON) == 1
    assert list(Swap.objects.order_by("id").values_list("state", flat=True)) == ["asked", "expired"]
    told = Message.objects.filter(pk__gt=last).values_list("to_user__name", flat=True)
    assert list(told) == ["Ben", "Ben"]
    assert (swaps.expire(at=NOON + 3 * HOUR), coverage.look_ahead(at=NOON)) == (1, 1)
