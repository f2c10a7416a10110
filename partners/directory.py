"""The register's use cases: who is a partner's contact, and the partner's own references."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, QuerySet

from incidentdesk.kernel import access, audit, grants, people, tokens
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput
from incidentdesk.kernel.models import User
from partners import leaving, preferences
from partners.models import Contact, Partner, Terms

RIGHTS = ("act", "administer", "audit")
KINDS = {
    "incident": "",
    "report": "REP-",
    "request": "REQ-",
    "procedure": "PROC-",
    "facts": "FACTS-",
    "digest": "DIG-",
}


def next_reference(partner: Partner, *, kind: str, year: int) -> str:
    """The partner's next own reference: `HELIX-2026-0007`, reports `HELIX-REP-2026-0003`.

    One gapless sequence a partner, kind and year, so that a number tells nothing about others.
    Call it inside the transaction that stores the reference.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO partners_referencecounter AS c (partner_id, kind, year, last)
            VALUES (%s, %s, %s, 1)
            ON CONFLICT (partner_id, kind, year) DO UPDATE SET last = c.last + 1
            RETURNING last
            """,
            [partner.pk, kind, year],
        )
        number = cursor.fetchone()[0]
    return f"{partner.code}-{KINDS[kind]}{year}-{number:04d}"


def next_event_numbers(partner_ids: Collection[int]) -> dict[int, int]:
    """Each partner's next number for what its programs are told, in one statement.

    The counter's row stays locked until the transaction ends, and is taken back with it: who gets
    a number waits for whoever got the one before. So numbers become visible in their order and
    without a gap, and a reader who goes on from the last one it saw misses nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO partners_referencecounter AS c (partner_id, kind, year, last)
            SELECT unnest(%s::bigint[]), 'event', 0, 1
            ON CONFLICT (partner_id, kind, year) DO UPDATE SET last = c.last + 1
            RETURNING partner_id, last
            """,
            [sorted(set(partner_ids))],
        )
        return dict(cursor.fetchall())


@transaction.atomic
def give_login(
    *, contact_id: int, right: str, by: Actor, at: datetime
) -> tuple[User, leaving.Ended]:
    """Let a contact use the portal with `right` (act, administer or audit).

    A login of that e-mail is used if there is one; a member of staff cannot also be a contact,
    since each sees what the other must not. Answers the login, and what ended with a right to
    administer that they had before.
    """
    contact = _locked(contact_id)
    access.require(by, Permission.REGISTER_WRITE)
    user = User.objects.filter(email__iexact=contact.email).first()
    if user is None:
        user = User.objects.create_user(contact.email, name=contact.name)
    if user.roles:
        raise InvalidInput(f"{user.email} works at the desk and cannot be a partner's contact too.")
    contact.user = user
    contact.save(update_fields=["user"])
    ended = set_right(user, right, contact.partner, by=by, at=at)
    about, name = f"partner:{contact.partner_id}", str(contact.partner)
    audit.record(
        by=by, at=at, action="gave a login", about=about, name=name, to=user.email, right=right
    )
    return user, ended


@transaction.atomic
def take_login(*, contact_id: int, by: Actor, at: datetime) -> tuple[Contact, leaving.Ended]:
    """The desk shuts a contact out of the portal, at once; one who left gets no notices either.

    Answers the contact, and what they had begun and ended with it.
    """
    contact = _locked(contact_id)
    access.require(by, Permission.REGISTER_WRITE)
    if contact.user is None:
        raise Conflict(f"{contact} has no login.")
    ended = shut_out(contact, by=by, at=at)
    about, name = f"partner:{contact.partner_id}", str(contact.partner)
    audit.record(by=by, at=at, action="took a login", about=about, name=name, of=contact.email)
    return contact, ended


def set_right(
    user: User, right: str, partner: Partner, *, by: Actor, at: datetime
) -> leaving.Ended:
    """A person has one right on a partner: the new one takes the place of a former.

    Whoever administers no more leaves no open invitation and no webhook behind; answers those.
    """
    had = grants.granted(user.pk, partner)
    for other in RIGHTS:
        if other != right:
            grants.revoke(user, other, partner)
    grants.grant(user, right, partner)
    if "administer" in had and right != "administer":
        return leaving.end_all(user, partner, by=by, at=at)
    return leaving.Ended()


def shut_out(contact: Contact, *, by: Actor, at: datetime) -> leaving.Ended:
    """No right, no notices, no page and no token here from now on; inside a use case.

    What they began as an administrator ends too; answers that.

    Who serves another partner too stays logged in for that one: without the right each session
    that was for this partner is led to choose, and sees nothing of it meanwhile.
    """
    contact.is_active = False
    contact.save(update_fields=["is_active"])
    if contact.user is None:
        return leaving.Ended()
    for right in RIGHTS:
        grants.revoke(contact.user, right, contact.partner)
    if not grants.tenant_ids(contact.user.pk):
        people.end_sessions(contact.user)
    tokens.revoke_all(contact.user, at=at, partner_id=contact.partner_id)
    return leaving.end_all(contact.user, contact.partner, by=by, at=at)


def shut_out_inactive(
    contacts: QuerySet[Contact], *, by: Actor, at: datetime
) -> list[tuple[Contact, leaving.Ended]]:
    """Whoever of these was switched off in the register is out of the portal; in a use case.

    Answers each, with what they had begun and ended with it.
    """
    held = contacts.filter(
        is_active=False, user__partneruserobjectpermission__content_object=F("partner")
    )
    found = held.select_related("user", "partner").distinct()
    return [(contact, shut_out(contact, by=by, at=at)) for contact in found]


def _locked(contact_id: int) -> Contact:
    """The contact, locked after its partner, as all use cases do it."""
    Partner.objects.select_for_update(of=("self",)).get(contacts=contact_id)
    rows = Contact.objects.select_for_update(of=("self",)).select_related("partner")
    return rows.get(pk=contact_id)


def notice_contacts(partner_id: int, *, severity: int | None = None) -> list[Contact]:
    """The people at a partner who get its notices, in order; of a severity, those who want it."""
    rows = Contact.objects.filter(partner_id=partner_id, is_active=True, gets_notices=True)
    if severity is not None:
        quiet = preferences.muted(partner_id, severity)
        rows = rows.exclude(user_id__isnull=False, user_id__in=quiet)
    return list(rows)


def administrators(partner: Partner | None = None) -> list[Contact]:
    """The people who administer this partner, or every active one, with their logins. One query."""
    held: dict[str, object] = {
        "user__partneruserobjectpermission__content_object": F("partner"),
        "user__partneruserobjectpermission__permission__codename": "administer",
    }
    rows = Contact.objects.filter(is_active=True, partner__is_active=True, user__is_active=True)
    if partner is not None:
        rows = rows.filter(partner=partner)
    return list(rows.filter(**held).select_related("partner", "user").order_by("partner_id", "pk"))


def is_administered(partner: Partner) -> bool:
    """Whether somebody administers it."""
    return any("administer" in rights for rights in grants.holders(partner).values())


def terms_of(partner: Partner) -> Terms:
    """What was agreed with a partner; every one has a row."""
    found: Terms = partner.terms
    return found


def contacts_of(partner_ids: Collection[int]) -> list[Contact]:
    """The people at these partners, who gets notices first, then in the order they were listed."""
    rows = Contact.objects.filter(partner_id__in=partner_ids, is_active=True)
    return list(rows.order_by("partner_id", "-gets_notices", "pk"))


def contact(contact_id: int) -> Contact | None:
    """The person, as long as they and their partner are active; None otherwise."""
    rows = Contact.objects.filter(pk=contact_id, is_active=True, partner__is_active=True)
    return rows.first()
