"""What an approval stands for: the text, what stands over it for each partner, and who gets it.

Steps of `notices`, inside its transaction, and what the desk says before a click. The text of an
approved notice cannot change; what mail and portal show around it can, and so can the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cases import accuracy, dispatch, labels
from cases.models import Notice, Phase
from incidentdesk.kernel.errors import Conflict, InvalidInput

UNKNOWN = "what its approver saw was not kept then"


def seen(notice: Notice, flags: list[str]) -> dict[str, Any]:
    """What who approves has before them: what differs from the record, and what each partner is
    shown around the text, by the number of its involvement."""
    copies = notice.copies.select_related("partner", "involvement").order_by("partner__name")
    return {
        "flags": flags,
        "partners": {
            str(copy.involvement_id): {
                "title": copy.involvement.title,
                "severity": copy.involvement.severity,
                "phase": copy.involvement.phase,
                "to": [contact.email for contact in dispatch.addressees(copy)],
            }
            for copy in copies
        },
    }


def changes(notice: Notice) -> list[str]:
    """What an approved notice would show now that its approver did not see, in words.

    A person who gets it no longer is none: nobody reads what the approver did not see.
    """
    barred = [words] if (words := labels.outgrown(notice)) else []
    barred += accuracy.foreign(notice)  # of a partner that is new since, say
    if notice.approval_seen is None:
        return [*barred, UNKNOWN]
    then, now = notice.approval_seen, seen(notice, accuracy.of(notice))
    names = dict(notice.copies.values_list("involvement_id", "partner__name"))
    found = [
        f"{names[int(key)]}: {words}"
        for key, shown in now["partners"].items()
        for words in _around(then["partners"][key], shown)
    ]
    return barred + found + [flag for flag in now["flags"] if flag not in then["flags"]]


def _around(then: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    if then["severity"] != now["severity"]:
        yield f"SEV-{now['severity']} for it now, and SEV-{then['severity']} then"
    if then["title"] != now["title"]:
        yield f"its title is “{now['title']}” now, and was “{then['title']}”"
    if then["phase"] != now["phase"]:
        yield f"{Phase(now['phase']).label} now, and {Phase(then['phase']).label} then"
    for address in now["to"]:
        if address not in then["to"]:
            yield f"{address} gets it too now"


def changed(notice: Notice) -> str:
    """Why an approved notice is not sent as it is; empty: it is as it was approved."""
    found = changes(notice) if notice.state == Notice.State.APPROVED else []
    if not found:
        return ""
    way = labels.way_on(notice)
    return f"Since it was approved, the record changed: {'; '.join(found)}. {way}"


def stuck(notice: Notice) -> str:
    """Why nobody can approve or send it as it is, and what to do, whoever looks; empty: it can go
    on. What only has to be looked at is no reason."""
    if notice.state != Notice.State.DRAFT:
        return changed(notice)
    if why := labels.refusal(notice):
        return why
    found = accuracy.foreign(notice)
    return f"{' '.join(found)} Edit the notice." if found else ""


def require_unchanged(notice: Notice) -> None:
    """Refuse to send what differs from what a second person saw."""
    if why := changed(notice):
        raise Conflict(why)


def require_looked_at(flags: list[str], *, is_checked: bool) -> None:
    """Refuse a text that differs from the record, unless each of `flags` was looked at."""
    if flags and not is_checked:
        raise InvalidInput(
            f"The text differs from the record: {'; '.join(flags)}. Look at each, and say that "
            "the text is right."
        )


def looked_at(flags: list[str]) -> str:
    """That each was looked at, for the timeline."""
    return f" Looked at, since it differs from the record: {'; '.join(flags)}." if flags else ""


def require_promise_ahead(notice: Notice, *, at: datetime) -> None:
    """Refuse to send a promise that is broken already."""
    if notice.next_update_at is not None and notice.next_update_at <= at:
        raise InvalidInput(
            "The next update that it promises lies in the past; edit it, which drops the promise, "
            "or withdraw it and draft one that promises a later time."
        )
