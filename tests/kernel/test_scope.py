"""The partner scope: the database's second wall, and the way in and out of it."""

from __future__ import annotations

from functools import partial

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.test import RequestFactory

from cases import columns, disclosure
from cases.models import Involvement, NoticeCopy, Report
from incidentdesk.kernel import grants, once, scope
from incidentdesk.kernel.errors import GONE, Conflict
from incidentdesk.kernel.models import Session
from incidentdesk.sessions import SessionStore
from partners import deliveries, invitations, preferences, team, tokens, webhooks
from partners.models import Partner
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def whoami() -> tuple[str, str]:
    """The role and the partner that the connection works as."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, coalesce(current_setting('app.partner_id', true), '')")
        return cursor.fetchone()


APPLICATION = settings.DATABASES["default"]["USER"]


def refusal(statement: str) -> str:
    with (
        pytest.raises(DatabaseError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    return str(refused.value).splitlines()[0]


# --- in and out -----------------------------------------------------------------------------------


def test_inside_one_works_as_the_portal_for_one_partner_and_afterwards_as_before():
    before = whoami()
    with scope.partner_scope(7):
        assert whoami() == (settings.PORTAL_ROLE, "7")
    assert whoami() == before == (APPLICATION, "")


def test_a_scope_in_a_scope_gives_the_outer_one_back():
    with scope.partner_scope(7):
        with scope.partner_scope(8):
            assert whoami() == (settings.PORTAL_ROLE, "8")
        assert whoami() == (settings.PORTAL_ROLE, "7")
    assert whoami() == (APPLICATION, "")


@pytest.mark.django_db(transaction=True)
def test_an_error_inside_ends_the_scope_too():
    with pytest.raises(ZeroDivisionError), scope.partner_scope(7):
        raise ZeroDivisionError
    assert whoami() == (APPLICATION, "")
    with pytest.raises(DatabaseError), scope.partner_scope(7), connection.cursor() as cursor:
        cursor.execute("SELECT 1/0")
    assert whoami() == (APPLICATION, "")


@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_scope_stays_on_a_kept_connection():
    pid = _pid()
    with scope.partner_scope(7):
        assert _pid() == pid
    assert (whoami(), _pid()) == ((APPLICATION, ""), pid)


def _pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


@pytest.mark.parametrize("partner_id", ["7; RESET ROLE", "x", None])
def test_a_scope_is_for_a_number_and_for_nothing_else(partner_id):
    with pytest.raises((ValueError, TypeError)), scope.partner_scope(partner_id):
        raise AssertionError("inside")
    assert whoami() == (APPLICATION, "")


# --- what the portal's role may read --------------------------------------------------------------


@pytest.mark.asvs("8.2.3", 4)
def test_the_portal_may_read_these_columns_and_write_nothing():
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, a.attname, p.privilege
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid,
                unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS p (privilege)
            WHERE c.relkind IN ('r', 'v', 'm', 'p') AND c.relnamespace = 'public'::regnamespace
              AND a.attnum > 0 AND NOT a.attisdropped
              AND has_column_privilege(%s, c.oid, a.attnum, p.privilege)
            """,
            [settings.PORTAL_ROLE],
        )
        found: dict[tuple[str, str], set[str]] = {}
        for table, column, privilege in cursor.fetchall():
            found.setdefault((table, privilege), set()).add(column)
    assert found == {
        ("cases_digest", "SELECT"): set(columns.DIGEST_COLUMNS),
        ("cases_digestline", "SELECT"): set(columns.LINE_COLUMNS),
        ("cases_factspackage", "SELECT"): set(columns.PACKAGE_COLUMNS),
        ("cases_involvement", "SELECT"): set(columns.INVOLVEMENT_COLUMNS),
        ("cases_noticecopy", "SELECT"): set(columns.COPY_COLUMNS),
        ("cases_partnerevent", "SELECT"): set(columns.EVENT_COLUMNS),
        ("cases_procedure", "SELECT"): set(columns.PROCEDURE_COLUMNS),
        ("cases_receipt", "SELECT"): set(columns.RECEIPT_COLUMNS),
        ("cases_remark", "SELECT"): set(columns.REMARK_COLUMNS),
        ("cases_report", "SELECT"): set(columns.REPORT_COLUMNS),
        ("cases_reportdraft", "SELECT"): set(columns.DRAFT_COLUMNS),
        ("cases_request", "SELECT"): set(columns.REQUEST_COLUMNS),
        ("cases_requeststep", "SELECT"): set(columns.STEP_COLUMNS),
        ("cases_sharedfile", "SELECT"): set(columns.FILE_COLUMNS),
        ("cases_framework", "SELECT"): set(columns.FRAMEWORK_COLUMNS),
        ("cases_frameworkreading", "SELECT"): set(columns.READING_COLUMNS),
        ("cases_category", "SELECT"): {
            "id",
            "key",
            "name",
            "description",
            "position",
            "is_active",
        },
        ("partners_contact", "SELECT"): set(team.CONTACT_COLUMNS),
        ("partners_invitation", "SELECT"): set(invitations.COLUMNS),
        ("partners_partneruserobjectpermission", "SELECT"): {
            "id",
            "user_id",
            "permission_id",
            "content_object_id",
        },
        ("partners_preferences", "SELECT"): set(preferences.COLUMNS),
        ("partners_terms", "SELECT"): set(preferences.TERMS_COLUMNS),
        ("partners_webhook", "SELECT"): set(webhooks.COLUMNS),
        ("partners_delivery", "SELECT"): set(deliveries.DELIVERY_COLUMNS),
        ("notifications_message", "SELECT"): set(deliveries.MESSAGE_COLUMNS),
        ("notifications_messageevent", "SELECT"): set(deliveries.LINE_COLUMNS),
        ("kernel_token", "SELECT"): set(tokens.COLUMNS),
        ("auth_permission", "SELECT"): {"id", "codename"},
    }
    assert "digest" not in {*invitations.COLUMNS, *tokens.COLUMNS}
    assert not {"secret", "former_secret"} & set(webhooks.COLUMNS)
    assert not {"to_address", "subject", "body_text", "body_html"} & set(deliveries.MESSAGE_COLUMNS)
    assert not {"incident_id", "added_at", "disclosed_by_id"} & set(columns.INVOLVEMENT_COLUMNS)
    assert not {"notice_id", "incident_id"} & set(columns.COPY_COLUMNS)
    assert not {"incident_id", "triaged_by_id"} & set(columns.REPORT_COLUMNS)


def test_the_portal_may_delete_nothing_use_no_sequence_and_call_no_function_of_ours():
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND (
              c.relkind = 'r' AND (has_table_privilege(%(role)s, c.oid, 'DELETE')
                OR has_table_privilege(%(role)s, c.oid, 'TRUNCATE'))
              OR c.relkind = 'S' AND (has_sequence_privilege(%(role)s, c.oid, 'USAGE')
                OR has_sequence_privilege(%(role)s, c.oid, 'SELECT')))
            """,
            {"role": settings.PORTAL_ROLE},
        )
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT has_function_privilege(%s, 'cases_reference(int)', 'EXECUTE')",
            [settings.PORTAL_ROLE],
        )
        assert cursor.fetchone() == (False,)


def test_every_table_that_names_a_partner_and_is_read_by_the_portal_has_row_security():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relrowsecurity"
            " AND relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        secured = [row[0] for row in cursor.fetchall()]
    assert secured == [
        "cases_digest",
        "cases_digestline",
        "cases_factspackage",
        "cases_frameworkreading",
        "cases_involvement",
        "cases_letter",
        "cases_noticecopy",
        "cases_partnerevent",
        "cases_procedure",
        "cases_receipt",
        "cases_remark",
        "cases_report",
        "cases_reportdraft",
        "cases_request",
        "cases_requeststep",
        "cases_sharedfile",
        "kernel_finding",
        "kernel_progress",
        "kernel_session",
        "kernel_token",
        "notifications_absence",
        "notifications_calendarfeed",
        "notifications_contactmethod",
        "notifications_escalationstep_rotas",
        "notifications_fixedshift",
        "notifications_holiday",
        "notifications_holidaycalendar",
        "notifications_layer",
        "notifications_layerperson",
        "notifications_message",
        "notifications_messageevent",
        "notifications_override",
        "notifications_rota",
        "notifications_swap",
        "notifications_window",
        "partners_contact",
        "partners_delivery",
        "partners_invitation",
        "partners_partneruserobjectpermission",
        "partners_preferences",
        "partners_terms",
        "partners_webhook",
    ]


@pytest.fixture
def shared(incident_in, walk, people, helix, norrbank, declare):
    """One incident that Helix was told of and Norrbank was not; another that only Norrbank sees."""
    ours = incident_in("mitigation")
    comms = people.actor("communications")

    def involve(incident, partner, title):
        return disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=partner.pk,
            title=title,
            meaning=f"{title}.",
            severity=3,
            by=comms,
            at=NOW,
        )

    involve(ours, norrbank, "Hidden from Norrbank so far")
    theirs = involve(declare(title="Key leaked"), norrbank, "A key of Norrbank")
    disclosure.disclose(incident_id=theirs.incident_id, involvement_id=theirs.pk, by=comms, at=NOW)
    for key, partner in (("helix", helix), ("norrbank", norrbank)):
        Report.objects.create(
            partner=partner,
            reference=f"{partner.code}-REP-2026-0001",
            title=f"Report of {key}",
            description="x",
            noticed_at=NOW,
            reported_at=NOW,
            reported_by=people[key],
            reporter=key,
        )


def _seen() -> dict[str, list[str]]:
    """Everything that the connection's role gets to see, without any filter of ours."""
    only = columns.INVOLVEMENT_COLUMNS
    return {
        "involvements": sorted(i.title for i in Involvement.objects.only(*only)),
        "notices": sorted(
            c.body for c in NoticeCopy.objects.only(*columns.COPY_COLUMNS).order_by("id")
        ),
        "reports": sorted(r.title for r in Report.objects.only(*columns.REPORT_COLUMNS)),
    }


def test_a_partner_sees_its_own_disclosed_and_sent_rows_and_nothing_else(shared, helix, norrbank):
    with scope.partner_scope(helix.pk):
        assert _seen() == {
            "involvements": ["Delayed quotes"],
            "notices": ["Quotes were delayed."],
            "reports": ["Report of helix"],
        }
    with scope.partner_scope(norrbank.pk):
        assert _seen() == {
            "involvements": ["A key of Norrbank"],
            "notices": [],
            "reports": ["Report of norrbank"],
        }
    assert len(_seen()["involvements"]) == 3


def test_without_a_partner_the_portal_sees_no_row(shared):
    for partner_id in ("", "0", "-1"):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('app.partner_id', %s, true), set_config('role', %s, true)",
                [partner_id, settings.PORTAL_ROLE],
            )
            assert _seen() == {"involvements": [], "notices": [], "reports": []}
            cursor.execute("SELECT set_config('role', %s, true)", [APPLICATION])


@pytest.mark.parametrize(
    "table",
    [
        "cases_incident",
        "cases_entry",
        "cases_notice",
        "cases_alert",
        "cases_event",
        "cases_task",
        "kernel_auditevent",
        "partners_partner",
        "partners_referencecounter",
        "reviews_review",
        "django_session",
        "kernel_session",
        "mfa_authenticator",
    ],
)
def test_staff_s_tables_are_closed_to_the_portal_even_if_a_view_forgets(helix, table):
    with scope.partner_scope(helix.pk):
        denied = f"permission denied for table {table}"
        assert refusal(f"SELECT * FROM {table}") == denied  # noqa: S608
        assert refusal(f"SELECT count(*) FROM {table}") == denied  # noqa: S608


def test_the_portal_cannot_ask_which_incident_an_involvement_belongs_to(shared, helix):
    with scope.partner_scope(helix.pk):
        denied = "permission denied for table cases_involvement"
        assert refusal("SELECT incident_id FROM cases_involvement") == denied
        assert refusal("SELECT * FROM cases_involvement") == denied
        assert refusal("SELECT 1 FROM cases_involvement WHERE incident_id > 0") == denied
        assert refusal("UPDATE cases_involvement SET severity = 4") == denied
        assert refusal("DELETE FROM cases_report") == "permission denied for table cases_report"


# --- the middleware -------------------------------------------------------------------------------


@pytest.fixture
def ask(rf: RequestFactory):
    """`ask(user, view)` sends one request through the middleware; `view` answers it."""

    def send(user, view=None, *, path="/portal/", method="get", chosen=None):
        request = getattr(rf, method)(path)
        request.user, request.session = user, SessionStore()
        request._messages = FallbackStorage(request)
        if chosen is not None:
            request.session[scope.SESSION_KEY] = chosen.pk
        answer = scope.ScopeMiddleware(view or (lambda r: HttpResponse("in")))(request)
        return request, answer

    return send


def test_outside_the_portal_nothing_is_scoped(ask, people, helix):
    seen = []

    def view(request):
        seen.append(whoami())
        return HttpResponse()

    ask(people["helix"], view, path="/admin/")
    ask(people["helix"], view, path="/portals/")
    assert seen == [(APPLICATION, "")] * 2


def test_a_contact_s_request_runs_as_the_portal_for_their_partner(ask, people, helix, norrbank):
    seen = []

    def view(request):
        seen.append((*whoami(), request.actor, request.partner))
        return HttpResponse()

    ask(people["helix"], view)
    actor = people.contact("helix", helix)
    assert seen == [(settings.PORTAL_ROLE, str(helix.pk), actor, helix)]
    assert whoami() == (APPLICATION, "")


def test_somebody_who_is_not_logged_in_is_asked_to_and_comes_back(ask):
    _, answer = ask(AnonymousUser(), path="/portal/incidents/")
    assert (answer.status_code, answer["Location"]) == (
        302,
        "/accounts/login/?next=/portal/incidents/",
    )


def test_whoever_is_logged_out_meanwhile_is_told_that_nothing_was_sent(client):
    page = "/portal/incidents/HELIX-2026-0001/"
    came = {"HTTP_REFERER": f"http://testserver{page}"}
    assert client.post(f"{page}write/", {}, **came)["Location"] == f"/accounts/login/?next={page}"
    assert Session.objects.count() == 0  # nothing was lost by who never was there
    client.cookies[settings.SESSION_COOKIE_NAME] = "ended"
    answer = client.post(f"{page}write/", {"text": "Long words."}, follow=True, **came)
    assert answer.redirect_chain == [(f"/accounts/login/?next={page}", 302)]
    assert "what you wrote was not sent" in answer.text
    elsewhere = client.post(f"{page}write/", {}, HTTP_REFERER="http://elsewhere.test/portal/x/")
    assert elsewhere["Location"] == "/accounts/login/?next=/portal/"


def test_staff_are_sent_to_the_desk_and_strangers_find_nothing(ask, people, helix):
    _, answer = ask(people["administrator"])
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    grants.revoke(people["helix"], "act", helix)
    _, answer = ask(people["helix"])
    assert (answer.status_code, "belongs to nobody" in answer.content.decode()) == (404, True)


def test_who_serves_two_partners_chooses_and_sees_the_chosen_one(ask, people, helix, norrbank):
    grants.grant(people["helix"], "act", norrbank)
    _, answer = ask(people["helix"])
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/partner/")
    seen = []
    for chosen in (helix, norrbank):
        ask(people["helix"], lambda r: seen.append(whoami()) or HttpResponse(), chosen=chosen)
    assert seen == [(settings.PORTAL_ROLE, str(p.pk)) for p in (helix, norrbank)]


def test_a_choice_outlives_neither_its_grant_nor_its_partner(ask, people, helix, norrbank):
    """The session still says Norrbank: one is asked again, even if one partner is left, since
    what was typed for the former must not go there."""
    third = Partner.objects.create(name="Tidewater FX", code="TIDE")
    for partner in (norrbank, third):
        grants.grant(people["helix"], "act", partner)
    grants.revoke(people["helix"], "act", norrbank)
    _, answer = ask(people["helix"], chosen=norrbank)
    assert answer["Location"].startswith("/accounts/partner/")
    third.is_active = False
    third.save()
    _, answer = ask(people["helix"], chosen=norrbank)
    assert answer["Location"].startswith("/accounts/partner/")
    seen = []
    ask(people["helix"], lambda r: seen.append(whoami()) or HttpResponse(), chosen=helix)
    assert seen == [(settings.PORTAL_ROLE, str(helix.pk))]


def test_an_answer_that_would_outlive_the_scope_is_refused(ask, people, helix):
    with pytest.raises(RuntimeError, match="must not stream"):
        ask(people["helix"], lambda r: StreamingHttpResponse(["x"]))


def test_what_was_proved_inside_is_done_outside_as_the_application(ask, people, helix):
    seen = []

    def view(request):
        seen.append(whoami()[0])
        return scope.Afterwards(lambda: seen.append(whoami()[0]) or "Done.", to="/portal/x/")

    request, answer = ask(people["helix"], view, method="post")
    assert seen == [settings.PORTAL_ROLE, APPLICATION]
    assert (answer.status_code, answer["Location"]) == (302, "/portal/x/")
    assert [str(m) for m in request._messages] == ["Done."]


def test_a_refusal_outside_is_shown_where_the_view_says(ask, people, helix):
    def refuse():
        raise Conflict("Somebody was faster.")

    def view(request):
        return scope.Afterwards(refuse, to="/portal/x/", otherwise="/portal/y/")

    request, answer = ask(people["helix"], view, method="post")
    assert answer["Location"] == "/portal/y/"
    assert [str(m) for m in request._messages] == ["Somebody was faster."]


def test_a_second_click_runs_what_the_view_says_in_the_place_of_the_use_case(ask, people, helix):
    seen = []

    def view(request):
        request.POST = QueryDict("once=abc")
        note = lambda word: seen.append((word, whoami()[0]))  # noqa: E731
        run, again = partial(note, "run"), partial(note, "again")
        return scope.Afterwards(run, to="/portal/x/", repeated=again)

    for _ in range(2):
        request, answer = ask(people["helix"], view, method="post")
        assert answer["Location"] == "/portal/x/"
    assert seen == [("run", APPLICATION), ("again", APPLICATION)]
    assert [str(m) for m in request._messages] == [once.SAID]


def test_what_went_meanwhile_is_a_sentence(ask, people, helix):
    def view(request):
        return scope.Afterwards(lambda: Partner.objects.get(pk=0).name, to="/portal/x/")

    request, answer = ask(people["helix"], view, method="post")
    assert (answer.status_code, answer["Location"]) == (302, "/portal/x/")
    assert [str(m) for m in request._messages] == [GONE]


def test_a_form_is_shown_again_from_inside_the_scope(ask, people, helix):
    def refuse():
        raise Conflict("Somebody was faster.")

    def view(request):
        return scope.Afterwards(
            refuse, to="/", refused=lambda error: HttpResponse(f"{error} {whoami()}", status=422)
        )

    _, answer = ask(people["helix"], view, method="post")
    said = f"Somebody was faster. {(settings.PORTAL_ROLE, str(helix.pk))}"
    assert (answer.status_code, answer.content.decode()) == (422, said)


@pytest.mark.asvs("14.2.1 14.3.2", 37)
def test_the_portal_s_answers_are_kept_by_no_cache(ask, people, helix):
    _, answer = ask(people["helix"])
    assert "no-store" in answer["Cache-Control"]
