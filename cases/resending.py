"""A message is sent again because a person asks.

Refused where its words would no longer be true, or whoever it is for may not have them any more; a
kind that stands in no rule is not sent again at all.

A page is worded anew. A notice goes out word for word, and only as long as it is the newest that
its partner had: what is wrong in it is corrected by a correction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from cases import dispatch, labels, moving, queries, sight, timeline
from cases.models import (
    Assignment,
    Entry,
    FactsPackage,
    Framework,
    Incident,
    NoticeCopy,
    Remark,
    Request,
    Task,
)
from incidentdesk.kernel import access, ids
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, NotFound
from notifications import queries as post
from notifications import resending
from notifications.models import Message
from partners import directory
from partners.models import Contact

_UNKNOWN = "A message of this kind is not sent again; what it said was true when it was written."
_OPENS_ONCE = "Its link is for one person and a short time; invite that person anew."
_KINDS = {"page": Entry.Kind.PAGE, "assignment": Entry.Kind.PAGE, "notice": Entry.Kind.NOTICE}


@transaction.atomic
def resend(*, message_id: int, by: Actor, at: datetime) -> Message:
    """Send a message again, by the way that it went: a new one, that names this one. Answers it.

    What goes to people of the desk needs the right to page; what goes to others, the right to send
    notices. Conflict, in a sentence, where it makes no sense.
    """
    if not visible_to(by).filter(pk=message_id).exists():
        raise NotFound("There is no such message.")
    incident_id = _incident_id(Message.objects.values_list("about", flat=True).get(pk=message_id))
    incident = queries.locked(incident_id, by=by) if incident_id else None
    message = resending.locked(message_id)
    access.require(by, permission_for(message))
    if why := _why_not(message, incident, at=at):
        raise Conflict(why)
    words: dict[str, Any] = _words_of(incident, message) if incident else {}
    made = resending.again(message, words, by_name=by.name, at=at)
    if incident is not None:
        whom = f"{made.to_user}, {resending.by_way(made)}" if made.to_user else made.to_address
        text = f"“{made.subject}” was sent again to {whom}."
        kind = _KINDS.get(message.kind, Entry.Kind.UPDATE)
        timeline.record(incident, kind, text, by=by, at=at)
    return made


def visible_to(actor: Actor) -> QuerySet[Message]:
    """The messages that this actor may read, with whom they are for and by which way."""
    return post.messages_visible_to(actor).select_related("to_user", "method", "repeats")


def incident_of(message: Message, actor: Actor) -> Incident | None:
    """The incident that a message is about, if there is one and this actor may open it."""
    pk = _incident_id(message.about)
    return queries.visible_to(actor).filter(pk=pk).first() if pk else None


def permission_for(message: Message) -> Permission:
    """What one needs to have it sent again."""
    is_ours = message.is_page or bool(message.to_user and message.to_user.roles)
    return Permission.INCIDENT_PAGE if is_ours else Permission.NOTICE_SEND


def is_worth_asking(message: Message, actor: Actor) -> bool:
    """Whether a list offers it to this actor: it went, what it says may still be true, and this
    actor may. The dialog says the rest."""
    known = message.kind in _RULES and message.state not in Message.WAITS
    return known and access.allows(actor, permission_for(message))


def why_not(message: Message, *, at: datetime) -> str:
    """Why it is not sent again, in a sentence; '' if it can be."""
    incident_id = _incident_id(message.about)
    incident = Incident.objects.filter(pk=incident_id).first() if incident_id else None
    return _why_not(message, incident, at=at)


def words_of(message: Message) -> str:
    """What goes out, named for the dialog: a page about a restricted incident names nothing."""
    incident_id = _incident_id(message.about)
    closed = Incident.objects.filter(pk=incident_id or 0, is_restricted=True)
    if message.facts is not None and closed.exists():
        return "A page that does not name the restricted incident"
    return f"“{message.subject}”"


# --- what would not be true, or not for them ------------------------------------------------------


def _why_not(message: Message, incident: Incident | None, *, at: datetime) -> str:
    if message.kind == "invitation":
        return _OPENS_ONCE
    rule = _RULES.get(message.kind)
    found = resending.why_not(message, at=at)
    if found or rule is None:
        return found or _UNKNOWN
    if not message.body_text:
        return "Its words are kept no more; write anew."
    return (_of_incident(message, incident) if incident else "") or rule(message)


def _of_incident(message: Message, incident: Incident) -> str:
    """A page needs an open incident; of a restricted one nobody is told who may not open it."""
    person = message.to_user
    if message.is_page and not incident.is_open:
        return f"{incident.reference} is over; nobody is paged about it any more."
    if message.is_page and not moving.pages_people(incident):
        return "This exercise pages nobody; that was decided when it was declared."
    if person is not None and sight.is_closed(incident, access.actor_for(person)):
        return f"{person} may not open this incident any more; admit that person first."
    if incident.is_restricted and message.facts is None and message.kind not in _TO_PARTNERS:
        return "The incident is restricted, and its words may name it; page the person instead."
    return ""


def _key(message: Message) -> str:
    """The key of the message that was written first."""
    return resending.first_of(message).dedupe_key


def _part(message: Message, number: int) -> int:
    """One of the ids in that key: of what it tells (1), or of whom it is for (-1)."""
    found = _key(message).split(":")[number:][0:1]
    return (ids.of(found[0]) if found else None) or 0


def _page(message: Message) -> str:
    return "" if _incident_id(message.about) else _UNKNOWN


def _offer(message: Message) -> str:
    offers = Assignment.objects.filter(accepted_at=None, ended_at=None, user=message.to_user)
    is_open = offers.filter(pk=_part(message, 1)).exists()
    return "" if is_open else "What it asks was answered, or taken back."


def _task(message: Message) -> str:
    tasks = Task.objects.filter(state=Task.State.OPEN, owner=message.to_user)
    is_open = tasks.filter(pk=_part(message, 1)).exists()
    return "" if is_open else "The task is ended, or is somebody else's by now."


def _notice(message: Message) -> str:
    copies = NoticeCopy.objects.select_related("notice__incident", "involvement", "partner")
    copy = copies.filter(pk=_part(message, 1), sent_at__isnull=False).first()
    if copy is None:
        return _UNKNOWN
    later = NoticeCopy.objects.filter(involvement=copy.involvement_id, sent_at__gt=copy.sent_at)
    if later.exists():
        return f"{copy.partner} was told something newer since; tell it by a notice of its own."
    if why := labels.outgrown(copy.notice):
        return f"{why[0].upper()}{why[1:]}; tell it by a notice of its own."
    if not labels.carries_text(copy) and message.body_text != dispatch.preview(copy).text:
        return f"Mails to {copy.partner} carry a link alone by now; it reads this in the portal."
    return _contact(message, dispatch.addressees(copy))


def _contact(message: Message, people: Collection[Contact]) -> str:
    """The contact still is one, with this address, and one of those who get such mails."""
    contact = directory.contact(_part(message, -1))
    if contact is None or contact.email != message.to_address:
        return f"{message.to_address} is no contact of that partner any more."
    gets_it = contact in people
    return "" if gets_it else f"{message.to_address} does not get such mails any more."


def _request(message: Message) -> str:
    said = "".join(_key(message).split(":", 2)[2:])
    if not said.startswith("said:"):
        return "A reminder says how long is left, and that has changed; the next comes by itself."
    request = Request.objects.filter(pk=_part(message, 1)).first()
    if request is None:
        return _UNKNOWN
    if request.state != Request.State.OPEN:
        return f"{request.reference} is not open any more; there is nothing to answer."
    told_at = datetime.fromisoformat(said.removeprefix("said:").rpartition(":")[0])
    if told_at < request.due_set_at:
        return (
            f"{request.reference} was asked anew or got more time; that was told by a later mail."
        )
    return _contact(message, directory.notice_contacts(request.partner_id))


def _remark(message: Message) -> str:
    remark = Remark.objects.filter(pk=_part(message, 1), is_ours=True).first()
    if remark is None:
        return _UNKNOWN
    later = Remark.objects.filter(involvement=remark.involvement_id, pk__gt=remark.pk)
    if later.exists():
        return "Something newer stands in the conversation; whoever reads that has seen this."
    return _contact(message, directory.notice_contacts(remark.partner_id))


def _facts(message: Message) -> str:
    package = FactsPackage.objects.filter(pk=_part(message, 1)).first()
    if package is None:
        return _UNKNOWN
    later = FactsPackage.objects.filter(involvement=package.involvement_id, pk__gt=package.pk)
    if later.exists():
        return f"A later facts package took the place of {package.reference}."
    return _contact(message, directory.notice_contacts(package.partner_id))


def _framework(message: Message) -> str:
    newest = Framework.objects.first()
    if newest is None or newest.pk != _part(message, 1):
        return "A later version is in force; its administrators were told of that one."
    partner = ids.of(message.about.removeprefix("partner:"))
    if newest.readings.filter(partner=partner).exists():
        return f"Version {newest.number} was acknowledged for that partner; nothing waits there."
    return _contact(message, directory.administrators())


_RULES: dict[str, Callable[[Message], str]] = {
    "page": _page,
    "assignment": _offer,
    "task": _task,
    "partner_wrote": lambda message: "",
    "notice": _notice,
    "thread": _remark,
    "request": _request,
    "facts": _facts,
    "framework": _framework,
}
_TO_PARTNERS = ("notice", "thread", "request", "facts", "framework")


# --- steps ----------------------------------------------------------------------------------------


def _incident_id(about: str) -> int | None:
    kind, _, pk = about.partition(":")
    return int(pk) if kind == "incident" and pk.isdecimal() else None


def _words_of(incident: Incident, message: Message) -> dict[str, Any]:
    """What a page says of the incident by now; a note was written before it was restricted."""
    known = moving.escalation_facts(incident)
    words: dict[str, Any] = {key: known[key] for key in ("reference", "title", "severity")}
    was_named = (message.facts or {}).get("reference") != known["reference"]
    return words | {"note": ""} if incident.is_restricted and was_named else words
