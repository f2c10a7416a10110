"""One file per noun: fields, constraints, querysets, and the declarations of the lifecycle."""

from cases.models.access import AccessEvent, AccessFinding, AccessRule
from cases.models.alert import Alert, Event, Heartbeat, LabelMapping, Source
from cases.models.assignment import Assignment
from cases.models.category import Category
from cases.models.checkpoint import Checkpoint, CheckpointHead, CheckpointRecipient
from cases.models.classification import Classification
from cases.models.deadline import Deadline, Target
from cases.models.digest import Digest, DigestLine
from cases.models.entry import Entry, TimelineHead
from cases.models.evidence import CustodyEvent, Evidence
from cases.models.facts_package import FactsPackage
from cases.models.fix import Fix
from cases.models.framework import Framework, FrameworkReading
from cases.models.hold import LegalHold
from cases.models.incident import Incident, Phase
from cases.models.involvement import Involvement
from cases.models.letter import Letter
from cases.models.moment import MomentChange
from cases.models.move import Move, Statement, Waiver
from cases.models.notice import Notice, NoticeCopy
from cases.models.notice_template import NoticeTemplate
from cases.models.partner_event import PartnerEvent
from cases.models.permission import IncidentUserObjectPermission
from cases.models.playbook import Playbook, PlaybookTask
from cases.models.procedure import Procedure
from cases.models.receipt import Receipt
from cases.models.recovery import Reconciliation, RecoveryCheck
from cases.models.regime import OwnSupervision, Regime, RegimeRule
from cases.models.regulation import Anchor, RegulatoryClock
from cases.models.remark import Remark
from cases.models.report import Report, ReportDraft
from cases.models.request import Request, RequestStep
from cases.models.review_facts import ReviewFacts
from cases.models.saved_view import SavedView
from cases.models.series import (
    Anomaly,
    Observation,
    PrometheusQuery,
    Series,
    SeriesState,
    TradingHours,
)
from cases.models.severity import (
    AxisLevel,
    Basis,
    SeverityChange,
    SeverityFloor,
    SeverityMatrix,
    SeverityRule,
)
from cases.models.shared_file import SharedFile
from cases.models.suppression import AlertRule, HeldAlert, MaintenanceWindow
from cases.models.system import AffectedSystem, System
from cases.models.task import Task

__all__ = [
    "AccessEvent",
    "AccessFinding",
    "AccessRule",
    "AffectedSystem",
    "Alert",
    "AlertRule",
    "Anchor",
    "Anomaly",
    "Assignment",
    "AxisLevel",
    "Basis",
    "Category",
    "Checkpoint",
    "CheckpointHead",
    "CheckpointRecipient",
    "Classification",
    "CustodyEvent",
    "Deadline",
    "Digest",
    "DigestLine",
    "Entry",
    "Event",
    "Evidence",
    "FactsPackage",
    "Fix",
    "Framework",
    "FrameworkReading",
    "Heartbeat",
    "HeldAlert",
    "Incident",
    "IncidentUserObjectPermission",
    "Involvement",
    "LabelMapping",
    "LegalHold",
    "Letter",
    "MaintenanceWindow",
    "MomentChange",
    "Move",
    "Notice",
    "NoticeCopy",
    "NoticeTemplate",
    "Observation",
    "OwnSupervision",
    "PartnerEvent",
    "Phase",
    "Playbook",
    "PlaybookTask",
    "Procedure",
    "PrometheusQuery",
    "Receipt",
    "Reconciliation",
    "RecoveryCheck",
    "Regime",
    "RegimeRule",
    "RegulatoryClock",
    "Remark",
    "Report",
    "ReportDraft",
    "Request",
    "RequestStep",
    "ReviewFacts",
    "SavedView",
    "Series",
    "SeriesState",
    "SeverityChange",
    "SeverityFloor",
    "SeverityMatrix",
    "SeverityRule",
    "SharedFile",
    "Source",
    "Statement",
    "System",
    "Target",
    "Task",
    "TimelineHead",
    "TradingHours",
    "Waiver",
]
