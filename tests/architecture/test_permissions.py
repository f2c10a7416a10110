"""Who may do what: role × permission, and role × use case, as an auditor reads them.

Use cases are found in the source: a new one fails here until it stands in the table. A use case is
a public function whose arguments are all keyword-only and one of which is `by: Actor`; what takes
an incident or a review positionally is a step that a use case calls under its lock.
"""

from __future__ import annotations

import ast
from functools import cache

import pytest

from incidentdesk.kernel import access
from incidentdesk.kernel.roles import ROLES, Permission
from tests.architecture.source import modules

ROLE_TABLE = {
    "responder": {
        "INCIDENT_READ",
        "INCIDENT_DECLARE",
        "INCIDENT_ACKNOWLEDGE",
        "INCIDENT_RESPOND",
        "INCIDENT_PAGE",
        "FIX_APPROVE",
        "REVIEW_WRITE",
        "ACTION_SYNC",
    },
    "commander": {
        "INCIDENT_READ",
        "INCIDENT_DECLARE",
        "INCIDENT_ACKNOWLEDGE",
        "INCIDENT_RESPOND",
        "INCIDENT_PAGE",
        "FIX_APPROVE",
        "REVIEW_WRITE",
        "ACTION_SYNC",
        "PLAN_WRITE",
        "INCIDENT_COMMAND",
        "INCIDENT_CLASSIFY",
        "REPORT_TRIAGE",
        "NOTICE_DRAFT",
        "NOTICE_SEND",
        "RISK_ACCEPT",
    },
    "communications": {
        "INCIDENT_READ",
        "INCIDENT_DECLARE",
        "INCIDENT_ACKNOWLEDGE",
        "REPORT_TRIAGE",
        "NOTICE_DRAFT",
        "NOTICE_SEND",
    },
    "approver": {
        "INCIDENT_READ",
        "INCIDENT_ACKNOWLEDGE",
        "NOTICE_APPROVE",
        "NOTICE_SEND",
        "REVIEW_APPROVE",
    },
    "security": {
        "INCIDENT_READ",
        "INCIDENT_DECLARE",
        "INCIDENT_ACKNOWLEDGE",
        "INCIDENT_RESPOND",
        "INCIDENT_PAGE",
        "FIX_APPROVE",
        "REVIEW_WRITE",
        "INCIDENT_CLASSIFY",
        "ACTION_SYNC",
        "PLAN_WRITE",
        "REPORT_TRIAGE",
        "NOTICE_APPROVE",
        "REVIEW_APPROVE",
        "AUDIT_READ",
        "RISK_ACCEPT",
    },
    "administrator": {
        "INCIDENT_READ",
        "INCIDENT_DECLARE",
        "INCIDENT_ACKNOWLEDGE",
        "REGISTER_WRITE",
        "PEOPLE_WRITE",
        "AUDIT_READ",
    },
    "auditor": {"INCIDENT_READ", "AUDIT_READ"},
}

# Rows of the second table: who may call it. `partner:` rights are grants on the partner.
READ = "administrator approver auditor commander communications responder security"
DECLARE = "administrator commander communications responder security"
ACKNOWLEDGE = "administrator approver commander communications responder security"
RESPOND = "commander responder security"
COMMAND = "commander"
TRIAGE = "commander communications security"
DRAFT = "commander communications"
APPROVE_NOTICE = "approver security"
SEND = "approver commander communications"
WRITE_REVIEW = "commander responder security"
APPROVE_REVIEW = "approver security"
REGISTER = "administrator"
PEOPLE = "administrator"
PARTNER = "partner:act partner:administer"
PARTNER_ADMINISTRATOR = "partner:administer"
READ = "administrator approver auditor commander communications responder security"
ACCEPT_RISK = "commander security"
CLASSIFY = "commander security"
PLAN = "commander security"

USE_CASES = {
    "cases.workflow.open_incident": DECLARE,
    "cases.workflow.acknowledge": ACKNOWLEDGE,
    "cases.workflow.take_command": COMMAND,
    "cases.workflow.begin_containment": COMMAND,
    "cases.workflow.begin_mitigation": COMMAND,
    "cases.workflow.begin_recovery": COMMAND,
    "cases.workflow.begin_review": COMMAND,
    "cases.workflow.close": APPROVE_REVIEW,
    "cases.workflow.dismiss": COMMAND,
    "cases.workflow.reopen": COMMAND,
    "cases.workflow.step_back": COMMAND,
    "cases.crew.assign": RESPOND,
    "cases.crew.hand_over": ACKNOWLEDGE,
    "cases.crew.ask_to_command": COMMAND,
    "cases.crew.accept": ACKNOWLEDGE,
    "cases.crew.decline": ACKNOWLEDGE,
    "cases.crew.leave": ACKNOWLEDGE,
    "cases.handing.hand_over": ACKNOWLEDGE,
    "cases.restriction.restrict": COMMAND,
    "cases.restriction.admit": COMMAND,
    "cases.restriction.exclude": COMMAND,
    "cases.restriction.lift": COMMAND,
    "cases.holds.place": COMMAND,
    "cases.holds.lift": COMMAND,
    "cases.splitting.split": COMMAND,
    "cases.evaluation.evaluate": RESPOND,
    "cases.evaluation.override_severity": RESPOND,
    "cases.evaluation.correct_time": RESPOND,
    "cases.evaluation.change_matrix": REGISTER,
    "cases.classification.classify": CLASSIFY,
    "cases.regulation.outcomes.record": COMMAND,
    "cases.regulation.outcomes.record_anchor": COMMAND,
    "cases.regulation.outcomes.take_back": COMMAND,
    "cases.response.post_update": RESPOND,
    "cases.response.add_system": RESPOND,
    "cases.response.change_system": RESPOND,
    "cases.response.set_down": RESPOND,
    "cases.tasks.add": RESPOND,
    "cases.tasks.assign": RESPOND,
    "cases.tasks.end": RESPOND,
    "cases.tasks.confirm": RESPOND,
    "cases.tasks.reopen": RESPOND,
    "cases.playbooks.start_draft": REGISTER,
    "cases.playbooks.publish": REGISTER,
    "cases.playbooks.discard_draft": REGISTER,
    "cases.response.record_cause": RESPOND,
    "cases.response.record_recovery": RESPOND,
    "cases.response.clear_alerts": COMMAND,
    "cases.response.sign": COMMAND,
    "cases.waivers.waive": COMMAND,
    "cases.response.page": RESPOND,
    "cases.correcting.correct": RESPOND,
    "cases.correcting.blank": COMMAND,
    "cases.saved_views.keep": READ,
    "cases.saved_views.forget": READ,
    "cases.disclosure.add_partner": DRAFT,
    "cases.disclosure.edit_involvement": DRAFT,
    "cases.disclosure.disclose": DRAFT,
    "cases.deciding.decide": COMMAND,
    "cases.notices.draft": DRAFT,
    "cases.notices.edit": DRAFT,
    "cases.notices.approve": APPROVE_NOTICE,
    "cases.notices.withdraw": DRAFT,
    "cases.notices.send": SEND,
    "cases.notices.send_in_emergency": COMMAND,
    "cases.notices.acknowledge": PARTNER,
    "cases.packages.hand_over": SEND,
    "cases.requests.ask": DRAFT,
    "cases.requests.answer": PARTNER,
    "cases.requests.ask_for_time": PARTNER,
    "cases.requests.decide_on_time": DRAFT,
    "cases.requests.ask_again": DRAFT,
    "cases.requests.accept": DRAFT,
    "cases.requests.withdraw": DRAFT,
    "cases.files.open_file": READ,
    "cases.procedures.keep": PARTNER,
    "cases.procedures.withdraw": PARTNER,
    "cases.thread.write": DRAFT,
    "cases.thread.reply": PARTNER,
    "cases.thread.need_no_answer": DRAFT,
    "cases.receipts.note_opened": f"{PARTNER} partner:audit",
    "cases.drafting.keep": PARTNER,
    "cases.drafting.discard": PARTNER,
    "cases.framework.publish": REGISTER,
    "cases.intake.reports.report": PARTNER,
    "cases.intake.reports.take_in": TRIAGE,
    "cases.intake.mail.quarantine.accept": TRIAGE,
    "cases.intake.mail.quarantine.dismiss": TRIAGE,
    "cases.intake.reports.accept": TRIAGE,
    "cases.intake.reports.attach": TRIAGE,
    "cases.intake.reports.decline": TRIAGE,
    "cases.anomalies.answers.answer": RESPOND,
    "cases.anomalies.answers.take_back": RESPOND,
    "cases.anomalies.switching.change": REGISTER,
    "cases.anomalies.switching.limit": REGISTER,
    "cases.anomalies.switching.switch_on": REGISTER,
    "cases.anomalies.switching.switch_off": REGISTER,
    "cases.access.trying.try_out": REGISTER,
    "cases.access.trying.switch_on": REGISTER,
    "cases.access.trying.switch_off": REGISTER,
    "cases.access.trying.change": REGISTER,
    "cases.intake.sources.create": REGISTER,
    "cases.intake.sources.renew_key": REGISTER,
    "cases.intake.sources.end_former_key": REGISTER,
    "cases.intake.sources.change_expressions": REGISTER,
    "cases.intake.sources.send_test": REGISTER,
    "cases.evidence.add": RESPOND,
    "cases.evidence.open_file": READ,
    "cases.evidence.verify": RESPOND,
    "cases.evidence.attach": RESPOND,
    "cases.evidence.export": READ,
    "cases.fixes.propose": RESPOND,
    "cases.fixes.approve": RESPOND,
    "cases.fixes.withdraw": RESPOND,
    "cases.fixes.replace": RESPOND,
    "cases.fixes.accept": ACCEPT_RISK,
    "cases.restoring.record_check": RESPOND,
    "cases.restoring.reconcile": RESPOND,
    "cases.restoring.confirm": PARTNER,
    "cases.restoring.record_residual_exposure": COMMAND,
    "notifications.rotas.duty.take_over": ACKNOWLEDGE,
    "notifications.rotas.duty.end_take_over": ACKNOWLEDGE,
    "notifications.rotas.duty.be_away": ACKNOWLEDGE,
    "notifications.rotas.duty.come_back": ACKNOWLEDGE,
    "notifications.rotas.swaps.ask": ACKNOWLEDGE,
    "notifications.rotas.swaps.answer": ACKNOWLEDGE,
    "notifications.rotas.swaps.withdraw": ACKNOWLEDGE,
    "notifications.rotas.feeds.make": ACKNOWLEDGE,
    "notifications.rotas.feeds.end": ACKNOWLEDGE,
    "notifications.rotas.register.add": REGISTER,
    "notifications.rotas.register.change": REGISTER,
    "notifications.rotas.register.cancel_change": REGISTER,
    "notifications.rotas.register.import_layer": REGISTER,
    "partners.directory.give_login": REGISTER,
    "partners.directory.take_login": REGISTER,
    "partners.forgetting.forget": REGISTER,
    "incidentdesk.kernel.retention.change": REGISTER,
    "incidentdesk.kernel.people.forget": PEOPLE,
    "incidentdesk.offboarding.export": REGISTER,
    "incidentdesk.offboarding.take": REGISTER,
    "partners.invitations.invite": PARTNER_ADMINISTRATOR,
    "partners.invitations.withdraw": PARTNER_ADMINISTRATOR,
    "partners.preferences.change": f"{PARTNER} partner:audit",
    "partners.team.change_right": PARTNER_ADMINISTRATOR,
    "partners.team.remove": PARTNER_ADMINISTRATOR,
    "partners.tokens.make": f"{PARTNER} partner:audit",
    "partners.tokens.revoke": f"{PARTNER} partner:audit",
    "partners.webhooks.add": PARTNER_ADMINISTRATOR,
    "partners.webhooks.choose": PARTNER_ADMINISTRATOR,
    "partners.webhooks.rotate": PARTNER_ADMINISTRATOR,
    "partners.webhooks.switch_off": PARTNER_ADMINISTRATOR,
    "partners.webhooks.remove": PARTNER_ADMINISTRATOR,
    "partners.webhooks.switch_on": PARTNER_ADMINISTRATOR,
    "partners.webhooks.try_out": PARTNER_ADMINISTRATOR,
    "partners.webhooks.replay": PARTNER_ADMINISTRATOR,
    "partners.sheets.import_contacts": REGISTER,
    "partners.sheets.import_partners": REGISTER,
    "partners.sheets.import_terms": REGISTER,
    "cases.sheets.import_systems": REGISTER,
    "reviews.workflow.write": WRITE_REVIEW,
    "reviews.workflow.write_for_partners": WRITE_REVIEW,
    "reviews.causes.add": WRITE_REVIEW,
    "reviews.causes.edit": WRITE_REVIEW,
    "reviews.causes.remove": WRITE_REVIEW,
    "reviews.attending.add": WRITE_REVIEW,
    "reviews.attending.remove": WRITE_REVIEW,
    "reviews.documents.add": WRITE_REVIEW,
    "reviews.documents.finish": WRITE_REVIEW,
    "reviews.documents.remove": WRITE_REVIEW,
    "reviews.documents.need_none": WRITE_REVIEW,
    "reviews.approval.ask": WRITE_REVIEW,
    "reviews.approval.send_back": APPROVE_REVIEW,
    "reviews.reporting.draft": DRAFT,
    "reviews.workflow.finish": APPROVE_REVIEW,
    "reviews.actions.agree": WRITE_REVIEW,
    "reviews.actions.start": WRITE_REVIEW,
    "reviews.actions.finish": WRITE_REVIEW,
    "reviews.actions.verify": WRITE_REVIEW,
    "reviews.actions.send_back": WRITE_REVIEW,
    "reviews.actions.postpone": WRITE_REVIEW,
    "reviews.actions.drop": WRITE_REVIEW,
    "reviews.synchronising.note": WRITE_REVIEW,
    "reviews.controls.add_check": WRITE_REVIEW,
    "reviews.controls.remove_check": WRITE_REVIEW,
    "reviews.controls.look_over": WRITE_REVIEW,
    "reviews.lessons.add": WRITE_REVIEW,
    "reviews.lessons.remove": WRITE_REVIEW,
    "reviews.plans.begin": PLAN,
    "reviews.plans.gather": PLAN,
    "reviews.plans.decide": PLAN,
    "reviews.plans.close": PLAN,
    "reviews.problems.record": PLAN,
    "reviews.problems.add": PLAN,
    "reviews.problems.take_out": PLAN,
    "reviews.problems.understand": PLAN,
    "reviews.problems.resolve": PLAN,
    "reviews.problems.reopen": PLAN,
    "reviews.problems.set_aside": PLAN,
    "reviews.sheets.import_controls": REGISTER,
    "reviews.trackers.add": REGISTER,
    "reviews.trackers.renew_secret": REGISTER,
    "reviews.trackers.switch_off": REGISTER,
    "reviews.trackers.switch_on": REGISTER,
    "notifications.contacts.add": ACKNOWLEDGE,
    "notifications.contacts.send_code": ACKNOWLEDGE,
    "notifications.contacts.verify": ACKNOWLEDGE,
    "notifications.contacts.change": ACKNOWLEDGE,
    "notifications.contacts.remove": ACKNOWLEDGE,
    "notifications.contacts.try_out": ACKNOWLEDGE,
    "incidentdesk.kernel.people.add": PEOPLE,
    "incidentdesk.kernel.people.change": PEOPLE,
    "incidentdesk.kernel.people.set_password": PEOPLE,
    "incidentdesk.kernel.people.invite": PEOPLE,
    "incidentdesk.kernel.factors.remove": PEOPLE,
    "incidentdesk.kernel.sessions.end": PEOPLE,
    "incidentdesk.kernel.tokens.make": READ,
    "incidentdesk.kernel.tokens.revoke": READ,
}

# What whoever can be paged does about their own turns; what is another's, `require_own` asks.
ON_CALL = {
    f"notifications.rotas.{name}"
    for name in (
        "duty.take_over",
        "duty.end_take_over",
        "duty.be_away",
        "duty.come_back",
        "swaps.ask",
        "swaps.answer",
        "swaps.withdraw",
        "feeds.make",
        "feeds.end",
    )
}

# How one is reached is everybody's own affair who may be paged.
OWN_WAYS = {
    f"notifications.contacts.{name}"
    for name in ("add", "send_code", "verify", "change", "remove", "try_out")
}

# Use cases that do not ask for exactly one permission, and why; the table has their callers.
ASKS_OTHERWISE = {
    "cases.reviewed.note_review": (
        "an approval needs the right to approve, anything else the right to write",
        "approver commander responder security",
    ),
    "cases.intake.internal.report": ("whoever works here, whatever their roles are", READ),
    "cases.resending.resend": (
        "what goes to the desk needs the right to page, what goes to others that to send notices",
        "approver commander communications responder security",
    ),
    "cases.framework.acknowledge": (
        "where a partner has no administrator, whoever acts for it",
        PARTNER_ADMINISTRATOR,
    ),
    "cases.restoring.confirm_partner": (
        "whoever talks to partners hears it, and so does whoever responds",
        "commander communications responder security",
    ),
    "reviews.workflow.begin": ("its one call, the move into Review, asks", COMMAND),
    "incidentdesk.kernel.audit.record": ("a line about what was asked for elsewhere", "(all)"),
}

# Steps with an actor that use cases call under their lock, or that only read.
STEPS = {
    "cases.anomalies.telling.alerts_of",
    "cases.bases.begin",
    "cases.bases.put",
    "cases.bases.require_fit",
    "cases.consequences.of",
    "cases.evaluation.tell",
    "cases.moments.begin",
    "cases.receipts.acknowledged",
    "cases.moments.put",
    "cases.personal_data.ask",
    "cases.personal_data.settle",
    "cases.regulation.answered.record",
    "cases.crew.ask",
    "cases.custody.exported",
    "cases.custody.note",
    "cases.leading.acknowledge",
    "cases.leading.lead",
    "cases.merging.merge",
    "cases.merging.part",
    "cases.merging.find",
    "cases.merging.locked_with_target",
    "cases.queries.locked",
    "cases.sight.admit",
    "reviews.drafting.locked",
    "reviews.drafting.locked_part",
    "cases.disclosure.list_named",
    "cases.disclosure.list_reporter",
    "cases.intake.trial.would",
    "cases.disclosure.show",
    "cases.dispatch.page_admitted",
    "cases.dispatch.page_approvers",
    "cases.dispatch.page_unasked",
    "cases.drafting.forget",
    "cases.files.kept",
    "cases.vault.infection_told",
    "cases.moving.arrive",
    "cases.moving.note_move",
    "cases.moving.take_back_recovery",
    "cases.timeline.record",
    "incidentdesk.kernel.exchange.apply",
    "incidentdesk.kernel.factors.record",
    "incidentdesk.kernel.people.require_changeable",
    "incidentdesk.kernel.sessions.end_own",
    "incidentdesk.kernel.tokens.person",
    "reviews.actions.begin",
    "reviews.actions.complete",
    "reviews.drafting.note",
    "reviews.drafting.require_draft",
    "reviews.drafting.take_up",
    "reviews.drafting.tell",
    "notifications.rotas.changing.note",
    "notifications.rotas.changing.may_for_others",
    "notifications.rotas.changing.require_own",
    "notifications.rotas.changing.whose",
    "partners.directory.set_right",
    "partners.directory.shut_out",
    "partners.directory.shut_out_inactive",
    "partners.leaving.end_all",
    "partners.leaving.end_everywhere",
    "cases.regulation.anchors.put",
    "cases.regulation.clocks.follow",
    "cases.regulation.clocks.follow_all",
    "cases.regulation.clocks.tell",
    "cases.regulation.duty.decided_none",
    "cases.regulation.duty.dismissed",
    "cases.regulation.duty.resume",
    "cases.deciding.lapse",
}

PARTNER_RIGHTS = {
    "PARTNER_READ": {"partner:act", "partner:administer", "partner:audit"},
    "PARTNER_ACT": {"partner:act", "partner:administer"},
    "PARTNER_ADMINISTER": {"partner:administer"},
}


def _acting() -> dict[str, ast.FunctionDef]:
    """Every public function with `by: Actor` outside interfaces, by its dotted name."""
    return {
        f"{module.name}.{node.name}": node
        for module in modules()
        if not any(
            part in f"{module.name}." for part in (".admin.", ".portal.", ".dashboard.", ".api.")
        )
        and not module.name.startswith("incidentdesk.demo")
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and any(
            argument.arg == "by"
            and argument.annotation
            and "Actor" in ast.unparse(argument.annotation)
            for argument in (*node.args.args, *node.args.kwonlyargs)
        )
    }


@cache
def use_cases() -> dict[str, ast.FunctionDef]:
    """The use cases among them."""
    return {name: node for name, node in _acting().items() if not node.args.args}


def required(node: ast.FunctionDef) -> list[str]:
    """The permissions that a use case asks for in its own body, unconditionally, by name."""
    return [
        argument.attr
        for statement in node.body
        if isinstance(statement, ast.Expr) and isinstance(call := statement.value, ast.Call)
        if ast.unparse(call.func) == "access.require"
        if isinstance(argument := call.args[1], ast.Attribute)
    ]


def _holders(permission: str) -> set[str]:
    staff = {key for key, role in ROLES.items() if Permission[permission] in role.permissions}
    return staff | PARTNER_RIGHTS.get(permission, set())


def test_every_role_has_these_permissions_and_no_others():
    found = {key: {p.name for p in role.permissions} for key, role in ROLES.items()}
    assert found == ROLE_TABLE


def test_every_permission_is_held_by_somebody_and_asked_for_somewhere():
    given = {p for permissions in ROLE_TABLE.values() for p in permissions} | set(PARTNER_RIGHTS)
    assert given == {p.name for p in Permission}
    words = [p.value for p in Permission]
    assert len(set(words)) == len(words)


def test_rights_that_partners_hold_are_given_by_no_role():
    assert {p.name for p in access._GRANTS} == set(PARTNER_RIGHTS)
    assert {
        permission.name: {f"partner:{codename}" for codename in codenames}
        for permission, codenames in access._GRANTS.items()
    } == PARTNER_RIGHTS


def test_every_use_case_may_be_called_by_these_and_nobody_else():
    found = {
        name: " ".join(sorted({who for p in required(node) for who in _holders(p)}))
        for name, node in use_cases().items()
        if name not in ASKS_OTHERWISE
    }
    assert found == USE_CASES


def test_every_role_may_call_these_use_cases():
    """The same table by role. The auditor changes nothing: what it may is everybody's at the desk.

    These are readings, written down, one's own views, tokens that do no more than that, and saying
    what one saw.
    """
    callers = USE_CASES | {name: who for name, (_, who) in ASKS_OTHERWISE.items()}
    everybody = {name for name, who in callers.items() if who == READ}
    assert everybody == {
        "cases.evidence.open_file",
        "cases.evidence.export",
        "cases.files.open_file",
        "cases.intake.internal.report",
        "cases.saved_views.keep",
        "cases.saved_views.forget",
        "incidentdesk.kernel.tokens.make",
        "incidentdesk.kernel.tokens.revoke",
    }
    callers = {name: who for name, who in callers.items() if name not in everybody}
    by_role = {key: {n for n, who in callers.items() if key in who.split()} for key in ROLES}
    assert by_role["auditor"] == set()
    assert by_role["administrator"] == ON_CALL | OWN_WAYS | {
        "cases.intake.sources.change_expressions",
        "cases.intake.sources.end_former_key",
        "cases.intake.sources.send_test",
        "cases.framework.publish",
        "cases.crew.hand_over",
        "cases.crew.accept",
        "cases.crew.decline",
        "cases.crew.leave",
        "cases.handing.hand_over",
        "cases.workflow.open_incident",
        "cases.workflow.acknowledge",
        "cases.evaluation.change_matrix",
        "cases.anomalies.switching.change",
        "cases.anomalies.switching.limit",
        "cases.anomalies.switching.switch_on",
        "cases.anomalies.switching.switch_off",
        "cases.access.trying.try_out",
        "cases.access.trying.switch_on",
        "cases.access.trying.switch_off",
        "cases.access.trying.change",
        "cases.intake.sources.create",
        "partners.forgetting.forget",
        "incidentdesk.kernel.retention.change",
        "incidentdesk.kernel.people.forget",
        "incidentdesk.offboarding.export",
        "incidentdesk.offboarding.take",
        "cases.intake.sources.renew_key",
        "cases.playbooks.start_draft",
        "cases.playbooks.publish",
        "cases.playbooks.discard_draft",
        "notifications.rotas.register.add",
        "notifications.rotas.register.cancel_change",
        "notifications.rotas.register.change",
        "notifications.rotas.register.import_layer",
        "partners.directory.give_login",
        "partners.directory.take_login",
        "partners.sheets.import_contacts",
        "partners.sheets.import_partners",
        "partners.sheets.import_terms",
        "cases.sheets.import_systems",
        "reviews.sheets.import_controls",
        "reviews.trackers.add",
        "reviews.trackers.renew_secret",
        "reviews.trackers.switch_off",
        "reviews.trackers.switch_on",
        "incidentdesk.kernel.people.add",
        "incidentdesk.kernel.people.change",
        "incidentdesk.kernel.people.set_password",
        "incidentdesk.kernel.people.invite",
        "incidentdesk.kernel.factors.remove",
        "incidentdesk.kernel.sessions.end",
    }
    assert by_role["approver"] == ON_CALL | OWN_WAYS | {
        "cases.crew.hand_over",
        "cases.crew.accept",
        "cases.crew.decline",
        "cases.crew.leave",
        "cases.handing.hand_over",
        "cases.workflow.acknowledge",
        "cases.notices.approve",
        "cases.notices.send",
        "cases.packages.hand_over",
        "cases.resending.resend",
        "cases.workflow.close",
        "cases.reviewed.note_review",
        "reviews.approval.send_back",
        "reviews.workflow.finish",
    }
    assert by_role["communications"] == ON_CALL | OWN_WAYS | {
        "cases.crew.hand_over",
        "cases.crew.accept",
        "cases.crew.decline",
        "cases.crew.leave",
        "cases.handing.hand_over",
        "cases.workflow.open_incident",
        "cases.workflow.acknowledge",
        "cases.disclosure.add_partner",
        "cases.disclosure.edit_involvement",
        "cases.disclosure.disclose",
        "cases.notices.draft",
        "reviews.reporting.draft",
        "cases.notices.edit",
        "cases.notices.withdraw",
        "cases.notices.send",
        "cases.packages.hand_over",
        "cases.resending.resend",
        "cases.requests.ask",
        "cases.requests.decide_on_time",
        "cases.requests.ask_again",
        "cases.requests.accept",
        "cases.requests.withdraw",
        "cases.thread.write",
        "cases.thread.need_no_answer",
        "cases.intake.mail.quarantine.accept",
        "cases.intake.mail.quarantine.dismiss",
        "cases.intake.reports.take_in",
        "cases.intake.reports.accept",
        "cases.intake.reports.attach",
        "cases.intake.reports.decline",
        "cases.restoring.confirm_partner",
    }
    assert by_role["responder"] < by_role["commander"]
    assert by_role["responder"] < by_role["security"]
    alone = {n: who for n, who in callers.items() if who == "approver security"}
    assert set(alone) == {
        "cases.notices.approve",
        "cases.workflow.close",
        "reviews.approval.send_back",
        "reviews.workflow.finish",
    }


@pytest.mark.asvs("8.2.1", 3)
@pytest.mark.mistake(5)
def test_every_use_case_asks_for_exactly_one_permission_or_says_why_not():
    counted = {name: len(required(node)) for name, node in use_cases().items()}
    assert {name for name, count in counted.items() if count != 1} == set(ASKS_OTHERWISE)


@pytest.mark.asvs("8.2.1", 3)
@pytest.mark.mistake(5)
def test_every_use_case_asks_before_it_writes():
    writing = {"save", "create", "update", "delete", "bulk_create", "record", "queue", "grant"}
    late = set()
    for name, node in use_cases().items():
        if name in ASKS_OTHERWISE:
            continue
        for statement in node.body:
            calls = [ast.unparse(n.func) for n in ast.walk(statement) if isinstance(n, ast.Call)]
            if "access.require" in calls:
                break
            late |= {f"{name}: {c}" for c in calls if c.split(".")[-1] in writing}
    assert late == set()


def test_every_use_case_is_one_transaction_with_by_and_at():
    """`record` writes its line into the transaction of whoever calls it."""
    plain = {
        name
        for name, node in use_cases().items()
        if [ast.unparse(d) for d in node.decorator_list] != ["transaction.atomic"]
    }
    assert plain == {"incidentdesk.kernel.audit.record"}
    without_time = {
        name
        for name, node in use_cases().items()
        if not any(argument.arg == "at" for argument in node.args.kwonlyargs)
    }
    assert without_time == set()


def test_every_step_below_a_use_case_is_known_and_asks_nobody():
    steps = {name: node for name, node in _acting().items() if node.args.args}
    assert set(steps) == STEPS
    asking = {name for name, node in steps.items() if "access.require" in ast.unparse(node)}
    assert asking == set()


def test_every_use_case_says_what_it_does():
    assert {name for name, node in use_cases().items() if not ast.get_docstring(node)} == set()
