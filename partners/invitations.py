"""Invitations: a partner's administrator lets a person in, who takes a password of their own.

Whether an address has a login here already is told to nobody but its owner.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet

from incidentdesk.kernel import access, audit, people, shown_once
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from incidentdesk.kernel.models import User
from notifications import outbox
from partners import directory, leaving
from partners.models import Contact, Invitation, Partner

MOST = 50  # open invitations of one partner
A_DAY = 50  # mails go to whatever address is typed
# What the portal's database role may read; the digest is not among it.
COLUMNS = (
    "id",
    "partner_id",
    "name",
    "email",
    "right",
    "inviter",
    "invited_at",
    "expires_at",
    "accepted_at",
    "withdrawn_at",
)


def invitations_of(actor: Actor) -> QuerySet[Invitation]:
    """Whom this actor's partner invited, oldest first, so that each keeps its number."""
    return Invitation.objects.filter(partner_id=actor.tenant_id).only(*COLUMNS).order_by("id")


@transaction.atomic
def invite(*, name: str, email: str, right: str, by: Actor, at: datetime) -> Invitation:
    """Invite a person to work for the actor's partner; a mail with a link goes to the address.

    Inviting an address anew takes the place of its open invitation: the earlier link is dead.
    """
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=by.tenant_id)
    access.require(by, Permission.PARTNER_ADMINISTER, partner)
    name, email = _checked(name, email, right)
    _require_new(partner, email)
    if partner.invitations.filter(invited_at__gt=at - timedelta(days=1)).count() >= A_DAY:
        raise Conflict(f"You invited {A_DAY} people within a day; go on tomorrow.")
    waiting = partner.invitations.filter(accepted_at=None, withdrawn_at=None)
    waiting.filter(email=email).update(withdrawn_at=at)
    if waiting.filter(expires_at__gt=at).count() >= MOST:
        raise Conflict(f"{MOST} invitations are open; withdraw one that is needed no more.")
    secret = shown_once.secret()
    made = Invitation.objects.create(
        partner=partner,
        name=name,
        email=email,
        right=right,
        digest=shown_once.digest(secret),
        invited_at=at,
        invited_by_id=by.person_id,
        inviter=by.name,
        expires_at=at + Invitation.LASTS,
    )
    _mail(made, secret, at=at)
    _record(made, "invited", by=by, at=at, right=right)
    return made


@transaction.atomic
def withdraw(*, invitation_id: int, by: Actor, at: datetime) -> Invitation:
    """The link works no more. What was accepted is ended by removing the person."""
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=by.tenant_id)
    access.require(by, Permission.PARTNER_ADMINISTER, partner)
    found = partner.invitations.filter(pk=invitation_id).first()
    if found is None:
        raise NotFound("There is no such invitation.")
    if found.state(at) != "open":
        raise Conflict(f"The invitation of {found.name} is {found.state(at)} already.")
    found.withdrawn_at = at
    found.save(update_fields=["withdrawn_at"])
    _record(found, "withdrew the invitation of", by=by, at=at)
    return found


def find(secret: str, *, at: datetime) -> Invitation | None:
    """The open invitation whose secret this is, with its partner; who sent it still may."""
    open_ones = Invitation.objects.filter(
        accepted_at=None, withdrawn_at=None, expires_at__gt=at, partner__is_active=True
    )
    rows = open_ones.select_related("partner", "invited_by")
    found = rows.filter(digest=shown_once.digest(secret)).first()
    return found if found is not None and leaving.stands_for(found) else None


def owner(invitation: Invitation) -> User | None:
    """The login that the address has already, once its owner has set a password."""
    found = User.objects.filter(email=invitation.email).first()
    return found if found is not None and found.has_usable_password() else None


@transaction.atomic
def accept(*, secret: str, password: str, user_id: int | None, at: datetime) -> User:
    """The invited person joins, once. Who holds the mailed secret acts; nobody is logged in yet.

    Somebody new chooses a password. Whoever has a login with the address is logged in with it
    (`user_id`): the link alone opens no login that exists.
    """
    invitation = _opened(secret, at=at)
    _require_new(invitation.partner, invitation.email)
    _require_free(invitation.email)
    user = _joining(invitation, password, user_id)
    contact = _contact(invitation, user)
    by = access.actor_for(user, partner_id=invitation.partner_id)
    directory.set_right(user, invitation.right, contact.partner, by=by, at=at)
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at"])
    _record(invitation, "accepted the invitation of", by=by, at=at, right=invitation.right)
    return user


def _opened(secret: str, *, at: datetime) -> Invitation:
    """The open invitation, locked after its partner: who sent it may be removed just now."""
    found = find(secret, at=at)
    if found is not None:
        Partner.objects.select_for_update(of=("self",)).get(pk=found.partner_id)
        Invitation.objects.select_for_update(of=("self",)).get(pk=found.pk)
        found = find(secret, at=at)
    if found is None:
        raise NotFound("This invitation was used, withdrawn or has ended; ask for a new one.")
    return found


def _checked(name: str, email: str, right: str) -> tuple[str, str]:
    name, email = " ".join(name.split()), email.strip().lower()
    if not name or len(name) > 120:
        raise InvalidInput("Give the person's name, in at most 120 characters.")
    if "/" in name or "@" in name:
        raise InvalidInput("A name holds no address: it begins the mail that we send.")
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInput(f"“{email}” is no e-mail address.") from None
    if right not in Invitation.Right.values:
        raise InvalidInput("Choose what the person does for your company.")
    return name, email


def _require_new(partner: Partner, email: str) -> None:
    """Not somebody who is in already."""
    known = partner.contacts.filter(email__iexact=email, is_active=True, user__isnull=False)
    if known.exists():
        raise Conflict(f"{email} works with you here already; change what they may do instead.")


def _require_free(email: str) -> None:
    """Not somebody of the desk. Who accepts is told so, who invites is not: it would tell who
    works there."""
    user = User.objects.filter(email=email).first()
    if user is not None and (user.roles or not user.is_active):
        raise InvalidInput(f"{email} cannot work for a partner; ask to be invited with another.")


def _joining(invitation: Invitation, password: str, user_id: int | None) -> User:
    user = User.objects.select_for_update().filter(email=invitation.email).first()
    if user is not None and user.has_usable_password():
        if user.pk != user_id:
            raise InvalidInput(f"Log in as {invitation.email} first, then accept.")
        return user
    user = user or User(email=invitation.email, name=invitation.name)
    people.require_good(password, user)
    user.set_password(password)
    user.save()
    return user


def _contact(invitation: Invitation, user: User) -> Contact:
    """The person in the register: as known there, or new."""
    known = Contact.objects.filter(
        partner_id=invitation.partner_id, email__iexact=invitation.email
    ).first()
    contact = known or Contact(
        partner_id=invitation.partner_id, name=invitation.name, email=invitation.email
    )
    contact.user, contact.is_active = user, True
    contact.save()
    return contact


def _mail(invitation: Invitation, secret: str, *, at: datetime) -> None:
    outbox.queue(
        kind="invitation",
        to=invitation.email,
        about=f"partner:{invitation.partner_id}",
        dedupe_key=f"invitation:{invitation.pk}",
        context={
            "name": invitation.name,
            "inviter": invitation.inviter,
            "partner_name": invitation.partner.name,
            "right": invitation.get_right_display(),
            "expires_at": invitation.expires_at,
            "url": f"/accounts/invitation/{secret}/",
        },
        at=at,
    )


def _record(invitation: Invitation, action: str, *, by: Actor, at: datetime, **detail: str) -> None:
    about, name = f"partner:{invitation.partner_id}", str(invitation.partner)
    audit.record(by=by, at=at, action=action, about=about, name=name, to=invitation.email, **detail)
