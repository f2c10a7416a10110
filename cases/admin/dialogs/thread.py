"""The thread with a partner on the desk: writing to it, and saying that nothing needs an answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cases import thread
from cases.admin.dialogs import fields
from cases.admin.dialogs.partners import SHOWN, InvolvementForm
from cases.models import Incident
from incidentdesk.kernel import uploads
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, Done


class WriteForm(InvolvementForm):
    """Plain words to one partner."""

    text = fields.words("Message", rows=6, required=False, help_text=SHOWN)
    uploads = uploads.FilesField()


def _write(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    made = thread.write(
        incident_id=obj.pk,
        involvement_id=data["involvement"],
        text=data["text"],
        uploads=data["uploads"],
        by=by,
        at=at,
    )
    return Done(f"{made.partner} is told that there is a message.", f"{obj.url}?tab=partners")


def _need_no_answer(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    thread.need_no_answer(incident_id=obj.pk, involvement_id=data["involvement"], by=by, at=at)
    return Done("Nothing waits for an answer any more.", f"{obj.url}?tab=partners")


_MAY = Permission.NOTICE_DRAFT
WRITE = Action(
    "write",
    "Write to a partner",
    _write,
    _MAY,
    WriteForm,
    intro="It stands in the partner's portal; the mail to its contacts only says that it is there.",
    submit="Send",
)
NO_ANSWER = Action(
    "need_no_answer",
    "Needs no answer",
    _need_no_answer,
    _MAY,
    InvolvementForm,
    intro="What the partner wrote was read.",
    submit="Needs no answer",
)
