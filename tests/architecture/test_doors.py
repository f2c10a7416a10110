"""One door per tool: what a lint rule can be told to look away from is counted here once more."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.source import ROOT, Module, modules

OURS = modules()


def _where(found) -> set[str]:
    """The files for which `found(module)` is true."""
    return {module.file for module in OURS if found(module)}


def _calls(module: Module, ending: str) -> bool:
    return any(name == ending or name.endswith(f".{ending}") for name, _ in module.calls())


def _imports(module: Module, package: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for name in module.imported())


def test_on_commit_occurs_once_and_outlives_a_failure():
    found = [(m.file, call) for m in OURS for name, call in m.calls() if name.endswith("on_commit")]
    assert [file for file, _ in found] == ["incidentdesk/kernel/worker.py"]
    robust = {k.arg: ast.unparse(k.value) for k in found[0][1].keywords}
    assert robust == {"robust": "True"}


@pytest.mark.parametrize(
    ("package", "doors"),
    [
        (
            "guardian",
            {
                "incidentdesk/kernel/grants.py",
                "partners/models/permission.py",
                "cases/models/permission.py",
            },
        ),
        ("pghistory", {"incidentdesk/kernel/history.py"}),
        ("markdown", {"incidentdesk/kernel/markdown.py"}),
        ("nh3", {"incidentdesk/kernel/markdown.py"}),
        ("celery", {"incidentdesk/celery.py", "incidentdesk/kernel/worker.py"}),
        ("aiosmtpd", {"cases/intake/mail/server.py"}),
        ("imaplib", {"cases/intake/mail/mailbox.py", "cases/management/commands/receive_mail.py"}),
        ("dns", {"cases/intake/mail/resolver.py"}),
        ("spf", {"cases/intake/mail/verdicts.py"}),
        ("dkim", {"cases/intake/mail/verdicts.py"}),
        ("smtplib", {"notifications/channels/email.py"}),
        ("http.client", {"incidentdesk/kernel/outgoing.py"}),
        *((web, set()) for web in ("requests", "urllib3", "urllib.request", "httpx", "aiohttp")),
        ("standardwebhooks", {"notifications/channels/webhook.py"}),
        ("jmespath", {"cases/intake/expressions.py"}),
        ("icalendar", {"notifications/rotas/feeds.py", "notifications/rotas/icsfile.py"}),
        ("recurring_ical_events", {"notifications/rotas/icsfile.py"}),
        ("holidays", {"notifications/rotas/holidays.py"}),
        (
            "cryptography",
            {"cases/intake/aws.py", "cases/replies.py", "incidentdesk/kernel/encrypted.py"},
        ),
        ("apprise", {"notifications/channels/apprise.py"}),
        ("anymail", {"notifications/channels/email.py", "notifications/channels/receipts.py"}),
        ("django.dispatch", set()),
        ("django.db.models.signals", set()),
        ("django.core.signals", set()),
    ],
)
def test_a_tool_is_imported_at_its_door_only(package, doors):
    assert _where(lambda m: _imports(m, package)) == doors


def test_mail_is_sent_by_the_channels_and_by_nobody_else():
    mail = _where(lambda m: _imports(m, "django.core.mail"))
    assert mail <= {f"notifications/channels/{name}.py" for name in ("email", "eml")}
    assert "notifications/channels/email.py" in mail
    assert _where(lambda m: _calls(m, "send_mail") or _calls(m, "EmailMultiAlternatives")) <= {
        "notifications/channels/email.py",
        "incidentdesk/accounts.py",  # allauth's hook: mails with a secret link leave no row
        "incidentdesk/kernel/passwords.py",  # calls that hook
    }


def test_the_clock_is_read_in_one_place():
    readers = re.compile(r"(timezone|datetime|date)\.(now|utcnow|today)$|^time\.(time|time_ns)$")
    found = _where(lambda m: any(readers.search(name) for name, _ in m.calls()))
    assert found == {"incidentdesk/kernel/clocks.py"}
    database = {
        "incidentdesk/kernel/models/people.py",
        "incidentdesk/kernel/models/records.py",
        "cases/models/entry.py",
    }  # defaults of columns
    assert _where(lambda m: _calls(m, "Now")) == database


def test_only_interfaces_ask_for_the_present_time():
    interfaces = re.compile(
        r"/admin/|/portal/|/management/|/templatetags/|/jobs\.py|/webhook\.py|/intake/mail/(server|mailbox)\.py|/eml\.py|^incidentdesk/\w+\.py"
        r"|^incidentdesk/(dashboard|api|doctor)/|^incidentdesk/kernel/(desk|dialogs|reader|scope|sheet_pages|taken|admin)"
    )
    asking = _where(lambda m: _calls(m, "clocks.now"))
    assert {file for file in asking if not interfaces.search(file)} == set()


def test_no_model_saves_with_rules_of_its_own():
    overridden = {"save", "delete", "asave", "bulk_create", "full_clean", "refresh_from_db"}
    found = {
        f"{module.file}:{node.name}.{method.name}"
        for module in OURS
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name in overridden
    }
    assert found == set()


def test_the_desk_has_no_signal_receivers():
    def receives(module: Module) -> bool:
        return any(re.search(r"(^|\.)(receiver|connect)$", name) for name, _ in module.calls())

    assert {f for f in _where(receives) if not f.startswith("incidentdesk/embedded/")} == set()


def test_a_phase_is_written_by_transitions_only():
    writes = re.compile(
        r"(update|update_or_create|filter\(\)\.update)\([^)]*\bphase\s*="  # in bulk
        r"|cases_incident\s+SET[^;]*\bphase"  # in SQL
        r"|\bsetattr\([^)]*[\"']phase[\"']",
        re.IGNORECASE,
    )
    found = {m.file for m in OURS if writes.search(ast.unparse(m.tree))}
    assert found == set()
    assigned = {
        f"{module.file}: {ast.unparse(target)}"
        for module in OURS
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Attribute) and target.attr == "phase"
    }
    assert assigned == {"cases/moving.py: involvement.phase"}  # a partner's copy, no lifecycle


def test_the_fsm_is_asked_by_the_lifecycle_s_use_cases_only():
    assert _where(lambda m: _imports(m, "django_fsm")) == {"cases/models/incident.py"}
    moves = {
        "begin_containment",
        "begin_mitigation",
        "begin_recovery",
        "begin_review",
        "close",
        "dismiss",
        "reopen",
        "step_back",
    }
    performed = {
        name.split(".")[-1]
        for module in OURS
        for name, call in module.calls()
        if name.startswith("incident.")
        and not call.args
        and not call.keywords
        and name.split(".")[-1] in moves
    }
    assert performed == moves
    assert _where(
        lambda m: any(n.split(".")[-1] in moves and n.startswith("incident.") for n, _ in m.calls())
    ) == {"cases/workflow.py"}


def test_nobody_is_remembered_in_a_thread():
    assert _where(lambda m: _calls(m, "threading.local") or _imports(m, "crum")) == set()


@pytest.mark.asvs("8.2.1", 3)
def test_permissions_are_asked_at_the_rule_and_never_of_the_user():
    asked = re.compile(r"\.(has_perms?|has_module_perms)$|permission_required|user_passes_test")
    assert _where(lambda m: any(asked.search(name) for name, _ in m.calls())) == set()
    superuser = {m.file for m in OURS if "is_superuser" in ast.unparse(_without_docs(m.tree))}
    assert superuser == set()


def test_interfaces_write_nothing_themselves():
    """A page, a button and a job make one call; rows change in use cases."""
    edge = re.compile(
        r"^cases/admin/|^reviews/admin/|/portal/|/jobs\.py$|^incidentdesk/(dashboard|api)/"
    )
    writing = {
        "save",
        "create",
        "get_or_create",
        "update_or_create",
        "bulk_create",
        "bulk_update",
        "delete",
        "execute",
        "select_for_update",
        "atomic",
    }
    found = {
        f"{module.file}: {name}"
        for module in OURS
        if edge.search(module.file)
        for name, _ in module.calls()
        if name.split(".")[-1] in writing
    }
    assert found == set()


def test_pure_rules_know_no_database_no_clock_and_no_web():
    pure = [
        "cases/severity.py",
        "cases/gates/__init__.py",
        "cases/gates/rule.py",
        "cases/gates/table.py",
        "cases/intake/desk.py",
        "cases/intake/metrics.py",
        "cases/intake/signal.py",
        "cases/intake/formats.py",
        "cases/intake/alertmanager.py",
        "cases/intake/pagerduty.py",
        "cases/intake/expressions.py",
        "cases/intake/plain.py",
        "cases/intake/presets.py",
        "cases/intake/heartbeat.py",
        "cases/intake/sns.py",
        "reviews/completeness.py",
        "incidentdesk/kernel/roles.py",
        "incidentdesk/kernel/errors.py",
    ]
    kept = {module.file: module.imported() for module in OURS if module.file in pure}
    assert sorted(kept) == sorted(pure)
    known = {
        (file, name)
        for file, names in kept.items()
        for name in names
        if re.match(r"django(?!\.utils\.dateparse)|\w+\.models|\w+\.kernel\.(clocks|models)", name)
    }
    assert known == set()


def test_a_person_s_name_of_the_database_stands_in_settings_and_kernel_only():
    """Raw SQL of roles and scopes has one home; SQL elsewhere is reading and counting."""
    sql = re.compile(r"set_config|SET ROLE|SET LOCAL|ROW LEVEL SECURITY|current_setting", re.I)
    found = {m.file for m in OURS if sql.search(ast.unparse(_without_docs(m.tree)))}
    home = {f"incidentdesk/kernel/{name}.py" for name in ("database", "patience", "scope")}
    assert found == home | {"incidentdesk/doctor/rows.py"}  # which looks whether they hold


def test_words_of_the_desk_that_a_partner_reads_unapproved_are_refused_names_in_each_of_these():
    asking = {
        f"{module.name}.{function.name}"
        for module in OURS
        for function in module.functions()
        if "accuracy.require_own(" in ast.unparse(function)
    }
    assert asking == {
        "cases.admin.registers.clean",  # a category
        "cases.disclosure.add_partner",
        "cases.disclosure.edit_involvement",
        "cases.disclosure.list_reporter",
        "cases.framework.publish",
        "cases.intake.reports.decline",
        "cases.packages.hand_over",
        "cases.requests._note",  # each step of a request
        "cases.requests.ask",  # why it is asked
        "cases.restoring.confirm_partner",
        "cases.thread.write",
    }


def test_nothing_is_left_for_later():
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|not implemented", re.IGNORECASE)
    texts = [
        *(m.path for m in OURS),
        *(ROOT / "templates").rglob("*.*"),
        *(p for p in (ROOT / "static").rglob("*.*") if p.suffix in (".js", ".css")),
    ]
    assert [str(p) for p in texts if words.search(p.read_text(encoding="utf-8"))] == []


def _without_docs(tree: ast.Module) -> ast.Module:
    """The tree without its docstrings."""
    copy = ast.parse(ast.unparse(tree))
    for node in ast.walk(copy):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return copy
