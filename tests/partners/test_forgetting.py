"""Who left is reduced to a pseudonym, and every chain stays whole."""

from __future__ import annotations

import io

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from cases import notices, timeline
from cases.models import Incident, NoticeCopy
from incidentdesk.kernel import people as register
from incidentdesk.kernel.errors import Conflict, NotAllowed
from incidentdesk.kernel.models import Session, User
from notifications.models import Message, MessageEvent
from partners import directory, forgetting
from partners.models import Contact
from tests.conftest import NOW
from tests.notifications.conftest import method

pytestmark = pytest.mark.django_db


def tables_with(text: str) -> set[str]:
    """Every table in which this text can be read."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT EXISTS (SELECT FROM "{table}" AS t WHERE strpos(lower(t::text), %s) > 0)',  # noqa: S608
                [text.lower()],
            )
            if cursor.fetchone()[0]:
                found.add(table)
    return found


def test_a_contact_who_left_is_a_pseudonym_wherever_rows_may_change(people, helix, incident_in):
    incident = incident_in("mitigation")
    contact, by = Contact.objects.get(partner=helix), people.actor("administrator")
    Contact.objects.filter(pk=contact.pk).update(phone="+49 171 4711", title="Head of desk")
    acting = people.contact("helix", helix)
    notices.acknowledge(copy_id=NoticeCopy.objects.latest("pk").pk, by=acting, at=NOW)
    Message.objects.filter(to_address=contact.email).update(
        state=Message.State.SENT, sent_at=NOW, next_try_at=None
    )
    told = Message.objects.filter(to_address=contact.email).earliest("pk")
    answer = f"550 5.1.1 <{contact.email.upper()}>: {contact.email} is unknown (a+b)"
    log = MessageEvent.objects.create(message=told, at=NOW, event="failed", detail=answer)
    other = MessageEvent.objects.create(
        message=Message.objects.exclude(to_address=contact.email).earliest("pk"),
        at=NOW,
        event="failed",
        detail="550 5.1.1 <x@elsewhere.test>: is unknown",
    )
    with pytest.raises(Conflict, match="still works for Helix Markets"):
        forgetting.forget(contact_id=contact.pk, by=by, at=NOW)
    directory.take_login(contact_id=contact.pk, by=by, at=NOW)
    forgetting.forget(contact_id=contact.pk, by=by, at=NOW)
    contact.refresh_from_db()
    user = User.objects.get(contacts=contact)
    assert (contact.name, contact.phone, contact.title) == (f"Former contact {contact.pk}", "", "")
    assert contact.email == f"contact-{contact.pk}@forgotten.invalid"
    assert (user.name, user.is_active) == (f"Former contact {user.pk}", False)
    assert user.email == f"person-{user.pk}@forgotten.invalid"
    assert not user.has_usable_password()
    log.refresh_from_db()
    assert log.detail == f"550 5.1.1 <{contact.email}>: {contact.email} is unknown (a+b)"
    other.refresh_from_db()
    assert other.detail == "550 5.1.1 <x@elsewhere.test>: is unknown"
    # An approved notice names to whom it went, and the audit trail whom it is about: both stay.
    assert tables_with("contact@helix.test") == {"cases_notice", "kernel_auditevent"}
    assert tables_with("+49 171 4711") | tables_with("Head of desk") == set()
    for row in Incident.objects.all():
        assert timeline.first_fault(row) is None
    assert incident.entries.filter(actor="Helix Markets contact").exists()  # as it was signed
    with pytest.raises(Conflict, match="forgotten already"):
        forgetting.forget(contact_id=contact.pk, by=by, at=NOW)


def test_who_serves_another_partner_too_keeps_the_login(people, helix, norrbank):
    user, by = people["helix"], people.actor("administrator")
    other = Contact.objects.create(partner=norrbank, user=user, name="Ada", email="ada@norr.test")
    contact = Contact.objects.get(partner=helix)
    Contact.objects.filter(pk=contact.pk).update(is_active=False)
    forgetting.forget(contact_id=contact.pk, by=by, at=NOW)
    user.refresh_from_db()
    other.refresh_from_db()
    assert (user.is_active, user.email, other.name) == (True, "contact@helix.test", "Ada")


def test_a_colleague_who_left_too_and_nobody_who_can_log_in(people):
    by, user = people.actor("administrator"), people["responder"]
    with pytest.raises(Conflict, match="switch the login off first"):
        register.forget(user_id=user.pk, by=by, at=NOW)
    User.objects.filter(pk=user.pk).update(is_active=False)
    register.forget(user_id=user.pk, by=by, at=NOW)
    user.refresh_from_db()
    assert (user.name, user.email) == (
        f"Former colleague {user.pk}",
        f"person-{user.pk}@forgotten.invalid",
    )
    with pytest.raises(NotAllowed):
        register.forget(user_id=user.pk, by=people.actor("commander"), at=NOW)


def leave_traces(user: User) -> None:
    """All that the desk keeps of how somebody logs in and is reached, in rows of today and before.

    Their name is Ottilie, their number ends in 4712, and they were at 198.51.100.77.
    """
    SocialAccount.objects.create(
        user=user, provider="sso", uid="8f1c", extra_data={"userinfo": {"name": user.name}}
    )
    EmailAddress.objects.create(user=user, email=user.email)
    Authenticator.objects.create(user=user, type="webauthn", data={"name": "Ottilie's key"})
    Session.objects.create(
        session_key="k" * 32,
        expire_date=NOW,
        user=user,
        address="198.51.100.77",
        device="Ottilie's Firefox",
        began_at=NOW,
        seen_at=NOW,
    )
    phone = method(user, "Ottilie's phone", shown="+49 171 4712", bad_because="+49 171 4712 is off")
    method(user, "Ottilie's former", shown="+49 171 4712", address="", removed_at=NOW)
    for state, by, to in (
        ("sent", None, user.email),
        ("queued", phone, "+49 171 4712"),
        ("failed", phone, "+49 171 4712"),
        ("held", None, user.email),
    ):
        Message.objects.create(
            kind="test",
            to_address=to,
            to_user=user,
            method=by,
            state=state,
            subject="Page",
            body_text="Look.",
            is_page=True,
            dedupe_key=f"{user.pk} {state}",
            message_id=f"{user.pk} {state}",
            created_at=NOW,
            next_try_at=NOW if state == "queued" else None,
            sent_at=NOW if state == "sent" else None,
            last_error=f"550 {to}",
        )


def test_nothing_is_left_of_how_a_colleague_logged_in_and_was_reached(people):
    by, keeps = people.actor("administrator"), people["commander"]
    user = User.objects.create_user("ottilie@desk.test", None, name="Ottilie", roles=["responder"])
    leave_traces(user)
    method(keeps, "Mine")
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert len(tables_with("ottilie")) >= 7
    register.forget(user_id=user.pk, by=by, at=NOW)
    left = {text: tables_with(text) for text in ("ottilie", "171 4712", "198.51.100.77")}
    assert left == {"ottilie": set(), "171 4712": set(), "198.51.100.77": set()}
    assert set(user.contact_methods.values_list("removed_at", "label")) == {(NOW, "forgotten")}
    told = Message.objects.filter(to_user=user).values_list("state", "to_address", "next_try_at")
    gone = f"person-{user.pk}@forgotten.invalid"
    assert sorted(told) == [
        ("failed", gone, None),
        ("sent", gone, None),
        ("suppressed", gone, None),
        ("suppressed", gone, None),
    ]
    assert keeps.contact_methods.get().label == "Mine"
    assert SocialAccount.objects.get(user=user).uid == "8f1c"  # so it lets them in no more


def test_nor_of_how_a_contact_logged_in(people, helix):
    user = people["helix"]
    User.objects.filter(pk=user.pk).update(name="Ottilie")
    user.refresh_from_db()
    Contact.objects.filter(partner=helix).update(is_active=False)
    leave_traces(user)
    contact = Contact.objects.get(partner=helix)
    forgetting.forget(contact_id=contact.pk, by=people.actor("administrator"), at=NOW)
    texts = (user.email, "ottilie", "171 4712", "198.51.100.77")
    assert [tables_with(text) for text in texts] == [set(), set(), set(), set()]


def test_by_hand_in_an_administrator_s_name(people, helix):
    out = io.StringIO()
    Contact.objects.filter(partner=helix).update(is_active=False)
    call_command("forget_person", "contact@helix.test", by="administrator@desk.test", stdout=out)
    assert "contact@helix.test is Former contact" in out.getvalue()
    for email, by in (("contact@helix.test", "administrator"), ("approver@desk.test", "approver")):
        with pytest.raises(CommandError):
            call_command("forget_person", email, by=f"{by}@desk.test", stdout=out)


@pytest.mark.parametrize("gone", ["eve@elsewhere.test", "", "%"])
def test_what_servers_answered_is_rewritten_for_nobody_else(gone):
    words = "gives way to that of somebody who is forgotten alone"
    with (
        pytest.raises(DatabaseError, match=words),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT notifications_unname(ARRAY[1::bigint], %s)", [gone])
