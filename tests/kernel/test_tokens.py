"""Tokens: who makes which, how long they work, and that they never do more than their person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from incidentdesk.kernel import access, shown_once, tokens
from incidentdesk.kernel import people as register
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import AuditEvent, Token
from incidentdesk.kernel.roles import (
    NEVER_BY_TOKEN,
    ROLES,
    TOKEN_SCOPES,
    permissions_within,
    scopes_of,
)
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def make(people):
    """`make("commander", "command")` answers a token and its secret."""

    def one(who="commander", *scopes, days=tokens.DAYS, at=NOW, name="nightly export"):
        by = people.actor(who)
        return tokens.make(name=name, scopes=scopes, days=days, by=by, at=at)

    return one


def _audited():
    return [(e.actor, e.action, e.about, e.detail) for e in AuditEvent.objects.order_by("id")]


def test_every_right_of_staff_is_let_through_by_exactly_one_scope_but_those_for_people_only():
    given = [p for scope in TOKEN_SCOPES.values() for p in scope.permissions]
    staff = {p for role in ROLES.values() for p in role.permissions}
    assert sorted(given) == sorted(staff - NEVER_BY_TOKEN)
    by_people = {Permission.PEOPLE_WRITE, Permission.INCIDENT_CLASSIFY, Permission.PLAN_WRITE}
    assert by_people == NEVER_BY_TOKEN


@pytest.mark.asvs("11.5.1 7.2.3 11.4.2", 36)
def test_a_token_is_a_person_s_own_lasts_90_days_and_its_secret_is_stored_nowhere(make, people):
    token, secret = make("commander", "respond")
    assert (token.user, token.scopes) == (people["commander"], ["read", "respond"])
    assert (token.created_at, token.expires_at) == (NOW, NOW + 90 * DAY)
    assert secret.startswith("desk_")
    assert len(secret) >= 5 + 43  # 256 bits
    assert token.digest == shown_once.digest(secret)
    assert secret not in str(Token.objects.values_list())
    assert _audited() == [
        (
            "Incident commander",
            "made token",
            f"token:{token.pk}",
            {"name": "nightly export", "scopes": ["read", "respond"], "days": 90},
        )
    ]


def test_a_token_takes_no_scope_of_which_the_person_has_nothing(make):
    assert {key: [s.key for s in scopes_of([key])] for key in ROLES} == {
        "responder": ["read", "respond", "review", "track", "approve"],
        "commander": [
            *("read", "respond", "command", "triage", "notify", "review"),
            *("track", "approve", "accept"),
        ],
        "communications": ["read", "respond", "triage", "notify"],
        "approver": ["read", "respond", "notify", "approve"],
        "security": [
            *("read", "respond", "triage", "review", "track", "approve", "accept", "audit")
        ],
        "administrator": ["read", "respond", "registers", "audit"],
        "auditor": ["read", "audit"],
    }
    with pytest.raises(InvalidInput, match="nothing that the scope command is for"):
        make("responder", "command")
    with pytest.raises(InvalidInput, match="no scope called everything"):
        make("responder", "everything")
    assert not Token.objects.exists()


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_token_lasts_a_year_at_most(make, days):
    with pytest.raises(InvalidInput, match="1 to 365 days"):
        make(days=days)
    assert make(days=365)[0].expires_at == NOW + 365 * DAY


def test_the_database_refuses_a_token_that_lasts_longer_or_does_not_read(make):
    token, _ = make()
    for wrong in (
        {"expires_at": NOW + 366 * DAY},
        {"expires_at": NOW},
        {"scopes": ["command"]},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Token.objects.filter(pk=token.pk).update(**wrong)


def test_a_token_needs_a_name_and_a_person_has_twenty_at_most(make):
    with pytest.raises(InvalidInput, match="needs a name"):
        make(name="  ")
    made = [make()[0] for _ in range(20)]
    with pytest.raises(Conflict, match="20 tokens"):
        make()
    make("responder")
    Token.objects.filter(pk=made[0].pk).update(revoked_at=NOW)
    make()


def test_a_token_makes_no_tokens(make):
    token, _ = make("commander")
    with pytest.raises(NotAllowed, match="log in and make it there"):
        tokens.make(name="x", scopes=[], by=tokens.actor_of(token), at=NOW)


def test_the_secret_finds_its_token_until_it_ends(make):
    token, secret = make("commander", days=2)
    assert tokens.find(secret, at=NOW + DAY) == token
    assert tokens.find(secret, at=NOW + 2 * DAY) is None
    assert tokens.find(secret + "x", at=NOW) is None
    assert tokens.find(token.digest, at=NOW) is None
    assert tokens.find("", at=NOW) is None


def test_a_token_ends_when_it_is_revoked(make, people):
    token, secret = make("commander")
    other, kept = make("commander")
    tokens.revoke(token_id=token.pk, by=people.actor("commander"), at=NOW)
    assert tokens.find(secret, at=NOW) is None
    assert tokens.find(kept, at=NOW) == other
    with pytest.raises(Conflict, match="revoked already"):
        tokens.revoke(token_id=token.pk, by=people.actor("commander"), at=NOW)
    assert _audited()[-1] == (
        "Incident commander",
        "revoked token",
        f"token:{token.pk}",
        {"name": "nightly export", "of": "commander@desk.test"},
    )


def test_an_administrator_revokes_anybody_s_and_nobody_else_does(make, people):
    token, secret = make("commander")
    for who in set(ROLES) - {"administrator", "commander"}:
        with pytest.raises(NotFound):
            tokens.revoke(token_id=token.pk, by=people.actor(who), at=NOW)
    tokens.revoke(token_id=token.pk, by=people.actor("administrator"), at=NOW)
    assert tokens.find(secret, at=NOW) is None


@pytest.mark.asvs("7.2.4 7.4.1 7.4.2", 30)
def test_who_loses_a_role_loses_it_in_every_token_at_once_and_who_is_switched_off_every_token(
    make, people
):
    _, secret = make("commander", "command", "respond")
    administrator = people.actor("administrator")

    def change(roles, *, is_active):
        user = people["commander"]
        known = {"email": user.email, "name": user.name}
        register.change(
            user_id=user.pk, **known, roles=roles, is_active=is_active, by=administrator, at=NOW
        )

    change(["responder"], is_active=True)
    found = tokens.find(secret, at=NOW)
    assert not access.allows(tokens.actor_of(found), Permission.INCIDENT_COMMAND)
    assert access.allows(tokens.actor_of(found), Permission.INCIDENT_RESPOND)
    change(["responder"], is_active=False)
    assert tokens.find(secret, at=NOW) is None
    change(["commander"], is_active=True)
    assert tokens.find(secret, at=NOW) is None
    _, another = make("commander", "command")
    change([], is_active=True)
    assert tokens.find(another, at=NOW) is None


def test_a_token_does_what_both_its_scopes_and_its_person_s_roles_give(make):
    for key in ROLES:
        for scope in scopes_of([key]):
            token, _ = make(key, scope.key)
            expected = ROLES[key].permissions & permissions_within({"read", scope.key})
            assert tokens.actor_of(token).permissions == expected
            Token.objects.all().update(revoked_at=NOW)


def test_what_the_scopes_leave_out_is_said(make):
    token, _ = make("commander", "respond")
    with pytest.raises(NotAllowed, match="this token has no scope for it"):
        access.require(tokens.actor_of(token), Permission.INCIDENT_COMMAND)
    with pytest.raises(NotAllowed, match="an administrator can give the role"):
        access.require(tokens.actor_of(token), Permission.REGISTER_WRITE)


def test_the_last_use_is_noted_once_a_minute(make, django_assert_num_queries):
    token, secret = make()

    def used(at):
        tokens.find(secret, at=at)
        return Token.objects.get(pk=token.pk).last_used_at

    assert used(NOW) == NOW
    assert used(NOW + timedelta(seconds=59)) == NOW
    assert used(NOW + timedelta(seconds=60)) == NOW + timedelta(seconds=60)
    with django_assert_num_queries(1):
        tokens.find(secret, at=NOW + timedelta(seconds=61))
