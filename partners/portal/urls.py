"""Every address of the portal. Only a partner's own references and numbers occur in them: a
number that the database gave out would count what others have."""

from __future__ import annotations

from django.urls import path, register_converter

from partners.portal.views import (
    digests,
    drafts,
    facts,
    facts_files,
    files,
    framework,
    history,
    home,
    incidents,
    preferences,
    procedures,
    records,
    reports,
    requests,
    team,
    thread,
    tokens,
    webhook_ends,
    webhooks,
)

app_name = "portal"


class IncidentReference:
    """`HELIX-2026-0007`; anything else is no address of an incident."""

    regex = r"[A-Z][A-Z0-9]{1,11}-[0-9]{4}-[0-9]{4,9}"

    def to_python(self, value: str) -> str:
        """As it stands in the address."""
        return value

    def to_url(self, value: str) -> str:
        """As it stands on the row."""
        return value


class ReportReference(IncidentReference):
    """`HELIX-REP-2026-0003`."""

    regex = r"[A-Z][A-Z0-9]{1,11}-REP-[0-9]{4}-[0-9]{4,9}"


class RequestReference(IncidentReference):
    """`HELIX-REQ-2026-0003`."""

    regex = r"[A-Z][A-Z0-9]{1,11}-REQ-[0-9]{4}-[0-9]{4,9}"


class ProcedureReference(IncidentReference):
    """`HELIX-PROC-2026-0001`."""

    regex = r"[A-Z][A-Z0-9]{1,11}-PROC-[0-9]{4}-[0-9]{4,9}"


class FactsReference(IncidentReference):
    """`HELIX-FACTS-2026-0001`."""

    regex = r"[A-Z][A-Z0-9]{1,11}-FACTS-[0-9]{4}-[0-9]{4,9}"


class DigestReference(IncidentReference):
    """`HELIX-DIG-2026-0001`."""

    regex = r"[A-Z][A-Z0-9]{1,11}-DIG-[0-9]{4}-[0-9]{4,9}"


register_converter(FactsReference, "facts")
register_converter(DigestReference, "digest")
register_converter(IncidentReference, "incident")
register_converter(ReportReference, "report")
register_converter(RequestReference, "request")
register_converter(ProcedureReference, "procedure")

urlpatterns = [
    path("", home.index, name="incidents"),
    path("history/", history.index, name="history"),
    path("incidents/<incident:reference>/", incidents.detail, name="incident"),
    path(
        "incidents/<incident:reference>/notices/<int:number>/acknowledge/",
        incidents.acknowledge,
        name="acknowledge",
    ),
    path(
        "incidents/<incident:reference>/notices/<int:number>/notice.pdf",
        records.notice_as_pdf,
        name="notice_pdf",
    ),
    path("incidents/<incident:reference>/record.pdf", records.as_pdf, name="record_pdf"),
    path("incidents/<incident:reference>/record.json", records.as_json, name="record_json"),
    path("incidents/<incident:reference>/works/", incidents.confirm, name="confirm"),
    path("incidents/<incident:reference>/write/", thread.write, name="write"),
    path("report/", reports.new, name="report_new"),
    path("report/draft/", drafts.save, name="report_draft"),
    path("report/draft/discard/", drafts.discard, name="report_discard"),
    path("reports/", reports.index, name="reports"),
    path("reports/<report:reference>/", reports.detail, name="report"),
    path("requests/", requests.index, name="requests"),
    path("requests/<request:reference>/", requests.detail, name="request"),
    path("requests/<request:reference>/answer/", requests.answer, name="answer"),
    path("requests/<request:reference>/time/", requests.ask_for_time, name="ask_for_time"),
    path("procedures/", procedures.index, name="procedures"),
    path("procedures/new/", procedures.new, name="procedure_new"),
    path("procedures/<procedure:reference>/", procedures.detail, name="procedure"),
    path("procedures/<procedure:reference>/next/", procedures.renew, name="procedure_renew"),
    path(
        "procedures/<procedure:reference>/withdraw/",
        procedures.withdraw,
        name="procedure_withdraw",
    ),
    path("facts/<facts:reference>/", facts.detail, name="facts"),
    path("facts/<facts:reference>/json/", facts.as_json, name="facts_json"),
    path("facts/<facts:reference>/report.json", facts_files.as_report, name="facts_report"),
    path("facts/<facts:reference>/facts.pdf", facts_files.as_pdf, name="facts_pdf"),
    path("digests/", digests.index, name="digests"),
    path("digests/<digest:reference>/", digests.detail, name="digest"),
    path("files/<uuid:key>/", files.download, name="file"),
    path("framework/", framework.index, name="framework"),
    path("framework/acknowledge/", framework.acknowledge, name="framework_acknowledge"),
    path("preferences/", preferences.page, name="preferences"),
    path("team/", team.index, name="team"),
    path("team/invite/", team.invite, name="team_invite"),
    path("team/people/<int:number>/change/", team.change, name="team_change"),
    path("team/people/<int:number>/remove/", team.remove, name="team_remove"),
    path("team/invitations/<int:number>/withdraw/", team.withdraw, name="team_withdraw"),
    path("tokens/", tokens.index, name="tokens"),
    path("tokens/make/", tokens.make, name="token_make"),
    path("tokens/<int:number>/revoke/", tokens.revoke, name="token_revoke"),
    path("webhooks/", webhooks.index, name="webhooks"),
    path("webhooks/add/", webhooks.add, name="webhook_add"),
    path("webhooks/<int:number>/", webhooks.detail, name="webhook"),
    path("webhooks/<int:number>/events/", webhooks.choose, name="webhook_choose"),
    path("webhooks/<int:number>/secret/", webhook_ends.rotate, name="webhook_rotate"),
    path("webhooks/<int:number>/switch/", webhook_ends.switch, name="webhook_switch"),
    path("webhooks/<int:number>/delete/", webhook_ends.delete, name="webhook_delete"),
    path("webhooks/<int:number>/test/", webhooks.try_out, name="webhook_test"),
    path(
        "webhooks/<int:number>/deliveries/<uuid:key>/again/",
        webhooks.replay,
        name="webhook_replay",
    ),
]
