"""The second wall stands alone: as the portal's role, unfiltered queries give one partner's rows.

Nothing here goes through `cases.visibility`; the database itself refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import DatabaseError, ProgrammingError, connection, transaction

from cases import columns
from cases.models import (
    Category,
    Digest,
    DigestLine,
    FactsPackage,
    Incident,
    Involvement,
    NoticeCopy,
    PartnerEvent,
    Procedure,
    Remark,
    Report,
    Request,
    RequestStep,
    SharedFile,
)
from incidentdesk.kernel import access, grants
from incidentdesk.kernel.models import Token
from incidentdesk.kernel.scope import partner_scope
from notifications.models import Message, MessageEvent
from partners import deliveries, invitations, preferences, team, tokens, webhooks
from partners.models import (
    Contact,
    Delivery,
    Invitation,
    PartnerUserObjectPermission,
    Webhook,
)
from tests.conftest import NOW
from tests.partners.conftest import Both

pytestmark = pytest.mark.django_db

READABLE = {
    "cases_framework": set(columns.FRAMEWORK_COLUMNS),
    "cases_frameworkreading": set(columns.READING_COLUMNS),
    "cases_digest": set(columns.DIGEST_COLUMNS),
    "cases_digestline": set(columns.LINE_COLUMNS),
    "cases_factspackage": set(columns.PACKAGE_COLUMNS),
    "cases_involvement": set(columns.INVOLVEMENT_COLUMNS),
    "cases_noticecopy": set(columns.COPY_COLUMNS),
    "cases_procedure": set(columns.PROCEDURE_COLUMNS),
    "cases_receipt": set(columns.RECEIPT_COLUMNS),
    "cases_remark": set(columns.REMARK_COLUMNS),
    "cases_report": set(columns.REPORT_COLUMNS),
    "cases_reportdraft": set(columns.DRAFT_COLUMNS),
    "cases_request": set(columns.REQUEST_COLUMNS),
    "cases_requeststep": set(columns.STEP_COLUMNS),
    "cases_sharedfile": set(columns.FILE_COLUMNS),
    "cases_partnerevent": set(columns.EVENT_COLUMNS),
    "partners_contact": set(team.CONTACT_COLUMNS),
    "partners_invitation": set(invitations.COLUMNS),
    "partners_partneruserobjectpermission": {"id", "user_id", "permission_id", "content_object_id"},
    "partners_preferences": set(preferences.COLUMNS),
    "partners_terms": set(preferences.TERMS_COLUMNS),
    "partners_webhook": set(webhooks.COLUMNS),
    "partners_delivery": set(deliveries.DELIVERY_COLUMNS),
    "notifications_message": set(deliveries.MESSAGE_COLUMNS),
    "notifications_messageevent": set(deliveries.LINE_COLUMNS),
    "auth_permission": {"id", "codename"},
    "kernel_token": set(tokens.COLUMNS),
    "cases_category": {"id", "key", "name", "description", "position", "is_active"},
}
SCOPED = [
    Digest,
    DigestLine,
    FactsPackage,
    Involvement,
    NoticeCopy,
    Procedure,
    Remark,
    Report,
    Request,
    RequestStep,
    SharedFile,
    PartnerEvent,
    Webhook,
    Delivery,
    Token,
    Message,
    MessageEvent,
]


def tables() -> dict[str, set[str]]:
    """Every table there is, with its columns: those of models and those of nobody."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        )
        found: dict[str, set[str]] = {}
        for table, column in cursor.fetchall():
            found.setdefault(table, set()).add(column)
    of_models = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    }
    assert of_models <= set(found)
    return found


@contextmanager
def one_try() -> Iterator[None]:
    """A statement that may fail without ending the test's transaction."""
    with transaction.atomic():
        yield


def is_refused(sql: str) -> bool:
    """Whether the database denies the right to do this; any other error is the test's own."""
    try:
        with one_try(), connection.cursor() as cursor:
            cursor.execute(sql)
    except ProgrammingError as error:
        if "permission denied" not in str(error):
            raise
        return True
    return False


def is_readable(table: str, what: str) -> bool:
    """Whether the portal's role may read this of the table."""
    return not is_refused(f"SELECT {what} FROM {connection.ops.quote_name(table)}")  # noqa: S608


def test_only_these_tables_can_be_read(both: Both) -> None:
    every = tables()
    assert len(every) > 30
    with partner_scope(both.a.partner.pk):
        readable = {table for table in every if is_readable(table, "count(*)")}
    assert readable == set(READABLE)


def test_of_these_only_the_granted_columns(both: Both) -> None:
    every = tables()
    with partner_scope(both.a.partner.pk):
        readable = {
            table: {column for column in every[table] if is_readable(table, f'"{column}"')}
            for table in READABLE
        }
    assert readable == READABLE


@pytest.mark.parametrize(
    "statement",
    [
        'INSERT INTO "{table}" DEFAULT VALUES',
        'UPDATE "{table}" SET "{column}" = "{column}"',
        'DELETE FROM "{table}"',
        'TRUNCATE "{table}"',
        'LOCK TABLE "{table}" IN EXCLUSIVE MODE',
        'SELECT "{column}" FROM "{table}" FOR UPDATE',
    ],
)
def test_nothing_can_be_changed(both: Both, statement: str) -> None:
    every = tables()
    with partner_scope(both.a.partner.pk):
        for table, columns in every.items():
            column = "id" if "id" in columns else min(columns)
            assert is_refused(statement.format(table=table, column=column)), table


def test_no_sequence_can_be_counted(both: Both) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
        sequences = [name for (name,) in cursor.fetchall()]
    assert len(sequences) > 20
    with partner_scope(both.a.partner.pk):
        for name in sequences:
            assert is_refused(f"SELECT nextval('\"{name}\"')"), name
            assert not is_readable(name, "last_value"), name
        assert is_refused("SELECT cases_reference(2026)")


def test_unfiltered_queries_give_exactly_the_own_rows(both: Both) -> None:
    for side in (both.a, both.b):
        with partner_scope(side.partner.pk):
            involvements = Involvement.objects.values_list("pk", "title", "meaning")
            copies = NoticeCopy.objects.values_list("pk", "body")
            reports = Report.objects.values_list("pk", "title", "description", "answer")
            asked = Request.objects.values_list("pk", "question", "why")
            assert set(asked) == {(side.asked.pk, f"{side.word} question", f"{side.word} why")}
            assert set(RequestStep.objects.values_list("text")) == {(f"{side.word} question",)}
            assert set(Remark.objects.values_list("text")) == {(f"{side.word} remark",)}
            assert set(Procedure.objects.values_list("title")) == {(f"{side.word} procedure",)}
            assert set(SharedFile.objects.values_list("name")) == {(f"{side.word}-list.csv",)}
            assert set(involvements) == {
                (side.involvement.pk, f"{side.word}  view", f"{side.word}  meaning")
            }
            assert set(copies) == {(side.sent.pk, f"{side.word} notice")}
            assert set(reports) == {
                (
                    side.report.pk,
                    f"{side.word} report",
                    f"{side.word} description",
                    f"{side.word} answer",
                )
            }


def test_of_the_register_only_the_own_people_are_there(both: Both) -> None:
    for side in (both.a, both.b):
        with partner_scope(side.partner.pk):
            assert list(Contact.objects.order_by("id").values_list("user_id", flat=True)) == [
                side.user.pk
            ]
            rights = PartnerUserObjectPermission.objects.values_list("user_id", "content_object_id")
            assert list(rights) == [(side.user.pk, side.partner.pk)]
            assert not Invitation.objects.values("id").exists()


def test_of_programs_only_the_own_are_there(both: Both) -> None:
    """Tokens, webhooks, what these were sent, and each try; of no other message anything."""
    sent = {}
    for side in (both.a, both.b):
        grants.grant(side.user, "administer", side.partner)
        by = access.actor_for(side.user, partner_id=side.partner.pk)
        tokens.make(name=f"{side.word} token", scopes=[], by=by, at=NOW)
        url = f"https://{side.word.lower()}.test/"
        made, _ = webhooks.add(url=url, events=["request.opened"], by=by, at=NOW)
        sent[side.word] = webhooks.try_out(webhook_id=made.pk, by=by, at=NOW)
    assert Message.objects.count() > 2
    for side in (both.a, both.b):
        own = sent[side.word]
        with partner_scope(side.partner.pk):
            told = set(PartnerEvent.objects.values_list("number", "data__reference"))
            assert told == {(n, side.involvement.reference) for n in (1, 2, 3)}
            assert set(Token.objects.values_list("name")) == {(f"{side.word} token",)}
            urls = {(own.webhook.url,), (f"https://{side.word.lower()}.test/hook",)}
            assert set(Webhook.objects.values_list("url")) == urls
            assert set(Delivery.objects.values_list("pk")) == {(own.pk,)}
            assert set(Message.objects.values_list("pk")) == {(own.message_id,)}
            assert set(MessageEvent.objects.values_list("message_id")) == {(own.message_id,)}


@pytest.mark.asvs("8.2.2", 1)
@pytest.mark.asvs("8.4.1", 2)
def test_a_row_of_another_is_not_there_even_by_its_id(both: Both) -> None:
    with partner_scope(both.a.partner.pk):
        for model, row in [
            (Involvement, both.b.involvement),
            (Involvement, both.a.hidden),
            (NoticeCopy, both.b.sent),
            (Report, both.b.report),
            (Request, both.b.asked),
        ]:
            assert not model.objects.filter(pk=row.pk).exists()


def test_a_model_that_is_read_whole_is_refused(both: Both) -> None:
    with partner_scope(both.a.partner.pk):
        for model in [Incident, Involvement, NoticeCopy, Report, Request, RequestStep]:
            with pytest.raises(ProgrammingError, match="permission denied"), one_try():
                list(model.objects.all())
        assert Category.objects.exists()


def test_the_role_without_a_partner_sees_nothing(both: Both) -> None:
    for partner in ("", None):
        with transaction.atomic():
            with connection.cursor() as cursor:
                if partner is not None:
                    cursor.execute("SELECT set_config('app.partner_id', %s, true)", [partner])
                cursor.execute("SET LOCAL ROLE partner_portal")
            assert {m.objects.count() for m in SCOPED} == {0}
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL ROLE NONE")


def test_a_partner_that_is_no_number_is_refused() -> None:
    with pytest.raises((ValueError, DatabaseError)), partner_scope("1; DROP"):
        pass
