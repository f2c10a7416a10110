"""One file per noun of what comes after an incident: fields, constraints, querysets."""

from reviews.models.attendee import Attendee
from reviews.models.cause import Cause
from reviews.models.control_check import ControlCheck
from reviews.models.document_update import DocumentUpdate
from reviews.models.lesson import Lesson
from reviews.models.preventive_action import PreventiveAction
from reviews.models.review import Review

__all__ = [
    "Attendee",
    "Cause",
    "ControlCheck",
    "DocumentUpdate",
    "Lesson",
    "PreventiveAction",
    "Review",
]
