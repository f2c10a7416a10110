"""Roles as code: role → permissions, in words that an auditor reads. No role, no right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """Every right there is; the value is what an auditor reads."""

    INCIDENT_READ = "read incidents, alerts, notices and reviews"
    INCIDENT_DECLARE = "declare an incident"
    INCIDENT_ACKNOWLEDGE = "acknowledge a page"
    INCIDENT_RESPOND = "work on an incident: evaluate, update, tasks, systems"
    INCIDENT_COMMAND = "command an incident: move it, sign statements, lower its severity"
    INCIDENT_CLASSIFY = "classify an incident for reports to authorities"
    INCIDENT_PAGE = "page a person or a group"
    REPORT_TRIAGE = "triage what partners report"
    NOTICE_DRAFT = "list affected partners, disclose to them, ask and write to them, draft notices"
    NOTICE_APPROVE = "approve a notice that somebody else drafted"
    NOTICE_SEND = "send an approved notice"
    FIX_APPROVE = "approve a fix that somebody else proposed"
    REVIEW_WRITE = "write the review: causes, controls, actions, documents, lessons"
    REVIEW_APPROVE = "approve a review of an incident one did not command"
    PLAN_WRITE = "decide on lessons in plans, and keep problem records of what recurs"
    ACTION_SYNC = "say what an issue tracker knows of preventive actions"
    RISK_ACCEPT = "accept a risk that remains: a temporary fix that stays"
    REGISTER_WRITE = "change registers: partners, systems, playbooks, sources, paths"
    PEOPLE_WRITE = "add people and give them roles"
    AUDIT_READ = "read the audit trail and the message log"
    PARTNER_READ = "read as this partner"
    PARTNER_ACT = "act for this partner: acknowledge, report"
    PARTNER_ADMINISTER = "administer this partner's people"


@dataclass(frozen=True)
class Role:
    """A role: its key (stored), its name, what it is for, and its permissions."""

    key: str
    label: str
    words: str
    permissions: frozenset[Permission]


P = Permission
_RESPOND = frozenset(
    {
        P.INCIDENT_READ,
        P.INCIDENT_DECLARE,
        P.INCIDENT_ACKNOWLEDGE,
        P.INCIDENT_RESPOND,
        P.INCIDENT_PAGE,
        P.FIX_APPROVE,
        P.REVIEW_WRITE,
        P.ACTION_SYNC,
    }
)

ROLES: dict[str, Role] = {
    role.key: role
    for role in (
        Role("responder", "Responder", "Works on incidents.", _RESPOND),
        Role(
            "commander",
            "Incident commander",
            "Leads an incident through its phases and decides.",
            _RESPOND
            | {P.INCIDENT_COMMAND, P.INCIDENT_CLASSIFY, P.REPORT_TRIAGE}
            | {P.NOTICE_DRAFT, P.NOTICE_SEND, P.PLAN_WRITE, P.RISK_ACCEPT},
        ),
        Role(
            "communications",
            "Communications",
            "Tells partners what happened, accurately and in time.",
            frozenset(
                {
                    P.INCIDENT_READ,
                    P.INCIDENT_DECLARE,
                    P.INCIDENT_ACKNOWLEDGE,
                    P.REPORT_TRIAGE,
                    P.NOTICE_DRAFT,
                    P.NOTICE_SEND,
                }
            ),
        ),
        Role(
            "approver",
            "Approver",
            "The second person: approves notices and reviews.",
            frozenset(
                {
                    P.INCIDENT_READ,
                    P.INCIDENT_ACKNOWLEDGE,
                    P.NOTICE_APPROVE,
                    P.NOTICE_SEND,
                    P.REVIEW_APPROVE,
                }
            ),
        ),
        Role(
            "security",
            "Security lead",
            "Responds, approves reviews, reads the audit trail.",
            _RESPOND
            | {P.INCIDENT_CLASSIFY, P.REPORT_TRIAGE, P.NOTICE_APPROVE, P.REVIEW_APPROVE}
            | {P.PLAN_WRITE, P.AUDIT_READ, P.RISK_ACCEPT},
        ),
        Role(
            "administrator",
            "Administrator",
            "Keeps people and registers; the last one a page reaches.",
            frozenset(
                {
                    P.INCIDENT_READ,
                    P.INCIDENT_DECLARE,
                    P.INCIDENT_ACKNOWLEDGE,
                    P.REGISTER_WRITE,
                    P.PEOPLE_WRITE,
                    P.AUDIT_READ,
                }
            ),
        ),
        Role(
            "auditor",
            "Auditor",
            "Reads everything, recorded; changes nothing.",
            frozenset({P.INCIDENT_READ, P.AUDIT_READ}),
        ),
    )
}


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """All permissions that these role keys give together."""
    return frozenset(p for key in roles if key in ROLES for p in ROLES[key].permissions)


@dataclass(frozen=True)
class TokenScope:
    """What a token may be used for, at most; its person's roles may still give less."""

    key: str
    words: str
    permissions: frozenset[Permission]


READ_SCOPE = "read"  # part of every token: what one may not see, one cannot change

TOKEN_SCOPES: dict[str, TokenScope] = {
    scope.key: scope
    for scope in (
        TokenScope(READ_SCOPE, "reads what its person reads", frozenset({P.INCIDENT_READ})),
        TokenScope(
            "respond",
            "declares, acknowledges and works on incidents, pages people",
            frozenset(
                {
                    P.INCIDENT_DECLARE,
                    P.INCIDENT_ACKNOWLEDGE,
                    P.INCIDENT_RESPOND,
                    P.INCIDENT_PAGE,
                }
            ),
        ),
        TokenScope(
            "command",
            "moves incidents, signs statements, lowers severities",
            frozenset({P.INCIDENT_COMMAND}),
        ),
        TokenScope("triage", "triages what partners report", frozenset({P.REPORT_TRIAGE})),
        TokenScope(
            "notify",
            "lists and tells partners: disclosures, drafts, sending what was approved",
            frozenset({P.NOTICE_DRAFT, P.NOTICE_SEND}),
        ),
        TokenScope("review", "writes reviews and their actions", frozenset({P.REVIEW_WRITE})),
        TokenScope(
            "track",
            "sets what an issue tracker knows of preventive actions: reference, link, progress",
            frozenset({P.ACTION_SYNC}),
        ),
        TokenScope(
            "approve",
            "is the second person: approves fixes, notices and reviews",
            frozenset({P.FIX_APPROVE, P.NOTICE_APPROVE, P.REVIEW_APPROVE}),
        ),
        TokenScope(
            "accept",
            "accepts a risk that remains: a temporary fix that stays",
            frozenset({P.RISK_ACCEPT}),
        ),
        TokenScope("registers", "changes registers", frozenset({P.REGISTER_WRITE})),
        TokenScope("audit", "reads the message log", frozenset({P.AUDIT_READ})),
    )
}
# The same for a token of somebody at a partner: their right on that partner may give less.
PARTNER_SCOPES: dict[str, TokenScope] = {
    scope.key: scope
    for scope in (
        TokenScope(READ_SCOPE, "reads what its person reads", frozenset({P.PARTNER_READ})),
        TokenScope("act", "acknowledges, reports, answers and writes", frozenset({P.PARTNER_ACT})),
    )
}
# What no token may do, whoever has it: giving people rights, classifying for a regulator, and
# deciding what becomes of lessons and recurrences need the person at the desk.
NEVER_BY_TOKEN = frozenset({P.PEOPLE_WRITE, P.INCIDENT_CLASSIFY, P.PLAN_WRITE})


def permissions_within(scopes: Iterable[str]) -> frozenset[Permission]:
    """All permissions that these scopes of a token let through."""
    return _within(scopes, TOKEN_SCOPES)


def partner_permissions_within(scopes: Iterable[str]) -> frozenset[Permission]:
    """The same for a token of somebody at a partner."""
    return _within(scopes, PARTNER_SCOPES)


def _within(scopes: Iterable[str], known: Mapping[str, TokenScope]) -> frozenset[Permission]:
    return frozenset(p for key in scopes if key in known for p in known[key].permissions)


def scopes_of(roles: Iterable[str]) -> list[TokenScope]:
    """The scopes that a person with these roles may give a token: at least a part is theirs."""
    given = permissions_of(roles)
    return [scope for scope in TOKEN_SCOPES.values() if scope.permissions & given]
