"""One file per noun: fields, constraints, querysets, and the declarations of the lifecycle."""

from cases.models.alert import Alert, Event, Source
from cases.models.category import Category
from cases.models.deadline import Deadline, Target
from cases.models.entry import Entry, TimelineHead
from cases.models.incident import Incident, Phase
from cases.models.involvement import Involvement
from cases.models.move import Move, Statement
from cases.models.notice import Notice, NoticeCopy
from cases.models.report import Report
from cases.models.review_facts import ReviewFacts
from cases.models.system import AffectedSystem, System
from cases.models.task import PlaybookTask, Task

__all__ = [
    "AffectedSystem",
    "Alert",
    "Category",
    "Deadline",
    "Entry",
    "Event",
    "Incident",
    "Involvement",
    "Move",
    "Notice",
    "NoticeCopy",
    "Phase",
    "PlaybookTask",
    "Report",
    "ReviewFacts",
    "Source",
    "Statement",
    "System",
    "Target",
    "Task",
    "TimelineHead",
]
