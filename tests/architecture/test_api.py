"""The API offers every use case of the desk: a new one is missed by nobody."""

from __future__ import annotations

from incidentdesk.api import urls
from incidentdesk.api.calls import CALLS
from incidentdesk.kernel.roles import TOKEN_SCOPES, Permission
from tests.architecture.test_permissions import (
    ASKS_OTHERWISE,
    PARTNER,
    PARTNER_ADMINISTRATOR,
    USE_CASES,
    required,
    use_cases,
)

# What the API does not offer, and why.
LEFT_OUT = {
    "cases.holds.place": "a person decides, and says why",
    "cases.holds.lift": "a person decides, and says why",
    "incidentdesk.kernel.retention.change": "it decides what goes for good",
    "incidentdesk.kernel.people.forget": "it cannot be taken back",
    "partners.forgetting.forget": "it cannot be taken back",
    "incidentdesk.offboarding.take": "somebody looks at what is in it first, and says why",
    "incidentdesk.offboarding.export": "it is written where the desk runs",
    "cases.anomalies.answers.answer": "a person looks at the series and at what the answer does",
    "cases.anomalies.answers.take_back": "a person looks at the series and at what it does",
    "cases.anomalies.switching.change": "a person looks at the back-test",
    "cases.anomalies.switching.limit": "a person looks at the back-test",
    "cases.anomalies.switching.switch_on": "a person looks at the back-test",
    "cases.anomalies.switching.switch_off": "a person looks at the series",
    "cases.access.trying.try_out": "a person at the desk looks at what it would have found",
    "cases.access.trying.switch_on": "a person at the desk looks at what it would have found",
    "cases.access.trying.switch_off": "a rule goes silent by a person at the desk only",
    "cases.access.trying.change": "a person at the desk tries the values first",
    "cases.classification.classify": "a person at the desk stands behind each answer",
    "cases.notices.acknowledge": "partners do it, in the portal and by their own API",
    "cases.receipts.note_opened": "partners do it, in the portal",
    "cases.intake.internal.report": "people at the desk declare; whoever may not has the form",
    "cases.intake.mail.quarantine.accept": "a person at the desk looks at who sent it",
    "cases.intake.mail.quarantine.dismiss": "a person at the desk looks at who sent it",
    "cases.intake.reports.take_in": "a person at the desk says whose report it is",
    "cases.intake.reports.report": "partners do it, in the portal and by their own API",
    "cases.requests.answer": "partners do it, in the portal and by their own API",
    "cases.requests.ask_for_time": "partners do it, in the portal and by their own API",
    "cases.thread.reply": "partners do it, in the portal and by their own API",
    "cases.packages.hand_over": "a person at the desk stands behind each figure",
    "cases.handing.hand_over": "a person at the desk says what the next one has to know",
    "cases.resending.resend": "a person at the desk sees to whom and by which way it goes",
    "cases.drafting.keep": "partners do it, in the portal",
    "cases.drafting.discard": "partners do it, in the portal",
    "cases.framework.acknowledge": "partners do it, in the portal",
    "cases.framework.publish": "a person at the desk reads the whole text before it holds",
    "cases.procedures.keep": "partners do it, in the portal",
    "cases.procedures.withdraw": "partners do it, in the portal",
    "cases.workflow.begin_review": "reviews.workflow.begin calls it and opens the review with it",
    "cases.restoring.confirm": "partners do it, in the portal and by their own API",
    "cases.reviewed.note_review": "a review says itself how far it is",
    "incidentdesk.kernel.audit.record": "a line about what was done elsewhere",
    "notifications.rotas.duty.take_over": "people agree on it at the desk",
    "notifications.rotas.duty.end_take_over": "people agree on it at the desk",
    "notifications.rotas.duty.be_away": "people agree on it at the desk",
    "notifications.rotas.duty.come_back": "people agree on it at the desk",
    "notifications.rotas.swaps.ask": "people agree on it at the desk",
    "notifications.rotas.swaps.answer": "people agree on it at the desk",
    "notifications.rotas.swaps.withdraw": "people agree on it at the desk",
    "notifications.rotas.feeds.make": "a token makes no secrets",
    "notifications.rotas.feeds.end": "a token ends no secrets",
    "notifications.rotas.register.add": "a person at the desk looks at the four weeks it gives",
    "notifications.rotas.register.cancel_change": "a person at the desk reads what goes on then",
    "notifications.rotas.register.change": "a person at the desk looks at the four weeks it gives",
    "notifications.rotas.register.import_layer": "a person at the desk settles whose each shift is",
    "partners.directory.give_login": "people get rights from a person at the desk only",
    "partners.directory.take_login": "people lose rights by a person at the desk only",
    "partners.invitations.invite": "partners do it, in the portal",
    "partners.invitations.withdraw": "partners do it, in the portal",
    "partners.preferences.change": "one's own, in the portal",
    "partners.team.change_right": "partners do it, in the portal",
    "partners.team.remove": "partners do it, in the portal",
    "partners.tokens.make": "a token makes no tokens",
    "partners.tokens.revoke": "a token revokes no tokens",
    "notifications.contacts.add": "a person proves at the desk that it is theirs",
    "notifications.contacts.send_code": "a person proves at the desk that it is theirs",
    "notifications.contacts.verify": "a person proves at the desk that it is theirs",
    "notifications.contacts.change": "a person proves at the desk that it is theirs",
    "notifications.contacts.remove": "a person proves at the desk that it is theirs",
    "notifications.contacts.try_out": "a person proves at the desk that it is theirs",
    "partners.webhooks.add": "partners do it, in the portal",
    "partners.webhooks.choose": "partners do it, in the portal",
    "partners.webhooks.rotate": "partners do it, in the portal",
    "partners.webhooks.switch_off": "partners do it, in the portal",
    "partners.webhooks.remove": "partners do it, in the portal",
    "partners.webhooks.switch_on": "partners do it, in the portal",
    "partners.webhooks.try_out": "partners do it, in the portal",
    "partners.webhooks.replay": "partners do it, in the portal",
    "reviews.plans.begin": "people decide on a plan together, at the desk",
    "reviews.plans.gather": "people decide on a plan together, at the desk",
    "reviews.plans.decide": "people decide on a plan together, at the desk",
    "reviews.plans.close": "people decide on a plan together, at the desk",
    "reviews.problems.record": "a person looks whether incidents have one cause",
    "reviews.problems.add": "a person looks whether incidents have one cause",
    "reviews.problems.take_out": "a person looks whether incidents have one cause",
    "reviews.problems.understand": "a person looks whether incidents have one cause",
    "reviews.problems.resolve": "a person looks whether incidents have one cause",
    "reviews.problems.reopen": "a person looks whether incidents have one cause",
    "reviews.problems.set_aside": "a person looks whether incidents have one cause",
    "reviews.trackers.add": "a token makes no secrets",
    "reviews.trackers.renew_secret": "a token makes no secrets",
    "reviews.trackers.switch_off": "a person at the desk connects the tracker",
    "reviews.trackers.switch_on": "a person at the desk connects the tracker",
    "incidentdesk.kernel.people.add": "people get rights from a person at the desk only",
    "incidentdesk.kernel.people.change": "people get rights from a person at the desk only",
    "incidentdesk.kernel.people.set_password": "people get rights from a person at the desk only",
    "incidentdesk.kernel.factors.remove": "a second factor is removed by a person at the desk only",
    "incidentdesk.kernel.sessions.end": "sessions are of browsers, and ended from one",
    "incidentdesk.kernel.people.invite": "people get rights from a person at the desk only",
    "cases.saved_views.keep": "a view is an address of the desk's own list",
    "cases.saved_views.forget": "a view is an address of the desk's own list",
    "incidentdesk.kernel.tokens.make": "a token makes no tokens",
    "incidentdesk.kernel.tokens.revoke": "a token revokes no tokens",
}
SCOPE_OF_OTHERS = {"reviews.workflow.begin": "command"}


def test_the_api_offers_every_use_case_but_those_that_are_left_out_on_purpose():
    offered = sorted(call.use_case for call in CALLS)
    assert offered == sorted((set(USE_CASES) | set(ASKS_OTHERWISE)) - set(LEFT_OUT))


def test_partners_use_cases_are_left_out():
    for_partners = {
        name for name, who in USE_CASES.items() if who in (PARTNER, PARTNER_ADMINISTRATOR)
    }
    assert for_partners <= set(LEFT_OUT)


def test_every_call_names_the_scope_that_its_use_case_needs():
    for call in CALLS:
        asked = {Permission[name] for name in required(use_cases()[call.use_case])}
        wanted = TOKEN_SCOPES[SCOPE_OF_OTHERS.get(call.use_case, call.scope)].permissions
        assert asked <= wanted, call
        assert call.scope == SCOPE_OF_OTHERS.get(call.use_case, call.scope)


def test_every_address_of_the_partners_api_says_what_it_answers_and_how_it_refuses():
    schema = urls.partner_api.get_openapi_schema(path_params={})
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            codes = set(operation["responses"])
            always = {401, 403, 404, 422, 429} | ({400, 409, 413} if method == "post" else set())
            assert codes - {200, 201} == always, path
            assert len(codes & {200, 201}) == 1, path
            assert operation["security"] == [{"PartnerBearer": []}], path


def test_every_address_says_what_it_answers_and_how_it_refuses():
    schema = urls.api.get_openapi_schema(path_params={})
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            codes = set(operation["responses"])
            always = {401, 429}
            if path != "/api/v1/me":
                always |= {403, 422} | ({400, 404, 409, 413} if method == "post" else {404})
            assert codes - {200, 201} == always, path
            assert len(codes & {200, 201}) == 1, path
            assert operation["security"] == [{"Bearer": []}], path
