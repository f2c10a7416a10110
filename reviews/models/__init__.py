"""One file per noun of what comes after an incident: fields, constraints, querysets."""

from reviews.models.attendee import Attendee
from reviews.models.cause import Cause
from reviews.models.control import Control
from reviews.models.control_check import ControlCheck
from reviews.models.document_update import DocumentUpdate
from reviews.models.lesson import Lesson
from reviews.models.plan import Plan, PlanItem
from reviews.models.preventive_action import Postponement, PreventiveAction
from reviews.models.problem import NoProblem, Problem, ProblemIncident
from reviews.models.review import Review
from reviews.models.tracker import Tracker

__all__ = [
    "Attendee",
    "Cause",
    "Control",
    "ControlCheck",
    "DocumentUpdate",
    "Lesson",
    "NoProblem",
    "Plan",
    "PlanItem",
    "Postponement",
    "PreventiveAction",
    "Problem",
    "ProblemIncident",
    "Review",
    "Tracker",
]
