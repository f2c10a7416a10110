"""Whether a machine wrote a mail: what must never be answered, and what would go round in circles.

RFC 3834, section 2, and RFC 3464 for reports about deliveries. Pure.
"""

from __future__ import annotations

from email.message import Message

BULK = ("bulk", "junk", "list", "auto_reply")
LISTS = ("list-id", "list-unsubscribe", "list-post")
REPLIES = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-loop")
ROBOTS = ("mailer-daemon", "postmaster", "no-reply", "noreply", "do-not-reply", "donotreply")


def reason(headers: Message, *, envelope_from: str | None, sender: str) -> str:
    """Why it counts as written by a machine, in words; empty: a person wrote it.

    `envelope_from` is empty for the null sender, and None where nobody knows it.
    """
    submitted = _value(headers, "auto-submitted").partition(";")[0].strip()
    if submitted and submitted != "no":
        return f"its header Auto-Submitted says {submitted[:40]}"
    if envelope_from == "":
        return "its envelope has no sender, as bounces have none"
    if headers.get_content_type() == "multipart/report":
        return "it is a report about a delivery"
    if _value(headers, "precedence") in BULK:
        return f"its header Precedence says {_value(headers, 'precedence')}"
    for name in (*LISTS, *REPLIES):
        if name in headers:
            return f"it has the header {name.title()}"
    if sender.partition("@")[0] in ROBOTS:
        return "its sender takes no mail"
    return ""


def _value(headers: Message, name: str) -> str:
    return str(headers.get(name, "")).strip().lower()
