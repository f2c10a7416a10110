"""The same table, tried: every role calls every use case, and is let in or refused as it says."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any, get_type_hints

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from cases import (
    evaluation,
    evidence,
    fixes,
    notices,
    packages,
    procedures,
    requests,
    thread,
    workflow,
)
from cases.anomalies import switching
from cases.intake import reports, sources
from cases.models import AccessRule, Category, Letter, NoticeCopy, RegimeRule, SharedFile, System
from cases.regulation import outcomes
from incidentdesk.kernel import access, grants
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import DeskError, NotAllowed
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES
from notifications import contacts
from notifications.models import Message
from partners import directory, invitations, tokens, webhooks
from partners.models import Invitation, Partner
from reviews import (
    actions,
    attending,
    causes,
    controls,
    documents,
    lessons,
    plans,
    problems,
    trackers,
)
from reviews import workflow as review_workflow
from reviews.models import Control, Review
from tests.architecture.test_permissions import (
    APPROVE_REVIEW,
    ASKS_OTHERWISE,
    SEND,
    USE_CASES,
)
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
CALLERS = USE_CASES | {n: w for n, (_, w) in ASKS_OTHERWISE.items() if w != "(all)"}


class Undo(Exception):
    """Takes back what a call that was let in did."""


@pytest.fixture
def things(incident_in, people, helix, source, tmp_path) -> dict[str, Any]:
    """A value for every argument that names something which has to exist."""
    incident = incident_in("review")
    review_workflow.open_missing(at=LATER)
    review = Review.objects.get(incident=incident)
    who = {"by": people.actor("responder"), "at": LATER, "review_id": review.pk}
    owner = people["responder"].pk
    known = {"title": "Runbook", "owner_id": owner}
    action = actions.agree(**who, **known, kind="prevent", due_on=date(2026, 3, 30))
    control = Control.objects.create(number="AC-01", title="Four eyes")
    check = controls.add_check(**who, control_id=control.pk, verdict="worked")
    document = documents.add(**who, **known, kind="runbook", due_on=date(2026, 3, 30))
    cause = causes.add(**who, text="A lock.", kind="technology")
    attendee = attending.add(**who, name="A guest")
    lesson = lessons.add(**who, text="Ask twice.", tags=[])
    comms = people.actor("communications")
    waiting = notices.draft(
        incident_id=incident.pk,
        kind="update",
        body="Still watching.",
        involvement_ids=list(incident.involvements.values_list("pk", flat=True)),
        by=comms,
        at=LATER,
    )
    told = reports.report(
        title="Odd fills",
        description="Two fills twice.",
        noticed_at=NOW,
        by=people.contact("helix", helix),
        at=NOW,
    )
    asked = requests.ask(
        incident_id=incident.pk,
        involvement_id=incident.involvements.get().pk,
        question="Which orders?",
        why="",
        due_at=LATER + timedelta(days=1),
        uploads=[ContentFile(b"x", name="list.csv")],
        by=comms,
        at=LATER,
    )
    thread.reply(
        involvement_id=incident.involvements.get().pk,
        text="We see it too.",
        by=people.contact("helix", helix),
        at=LATER,
    )
    return {
        "to": tmp_path / "leaving.zip",
        **_pieces(incident, people),
        "request_id": asked.pk,
        "procedure_id": procedures.keep(
            title="Stale prices",
            version="3",
            scope="All users.",
            valid_until=LATER.date(),
            attested_by="Head of operations",
            link="https://helix.test/p",
            by=people.contact("helix", helix),
            at=LATER,
        ).pk,
        "method_id": 0,
        "message_id": Message.objects.filter(kind="notice").latest("pk").pk,
        "wish": contacts.Wish(label="Phone"),
        "how": switching.How(kind="level"),
        "typed": {"title": "Odd fills"},
        "regime": "dora",
        "answers": {"supports_critical": True},
        "mailed": [1, 2],
        "zone": "Europe/Berlin",
        "style": "iso",
        "number": 1,
        "seen_number": 1,
        "file_id": SharedFile.objects.get().pk,
        "due_at": LATER + timedelta(days=2),
        "until": LATER + timedelta(days=2),
        "incident_id": incident.pk,
        "review_id": review.pk,
        "action_id": action.pk,
        "check_id": check.pk,
        "document_id": document.pk,
        "cause_id": cause.pk,
        "attendee_id": attendee.pk,
        "words": review_workflow.ForPartners(partner_cause="A lock."),
        "lesson_id": lesson.pk,
        "control_id": control.pk,
        **_learning(incident, people),
        "notice_id": waiting.pk,
        "copy_id": NoticeCopy.objects.filter(sent_at__isnull=False).latest("pk").pk,
        "copy_ids": [NoticeCopy.objects.filter(sent_at__isnull=False).latest("pk").pk],
        "report_id": told.pk,
        "letter_id": Letter.objects.create(
            size=1, sha256="0" * 64, digest="x", received_at=NOW, outcome="quarantined", why="x"
        ).pk,
        "involvement_id": incident.involvements.get().pk,
        "affected_id": incident.systems.get().pk,
        "task_id": incident.tasks.first().pk,
        "figures": packages.Figures(text="Fills were late."),
        "outcome": outcomes.Outcome("not_sent", reason="Nobody was there."),
        "clock_id": incident.regulatory_clocks.create(
            rule=RegimeRule.objects.get(key="GDPR-33"),
            outcome="not_sent",
            reason="x",
            recorded_at=LATER,
            recorded_by=people["commander"],
        ).pk,
        "task_ids": [incident.tasks.first().pk],
        "upload": ContentFile(b"status: ok", name="status.txt"),
        "category_id": Category.objects.get(key="outage").pk,
        "playbook_id": Category.objects.get(key="outage").playbooks.get().pk,
        "system_id": System.objects.create(name="order-gw").pk,
        "partner_id": helix.pk,
        "contact_id": helix.contacts.get().pk,
        "invitation_id": _invited(helix),
        **_machines(helix, people),
        "source_id": source.pk,
        "expressions": {"title": "name"},
        "rule_id": AccessRule.objects.get(kind="barred").pk,
        "values": {},
        "user_id": people["auditor"].pk,
        "assignment_id": incident.assignments.get(role="commander").pk,
        "owner_id": owner,
        "right": "act",
        "opening": workflow.Opening(
            title="x", detection="staff", detected_by="x", detected_at=LATER
        ),
        "found": evaluation.Evaluation(
            category_id=Category.objects.get(key="outage").pk,
            impact=4,
            scope=4,
            urgency=3,
        ),
        "text": "code,email,name\n",
        "findings": review_workflow.Findings(root_cause="A lock."),
        "source_format": sources.Source.Format.ALERTMANAGER,
        "approved": True,
        "severities": [1, 2],
        "is_active": True,
    }


def _invited(helix: Partner) -> int:
    """An open invitation of Helix."""
    by = _with("administer", Partner.objects.create(name="Spare", code="SPARE"))
    known = {"name": "Tia", "email": "tia@helix.test", "right": "act"}
    made = invitations.invite(**known, by=by, at=LATER)
    Invitation.objects.filter(pk=made.pk).update(partner=helix)
    return made.pk


def _machines(helix: Partner, people: Any) -> dict[str, Any]:
    """A token, a webhook of Helix, and what was sent to that."""
    boss = User.objects.create_user("boss@helix.test", name="Boss")
    grants.grant(boss, "administer", helix)
    who = {"by": access.actor_for(boss, partner_id=helix.pk), "at": LATER}
    made, _ = webhooks.add(url="https://helix.test/", events=["request.opened"], **who)
    token, _ = tokens.make(name="x", scopes=[], by=people.contact("helix", helix), at=LATER)
    sent = webhooks.try_out(webhook_id=made.pk, **who)
    return {"token_id": token.pk, "webhook_id": made.pk, "delivery_id": sent.pk}


def _learning(incident: Any, people: Any) -> dict[str, Any]:
    """A plan with an item, a problem with an incident, an issue tracker."""
    by, owner = people.actor("security"), people["security"].pk
    span = {"begins_on": date(2026, 7, 1), "ends_on": date(2026, 12, 31)}
    plan = plans.begin(title="H2", owner_id=owner, **span, by=by, at=LATER)
    plans.gather(plan_id=plan.pk, by=by, at=LATER)
    held = {"incident_ids": [incident.pk], "owner_id": owner}
    problem = problems.record(title="Again", **held, by=by, at=LATER)
    admin = {"by": people.actor("administrator"), "at": LATER}
    tracker, _ = trackers.add(name="Tracker", url="https://tracker.test/", **admin)
    return {
        "plan_id": plan.pk,
        "item_id": plan.items.first().pk,
        "problem_id": problem.pk,
        "tracker_id": tracker.pk,
        "incident_ids": [incident.pk],
        "begins_on": date(2027, 1, 1),
        "ends_on": date(2027, 6, 30),
        "next_on": date(2026, 9, 1),
    }


def _pieces(incident: Any, people: Any) -> dict[str, Any]:
    """A piece of evidence, a temporary fix in place and a permanent one."""
    who = {"by": people.actor("commander"), "at": LATER}
    upload = SimpleUploadedFile("gateway.log", b"09:38 gap")
    piece = evidence.add(
        incident_id=incident.pk,
        upload=upload,
        title="Gateway log",
        collector="R. Ives",
        collected_at=NOW,
        **who,
    )
    proposed = [
        fixes.propose(
            incident_id=incident.pk,
            kind=kind,
            text="Restart nightly.",
            change_reference=f"CHG-{kind}",
            test_evidence="Staging.",
            rollback_plan="Stop the timer.",
            owner_id=people["responder"].pk,
            expires_on=LATER.date(),
            **who,
        )
        for kind in ("temporary", "permanent")
    ]
    for fix in proposed:
        fixes.approve(fix_id=fix.pk, by=people.actor("security"), at=LATER)
    return {
        "upload": SimpleUploadedFile("other.log", b"x"),
        "evidence_id": piece.pk,
        "purpose": "viewed",
        "fix_id": proposed[0].pk,
        "by_fix_id": proposed[1].pk,
        "kind": "prevent",
    }


def _value(kind: Any, name: str) -> Any:
    """Something of the type that an argument wants."""
    text = str(kind)
    plain = {str: "x", int: 1, bool: False, datetime: LATER, date: LATER.date()}
    if kind in plain:
        return plain[kind]
    if "None" in text:
        return None
    if "Sequence" in text or "list" in text:
        return []
    raise AssertionError(f"Say in `things` what {name} may be: {text}.")


def _arguments(use_case: Callable[..., Any], things: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(use_case)
    return {
        name: things[name] if name in things else _value(hints[name], name)
        for name, parameter in inspect.signature(use_case).parameters.items()
        if parameter.default is inspect.Parameter.empty and name not in ("by", "at")
    }


def _is_let_in(use_case: Callable[..., Any], arguments: dict[str, Any], by: Actor) -> bool:
    at = {"at": LATER} if "at" in inspect.signature(use_case).parameters else {}
    try:
        with transaction.atomic():
            use_case(**arguments, by=by, **at)
            raise Undo
    except NotAllowed:
        return False
    except (DeskError, Undo):
        return True


def _with(right: str, partner: Partner) -> Actor:
    """Somebody who holds this right, and no other, on the partner."""
    user = User.objects.create_user(
        f"{right}@{partner.code.lower()}.test", name=f"{partner} {right}"
    )
    grants.grant(user, right, partner)
    return access.actor_for(user, partner_id=partner.pk)


@pytest.mark.asvs("8.2.1", 3)
@pytest.mark.mistake(5)
def test_every_use_case_lets_in_whom_the_table_names(things, people, helix):
    """`note_review` is asked for an approval here, which fewer may give than write; `resend` for a
    notice, which fewer may send than page."""
    by_name = {f"{key}": people.actor(key) for key in ROLES}
    for right in directory.RIGHTS:
        by_name[f"partner:{right}"] = _with(right, helix)
    found, strangers = {}, set()
    for name in CALLERS:
        module, _, function = name.rpartition(".")
        use_case = getattr(import_module(module), function)
        arguments = _arguments(use_case, things)
        let_in = {who for who, by in by_name.items() if _is_let_in(use_case, arguments, by)}
        found[name] = " ".join(sorted(let_in))
        for nobody in (Actor(name="Nobody"), Actor(name="A contact", user_id=people["helix"].pk)):
            strangers |= {name} if _is_let_in(use_case, arguments, nobody) else set()
    table = {name: " ".join(sorted(who.split())) for name, who in CALLERS.items()}
    fewer = {"cases.reviewed.note_review": APPROVE_REVIEW, "cases.resending.resend": SEND}
    assert found == table | fewer
    assert strangers == set()
