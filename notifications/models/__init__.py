"""What the post office keeps: messages, who is told in which order, and running escalations."""

from notifications.models.contact import ContactMethod
from notifications.models.escalation import Escalation, EscalationEvent
from notifications.models.message import Message, MessageEvent
from notifications.models.path import EscalationPath, EscalationStep, Group, Severity

__all__ = [
    "ContactMethod",
    "Escalation",
    "EscalationEvent",
    "EscalationPath",
    "EscalationStep",
    "Group",
    "Message",
    "MessageEvent",
    "Severity",
]
