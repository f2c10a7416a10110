"""`prove_isolation`: it finds nothing in the desk as it is, and finds each of these leaks."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, get_resolver, path, re_path

from cases import columns, notices, visibility
from cases.models import Incident, Involvement, NoticeCopy, Report
from incidentdesk.api.partner import incidents as partner_incidents
from incidentdesk.isolation import cast as casting
from incidentdesk.isolation import proof
from incidentdesk.isolation.proof import Proof
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import Conflict, NotAllowed, NotFound
from incidentdesk.kernel.models import AuditEvent, User
from incidentdesk.kernel.scope import Afterwards
from notifications import outbox
from notifications.models import Message
from partners import webhooks
from partners.models import Contact, Partner
from partners.portal import urls as portal_urls
from partners.portal.views import incidents, reports
from tests.conftest import as_owner

pytestmark = pytest.mark.django_db


def prove(only: str) -> Proof:
    """The proof of a part of the routes."""
    return proof.prove(say=lambda words: None, at=clocks.now(), only=only)


def said(only: str) -> str:
    """What it finds there, as it is printed."""
    return "\n".join(str(finding) for finding in prove(only).findings)


def run(*arguments: str) -> tuple[int, str]:
    """The command's exit code, and what it prints."""
    out = io.StringIO()
    try:
        call_command("prove_isolation", *arguments, stdout=out, stderr=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


# --- the desk as it is ----------------------------------------------------------------------------


@pytest.mark.asvs("8.2.2", 1)
@pytest.mark.asvs("8.4.1", 2)
@pytest.mark.mistake(2)
def test_no_partner_learns_of_another_and_nothing_is_left_behind() -> None:
    models = [Partner, Contact, User, Incident, Involvement, NoticeCopy, Report, Message]
    models.append(AuditEvent)
    before = [model.objects.count() for model in models]
    code, text = run()
    assert "\n".join(line for line in text.splitlines() if line.startswith("LEAK")) == ""
    assert code == 0
    assert "No partner learns of another" in text
    assert [model.objects.count() for model in models] == before


@pytest.mark.asvs("8.2.2", 1)
@pytest.mark.asvs("8.2.1", 3)
def test_every_route_is_walked() -> None:
    def count(patterns: Any) -> int:
        return sum(1 if isinstance(p, URLPattern) else count(p.url_patterns) for p in patterns)

    assert len(proof.routes.every()) == count(get_resolver().url_patterns)


def test_a_part_that_does_not_exist_is_said() -> None:
    code, text = run("--only", "portal/nowhere")
    assert code == 2
    assert "No route begins with portal/nowhere." in text


# --- planted leaks --------------------------------------------------------------------------------


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[..., Any]], None]:
    """`plant("incident", view)`: the portal's address of that name is answered by this view."""

    def put(name: str, view: Callable[..., Any]) -> None:
        for entry in portal_urls.urlpatterns:
            if entry.name == name:
                monkeypatch.setattr(entry, "callback", view)

    return put


def test_it_finds_a_queryset_that_is_not_filtered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        visibility,
        "reports_for",
        lambda actor: Report.objects.only(*columns.REPORT_COLUMNS).order_by("-id"),
    )
    found = said("portal/reports/")
    assert "GET /portal/reports/, as administer" in found
    assert "without the database's wall: answered with the title of its report" in found


def test_it_finds_a_count_over_all(plant: Any) -> None:
    def counting(request: Any) -> HttpResponse:
        return HttpResponse(f"{Report.objects.values('id').count()} reports")

    plant("reports", counting)
    assert "changes when the other partner gets more" in said("portal/reports/")


def test_it_finds_the_desk_s_own_reference(plant: Any) -> None:
    def naming(request: Any, reference: str) -> HttpResponse:
        answer = reports.detail(request, reference)
        answer.content += b"<p>INC-2001-0001</p>" + b"<p>INC-2001-0002</p>"
        return answer

    plant("report", naming)
    assert "answered with “INC-2001-000" in said("portal/reports/")


def test_it_finds_an_error_that_names_another(plant: Any) -> None:
    def telling(request: Any, reference: str) -> HttpResponse:
        def refuse() -> str:
            other = Partner.objects.exclude(pk=request.partner.pk).order_by("-pk")
            raise Conflict(f"Not while {[str(one) for one in other]} works on it.")

        return Afterwards(refuse, to="/portal/")

    plant("confirm", telling)
    found = said("portal/incidents/<incident:reference>/works/")
    assert "answered with the name of the other partner" in found


def test_it_finds_a_box_that_completes_what_others_typed(plant: Any) -> None:
    def completing(request: Any) -> HttpResponse:
        begun = request.GET.get("q", "")
        titles = Involvement.objects.filter(title__istartswith=begun).exclude(title="")
        return HttpResponse("\n".join(titles.values_list("title", flat=True)) if begun else "")

    plant("reports", completing)
    found = said("portal/reports/")
    assert "GET ?q= /portal/reports/" in found
    assert "answered with the title of its incident of the other partner" in found


def test_it_finds_a_form_that_writes_to_another_s_row(plant: Any) -> None:
    def writing(request: Any) -> HttpResponse:
        if request.method != "POST":
            return reports.new(request)

        def write() -> str:
            wanted = request.POST.get("partner_id")
            Report.objects.filter(partner_id=wanted).update(answer="mine now")
            return "Thank you."

        return Afterwards(write, to="/portal/")

    plant("report_new", writing)
    found = said("portal/report/")
    assert "POST /portal/report/" in found
    assert "changed cases.Report of the other partner" in found


def test_it_finds_a_403_that_says_that_something_is_there(plant: Any) -> None:
    def refusing(request: Any, reference: str) -> HttpResponse:
        raise PermissionDenied("This belongs to somebody else.")

    plant("report", refusing)
    assert "answered 403 where a stranger must get 404" in said("portal/reports/")


def test_it_finds_a_mail_that_says_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    before = outbox.queue

    def chatty(**known: Any) -> Any:
        names = ", ".join(Partner.objects.values_list("name", flat=True))
        context = {**known["context"], "title": f"Also told: {names}"}
        return before(**{**known, "context": context})

    monkeypatch.setattr(outbox, "queue", chatty)
    found = said("portal/report/")
    assert "POST /portal/report/" in found
    assert "mailed the name of the other partner" in found


def test_it_finds_a_file_name_in_a_header(plant: Any) -> None:
    def loading(request: Any, reference: str) -> HttpResponse:
        answer = reports.detail(request, reference)
        name = Involvement.objects.order_by("id").values_list("title", flat=True).first()
        answer["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
        return answer

    plant("report", loading)
    assert "the title of its incident of the other partner" in said("portal/reports/")


def test_it_finds_a_policy_that_was_dropped() -> None:
    wide = "CREATE POLICY leak ON cases_report FOR SELECT TO partner_portal USING (true)"
    with as_owner() as cursor:
        cursor.execute(wide)
    try:
        found = said("portal/nothing-to-walk")
    finally:
        with as_owner() as cursor:
            cursor.execute("DROP POLICY leak ON cases_report")
    assert "cases_report gives partner_portal" in found
    assert "the text of its report of the other partner" in found


def test_it_finds_a_use_case_that_forgets_whose_row_it_is(plant: Any) -> None:
    """The place to attack: the page takes an id from the form, and the use case believes it."""

    def careless(request: Any, reference: str, number: int) -> HttpResponse:
        def run() -> str:
            NoticeCopy.objects.filter(pk=number).update(acknowledged_by="nobody")
            return "Thank you."

        return Afterwards(run, to="/portal/")

    plant("acknowledge", careless)
    found = said("portal/incidents/<incident:reference>/notices/")
    assert "changed cases.NoticeCopy of the other partner" in found


def test_it_finds_an_auditor_who_writes(monkeypatch: pytest.MonkeyPatch, plant: Any) -> None:
    def believing(request: Any, reference: str, number: int) -> HttpResponse:
        request.may_act = True
        return incidents.acknowledge(request, reference, number)

    plant("acknowledge", believing)
    monkeypatch.setattr(notices.access, "require", lambda *args: None)
    assert "changed something, though an auditor only reads" in said(
        "portal/incidents/<incident:reference>/notices/"
    )


def test_a_new_route_is_walked_and_one_it_cannot_fill_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def new(request: Any, **known: Any) -> HttpResponse:
        return render(request, "404.html", status=500)

    more = [path("new/", new), re_path(r"^new/(?P<key>~~~)/$", new)]
    resolver = next(r for r in get_resolver().url_patterns if str(r.pattern) == "portal/")
    monkeypatch.setattr(resolver, "url_patterns", [*resolver.url_patterns, *more])
    get_resolver()._populated = False
    found = said("portal/new/")
    assert "GET /portal/new/, as act with its own ids (/portal/new/): failed with 500" in found
    assert "no id of a partner's fits its argument “key”" in found


def test_a_table_that_it_cannot_fill_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casting, "_invite", lambda side, at: None)
    assert "no partners.Invitation could be made" in said("portal/nothing-to-walk")


# --- programs -------------------------------------------------------------------------------------

ONE = "api/v1/partner/incidents/<incident:reference>"


@pytest.mark.asvs("8.2.2", 1)
@pytest.mark.asvs("8.4.1", 2)
def test_it_walks_the_partners_api_with_a_token_and_finds_nothing() -> None:
    made = prove("api/v1/partner/reports")  # a part: the whole desk was asked above
    assert [str(finding) for finding in made.findings] == []
    assert made.questions > 200


def test_it_finds_a_call_of_the_api_that_forgets_whose_row_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def careless(by: Any, reference: str) -> Involvement:
        found = Involvement.objects.filter(reference=reference).first()
        if found is None:
            raise NotFound("There is no such incident.")
        return found

    monkeypatch.setattr(partner_incidents, "incident_of", careless)
    found = said(ONE)
    assert f"GET /{ONE}, as administer" in found
    assert "without the database's wall: answered with the title of its incident" in found


def test_it_finds_a_call_of_the_api_that_refuses_a_stranger_instead_of_finding_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def telling(by: Any, reference: str) -> Involvement:
        raise NotAllowed("This belongs to somebody else.")

    monkeypatch.setattr(partner_incidents, "incident_of", telling)
    assert "answered 403 where a stranger must get 404" in said(f"{ONE}/thread")


def test_it_finds_a_call_to_a_webhook_that_says_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    before = webhooks.deliveries.send

    def chatty(pairs: Any, **known: Any) -> Any:
        names = ", ".join(Partner.objects.values_list("name", flat=True))
        told = [(to, replace(one, entry={**one.entry, "data": names})) for to, one in pairs]
        return before(told, **known)

    monkeypatch.setattr(webhooks.deliveries, "send", chatty)
    found = said("portal/webhooks/<int:number>/test/")
    assert "POST /portal/webhooks/<int:number>/test/" in found
    assert "mailed the name of the other partner" in found
