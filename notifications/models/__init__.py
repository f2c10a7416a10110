"""What the post office keeps: messages, who is told in which order, rotas, running escalations."""

from notifications.models.absence import Absence, Holiday, HolidayCalendar
from notifications.models.change import CalendarFeed, Override, Swap
from notifications.models.contact import ContactMethod
from notifications.models.escalation import Escalation, EscalationEvent
from notifications.models.message import Message, MessageEvent
from notifications.models.path import EscalationPath, EscalationStep, Group, Severity
from notifications.models.rota import FixedShift, Layer, LayerPerson, Rota, Weekday, Window

__all__ = [
    "Absence",
    "CalendarFeed",
    "ContactMethod",
    "Escalation",
    "EscalationEvent",
    "EscalationPath",
    "EscalationStep",
    "FixedShift",
    "Group",
    "Holiday",
    "HolidayCalendar",
    "Layer",
    "LayerPerson",
    "Message",
    "MessageEvent",
    "Override",
    "Rota",
    "Severity",
    "Swap",
    "Weekday",
    "Window",
]
