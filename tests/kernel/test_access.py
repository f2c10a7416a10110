"""Access fails closed: no role and no grant means no."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from incidentdesk.kernel import access, grants
from incidentdesk.kernel.access import SYSTEM, Actor, Permission
from incidentdesk.kernel.errors import NotAllowed
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES, permissions_of

pytestmark = pytest.mark.django_db
OF_PARTNERS = {
    Permission.PARTNER_READ,
    Permission.PARTNER_ACT,
    Permission.PARTNER_ADMINISTER,
}
OF_STAFF = set(Permission) - OF_PARTNERS


def allowed(actor: Actor, partner: object = None) -> set[Permission]:
    return {permission for permission in Permission if access.allows(actor, permission, partner)}


@pytest.fixture
def make(db):
    """`make(roles=[…])` is a person who can log in."""

    def one(email: str = "someone@desk.test", **fields) -> User:
        return User.objects.create_user(email, name="Someone", **fields)

    return one


@pytest.mark.parametrize("key", ROLES)
def test_a_role_gives_its_permissions_and_none_that_partners_hold(people, helix, key):
    assert allowed(people.actor(key), helix) == set(ROLES[key].permissions)
    assert allowed(people.actor(key)) == set(ROLES[key].permissions)


def test_two_roles_give_what_both_give_together(make):
    actor = access.actor_for(make(roles=["communications", "approver"]))
    both = ROLES["communications"].permissions | ROLES["approver"].permissions
    assert allowed(actor) == set(both)
    assert len(both) > max(len(ROLES[k].permissions) for k in ("communications", "approver"))


def test_a_role_that_does_not_exist_gives_nothing(make):
    assert allowed(access.actor_for(make(roles=["root", "Commander", ""]))) == set()
    assert permissions_of(["root"]) == frozenset()


def test_without_a_role_nothing_is_allowed(make, helix):
    assert allowed(access.actor_for(make()), helix) == set()
    assert allowed(Actor(name="Nobody"), helix) == set()


def test_a_superuser_without_a_role_gets_nothing(make, helix):
    root = make(is_superuser=True)
    assert root.has_perm("partners.act", helix)  # what Django would say
    assert allowed(access.actor_for(root), helix) == set()
    assert allowed(access.actor_for(root, partner_id=helix.pk), helix) == set()


def test_a_superuser_with_a_role_gets_what_the_role_gives(make):
    auditor = access.actor_for(make(is_superuser=True, roles=["auditor"]))
    assert allowed(auditor) == set(ROLES["auditor"].permissions)


def test_django_makes_no_superuser():
    with pytest.raises(ValueError, match=r"^The desk has no superusers; give the person the"):
        User.objects.create_superuser("root@desk.test", "a-long-password", name="Root")
    assert not User.objects.filter(email="root@desk.test").exists()


def test_somebody_who_was_switched_off_is_nobody(people, helix):
    for key in ("administrator", "helix"):
        people[key].is_active = False
        people[key].save()
    assert allowed(people.actor("administrator")) == set()
    assert allowed(people.contact("helix", helix), helix) == set()
    assert people.actor("administrator") == Actor(name="Nobody")


def test_somebody_who_is_not_logged_in_is_nobody(helix):
    assert access.actor_for(AnonymousUser()) == Actor(name="Nobody")
    assert allowed(access.actor_for(AnonymousUser(), partner_id=helix.pk), helix) == set()


def test_a_person_who_works_for_a_partner_has_no_right_of_staff(make, helix):
    """Even if that person had roles as well: one works as one thing at a time."""
    both = make(roles=list(ROLES))
    grants.grant(both, "administer", helix)
    actor = access.actor_for(both, partner_id=helix.pk)
    assert allowed(actor, helix) == OF_PARTNERS
    assert allowed(actor) == set()
    assert allowed(access.actor_for(both), helix) == OF_STAFF


@pytest.mark.parametrize(
    ("right", "gives"),
    [
        ("audit", {Permission.PARTNER_READ}),
        ("act", {Permission.PARTNER_READ, Permission.PARTNER_ACT}),
        ("administer", OF_PARTNERS),
    ],
)
def test_a_grant_gives_its_rights_on_its_partner_and_on_no_other(
    make, helix, norrbank, right, gives
):
    user = make()
    grants.grant(user, right, helix)
    assert allowed(access.actor_for(user, partner_id=helix.pk), helix) == gives
    assert allowed(access.actor_for(user, partner_id=helix.pk), norrbank) == set()
    assert allowed(access.actor_for(user, partner_id=norrbank.pk), norrbank) == set()
    assert allowed(access.actor_for(user, partner_id=norrbank.pk), helix) == set()
    assert allowed(access.actor_for(user), helix) == set()


def test_who_serves_two_partners_acts_for_one_at_a_time(people, helix, norrbank):
    grants.grant(people["helix"], "act", norrbank)
    actor = people.contact("helix", helix)
    assert allowed(actor, helix) == {Permission.PARTNER_READ, Permission.PARTNER_ACT}
    assert allowed(actor, norrbank) == set()
    assert grants.tenant_ids(people["helix"].pk) == sorted([helix.pk, norrbank.pk])


def test_a_right_that_was_taken_back_is_gone_at_once(people, helix):
    actor = people.contact("helix", helix)
    assert Permission.PARTNER_ACT in allowed(actor, helix)
    grants.revoke(people["helix"], "act", helix)
    assert allowed(actor, helix) == set()
    grants.revoke(people["helix"], "act", helix)  # twice is once
    assert grants.holders(helix) == {}


def test_a_grant_given_twice_is_one(people, helix, norrbank):
    grants.grant(people["helix"], "act", helix)
    assert grants.holders(helix) == {people["helix"].pk: frozenset({"act"})}
    assert grants.granted(people["helix"].pk, norrbank) == frozenset()


def test_a_partner_that_was_switched_off_has_nobody_working_for_it(people, helix, norrbank):
    helix.is_active = False
    helix.save()
    assert grants.tenant_ids(people["helix"].pk) == []
    assert grants.tenant_ids(people["norrbank"].pk) == [norrbank.pk]


def test_the_desk_itself_may_do_everything_that_no_person_has_to_do(helix):
    assert allowed(SYSTEM, helix) == set(Permission)
    with pytest.raises(NotAllowed, match=r"^The desk is not a person; a person has to do this\.$"):
        _ = SYSTEM.person_id
    with pytest.raises(NotAllowed, match=r"^The desk does not work for a partner\.$"):
        _ = SYSTEM.tenant_id


def test_a_refusal_says_who_may_not_do_what_and_where_to_turn(people, helix):
    with pytest.raises(NotAllowed) as refused:
        access.require(people.actor("auditor"), Permission.INCIDENT_DECLARE)
    said = "Auditor may not declare an incident; an administrator can give the role."
    assert str(refused.value) == said
    with pytest.raises(NotAllowed) as refused:
        access.require(people.actor("commander"), Permission.PARTNER_ACT, helix)
    assert str(refused.value) == (
        "Incident commander may not act for this partner: acknowledge, report; "
        "ask its administrator."
    )


def test_staff_do_not_work_for_a_partner(people):
    with pytest.raises(NotAllowed, match="does not work for a partner"):
        _ = people.actor("administrator").tenant_id


def test_an_actor_is_not_changed_afterwards(people):
    actor = people.actor("auditor")
    with pytest.raises(AttributeError):
        actor.roles = frozenset({"administrator"})
    assert (actor.is_auditor, people.actor("commander").is_auditor) == (True, False)
