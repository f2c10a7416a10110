"""Registers as CSV: a dry run says what would happen, and exactly that happens, or nothing."""

from __future__ import annotations

import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client

from cases.models import System
from cases.sheets import SYSTEMS, import_systems
from incidentdesk.kernel import exchange, sheets
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from incidentdesk.kernel.models import AuditEvent
from partners.models import Contact, Partner, Terms
from partners.sheets import (
    CONTACTS,
    PARTNERS,
    TERMS,
    import_contacts,
    import_partners,
    import_terms,
)
from tests.conftest import NOW
from tests.incidentdesk.conftest import text_of

pytestmark = pytest.mark.django_db
NORR = "Norrbank Securities contact"


def _steps(sheet, text):
    return [(s.line, s.name, s.verb, s.words) for s in exchange.plan(sheet, text).steps]


def _rows(model):
    return sorted(model.objects.values_list())


@pytest.fixture
def administrator(people):
    return people.actor("administrator")


def test_a_dry_run_says_what_would_be_added_changed_and_refused_and_changes_nothing(
    people, helix, norrbank
):
    before = _rows(Partner)
    text = (
        "code;name;kind;active\n"
        "HELIX;Helix Markets;broker;yes\n"
        "NORR;Norrbank AB;venue;no\n"
        "TIDE;Tidewater FX;platform;\n"
        "low;Lower;broker;yes\n"
        "ALDER;Helix Markets;broker;yes\n"
        "BIRCH;Birch;shop;maybe\n"
        "TIDE;Tidewater;broker;yes\n"
        "CEDAR;;broker;yes\n"
    )
    assert _steps(PARTNERS, text) == [
        (2, "HELIX", "same", []),
        (
            3,
            "NORR",
            "change",
            [
                "name: Norrbank Securities → Norrbank AB",
                "kind: broker → venue",
                "active: yes → no",
            ],
        ),
        (
            4,
            "TIDE",
            "add",
            ["code: TIDE", "name: Tidewater FX", "kind: platform", "active: yes"],
        ),
        (5, "low", "refuse", ["code: Capital letters and digits only."]),
        (6, "ALDER", "refuse", ["another row has this name"]),
        (
            7,
            "BIRCH",
            "refuse",
            ["kind: there is no shop; take broker, venue, platform", "active: is yes or no"],
        ),
        (8, "TIDE", "refuse", ["stands in line 4 already"]),
        (9, "CEDAR", "refuse", ["name: This field cannot be blank."]),
    ]
    assert _rows(Partner) == before


def test_what_the_dry_run_showed_is_done_with_a_line_for_each_row(administrator, helix, norrbank):
    text = "code,name,active\nNORR,Norrbank AB,no\nTIDE,Tidewater FX,yes\nHELIX,Helix Markets,yes\n"
    expected = exchange.plan(PARTNERS, text).digest
    count = import_partners(text=text, expected=expected, by=administrator, at=NOW)
    assert count == 2
    assert list(
        Partner.objects.order_by("code").values_list("code", "name", "kind", "is_active")
    ) == [
        ("HELIX", "Helix Markets", "broker", True),
        ("NORR", "Norrbank AB", "broker", False),
        ("TIDE", "Tidewater FX", "broker", True),
    ]
    lines = AuditEvent.objects.order_by("id").values_list("actor", "action", "about", "detail")
    assert list(lines) == [
        (
            "Administrator",
            "changed partner",
            f"partner:{norrbank.pk}",
            {
                "name": "Norrbank AB",
                "source": "CSV import",
                "changes": {
                    "name": ["Norrbank Securities", "Norrbank AB"],
                    "active": ["yes", "no"],
                },
            },
        ),
        (
            "Administrator",
            "added partner",
            f"partner:{Partner.objects.get(code='TIDE').pk}",
            {
                "name": "Tidewater FX",
                "source": "CSV import",
                "changes": {
                    "code": ["", "TIDE"],
                    "name": ["", "Tidewater FX"],
                    "active": ["", "yes"],
                },
            },
        ),
    ]


def test_one_refused_line_refuses_the_file(administrator, helix):
    text = "code,name\nTIDE,Tidewater FX\nlow,Lower\n"
    with pytest.raises(
        InvalidInput, match=r"Line 3, low: code: Capital letters.*Nothing was changed"
    ):
        import_partners(text=text, by=administrator, at=NOW)
    assert list(Partner.objects.values_list("code", flat=True)) == ["HELIX"]
    assert not AuditEvent.objects.exists()


def test_a_register_that_changed_since_the_dry_run_is_left_alone(administrator, helix):
    text = "code,name\nHELIX,Helix Group\n"
    expected = exchange.plan(PARTNERS, text).digest
    Partner.objects.update(name="Helix Holding")
    with pytest.raises(Conflict, match="look at the dry run again"):
        import_partners(text=text, expected=expected, by=administrator, at=NOW)
    assert Partner.objects.get().name == "Helix Holding"


def test_only_who_keeps_registers_imports(people, helix):
    for who in set(people) - {"administrator", "helix"}:
        for use_case in (import_partners, import_contacts, import_systems):
            with pytest.raises(NotAllowed):
                use_case(text="code\nX\n", by=people.actor(who), at=NOW)


def test_contacts_are_found_by_partner_and_e_mail_and_get_no_login(
    administrator, people, helix, norrbank
):
    text = (
        "partner,email,name,phone,notices\n"
        "helix,Contact@Helix.test,Ann,'+49 30 1,no\n"
        "NORR,contact@helix.test,Ann at both,,yes\n"
        "NORR,commander@desk.test,Somebody,,yes\n"
    )
    assert import_contacts(text=text, by=administrator, at=NOW) == 3
    rows = Contact.objects.order_by("pk")
    found = rows.values_list(
        "partner__code", "email", "name", "phone", "gets_notices", "user__name"
    )
    assert list(found) == [
        ("HELIX", "contact@helix.test", "Ann", "+49 30 1", False, "Helix Markets contact"),
        ("NORR", "contact@norrbank.test", NORR, "", True, NORR),
        ("NORR", "contact@helix.test", "Ann at both", "", True, None),
        ("NORR", "commander@desk.test", "Somebody", "", True, None),
    ]
    assert _steps(CONTACTS, "partner,email,name\nNONE,a@b.test,A\nHELIX,no mail,B\n") == [
        (2, "NONE · a@b.test", "refuse", ["partner: there is no NONE"]),
        (3, "HELIX · no mail", "refuse", ["email: Enter a valid email address."]),
    ]


def test_systems_name_their_owner_and_the_partners_that_depend_on_them(
    administrator, people, helix, norrbank
):
    text = (
        "name,kind,owner,critical,partners\n"
        "quote-gw,gateway,responder@desk.test,yes,NORR helix\n"
        "ledger,data store or feed,,no,\n"
    )
    assert import_systems(text=text, by=administrator, at=NOW) == 2
    gateway = System.objects.get(name="quote-gw")
    assert (gateway.kind, gateway.owner, gateway.is_critical) == (
        "gateway",
        people["responder"],
        True,
    )
    assert sorted(gateway.partners.values_list("code", flat=True)) == ["HELIX", "NORR"]
    assert System.objects.get(name="ledger").kind == "data"
    assert _steps(SYSTEMS, "name,owner,partners\nquote-gw,contact@helix.test,HELIX\n") == [
        (2, "quote-gw", "refuse", ["owner: there is no contact@helix.test"])
    ]
    assert _steps(SYSTEMS, "name,owner,partners\nquote-gw,,HELIX\n") == [
        (
            2,
            "quote-gw",
            "change",
            ["owner: responder@desk.test → empty", "partners: HELIX NORR → HELIX"],
        )
    ]


def test_an_export_that_is_imported_again_changes_nothing(administrator, people, helix, norrbank):
    Contact.objects.update(phone="+49 30 1", name="=cmd|' /C calc'!A0", title="'-x")
    system = System.objects.create(name="@gw", description="-1", owner=people["responder"])
    system.partners.set([helix, norrbank])
    for sheet in (PARTNERS, CONTACTS, SYSTEMS):
        text = sheet.export().decode("utf-8-sig")
        assert not re.search(r"(^|[,\n])\"?[=+\-@]", text)
        assert {step.verb for step in exchange.plan(sheet, text).steps} == {"same"}


# --- the pages ------------------------------------------------------------------------------------

PAGE = "/admin/partners/partner/csv/partners/"


def _browser(people, who):
    browser = Client()
    browser.force_login(people[who])
    return browser


def _upload(browser, text):
    raw = text if isinstance(text, bytes) else text.encode()
    return browser.post(PAGE, {"file": SimpleUploadedFile("partners.csv", raw)})


def _confirmation(page):
    html = page.content.decode()
    return {
        "text": page.context["text"],
        "expected": page.context["plan"].digest,
        "once": re.findall(r'name="once" value="([^"]+)"', html)[0],
    }


def test_a_file_is_uploaded_looked_at_and_imported_once(people, helix):
    browser = _browser(people, "administrator")
    assert 'href="/admin/partners/partner/csv/partners.csv"' in browser.get(PAGE).content.decode()
    shown = _upload(browser, "code,name\nTIDE,<b>Tide</b>\nHELIX,Helix Markets\n")
    assert "1 to add, 0 to change, 1 as they are" in text_of(shown)
    assert "<b>Tide</b>" not in shown.content.decode()
    assert Partner.objects.count() == 1
    answers = _confirmation(shown)
    done = browser.post(PAGE, answers, follow=True)
    assert "Partners: 1 rows imported." in text_of(done)
    assert Partner.objects.get(code="TIDE").name == "<b>Tide</b>"
    again = browser.post(PAGE, answers, follow=True)
    assert "nothing was done twice" in text_of(again)


def test_what_was_not_looked_at_is_not_imported(people, helix):
    browser = _browser(people, "administrator")
    for expected in ("", "x"):
        answer = browser.post(PAGE, {"text": "code,name\nTIDE,Tide\n", "expected": expected})
        assert answer.status_code == 422
        assert "look at the dry run again" in text_of(answer)
    assert Partner.objects.count() == 1


def test_a_page_says_why_a_file_is_refused(people, helix):
    browser = _browser(people, "administrator")
    shown = _upload(browser, "code,name\nlow,x\n")
    assert "Capital letters and digits only." in text_of(shown)
    assert "Import exactly this" not in text_of(shown)
    large = _upload(browser, b"x" * 300_000)
    assert (large.status_code, "larger than 256 KB" in text_of(large)) == (413, True)
    assert "Choose a file first." in text_of(browser.post(PAGE))
    assert "says all of this already" in text_of(_upload(browser, "code\nHELIX\n"))


def test_readers_export_and_an_auditor_s_export_is_recorded(people, helix):
    for who in ("responder", "auditor"):
        browser = _browser(people, who)
        file = browser.get("/admin/partners/partner/csv/contacts.csv")
        assert file["Content-Disposition"].startswith('attachment; filename="contacts-')
        assert "contact@helix.test" in file.content.decode("utf-8-sig")
        assert "Show what it would do" not in text_of(browser.get(PAGE))
        assert _upload(browser, "code,name\nTIDE,Tide\n").status_code == 404
    read = AuditEvent.objects.filter(action="read").values_list("actor", "about")
    assert list(read) == [("Auditor", "register:contacts")]
    assert (
        _browser(people, "helix").get("/admin/partners/partner/csv/contacts.csv").status_code == 302
    )
    assert browser.get("/admin/partners/partner/csv/people.csv").status_code == 404
    assert _browser(people, "auditor").get("/admin/cases/system/csv/systems.csv").status_code == 200


def test_contract_terms_come_back_as_they_were_exported_and_change_as_the_file_says(
    helix, norrbank, administrator
):
    Terms.objects.filter(partner=helix).update(regimes=["DORA", "NIS2"])
    text = sheets.decoded(TERMS.export())
    assert text.splitlines()[1] == "HELIX,60,120,240,,60,text,3,48,20,DORA NIS2"
    assert {step.verb for step in exchange.plan(TERMS, text).steps} == {"same"}
    changed = "partner,sev1,sev3,mail,regimes\nNORR,30,,link,dora uk\n"
    assert _steps(TERMS, changed) == [
        (
            2,
            "NORR",
            "change",
            [
                "sev1: 60 → 30",
                "sev3: 240 → empty",
                "mail: text → link",
                "regimes: empty → DORA UK",
            ],
        )
    ]
    assert import_terms(text=changed, by=administrator, at=NOW) == 1
    terms = Terms.objects.get(partner=norrbank)
    assert (terms.notice_sev1, terms.notice_sev3, terms.mail_carries, terms.regimes) == (
        30,
        None,
        "link",
        ["DORA", "UK"],
    )


def test_terms_that_nobody_can_agree_are_refused_in_words(helix, people):
    text = "partner,sev1,regimes\nHELIX,soon,DORA LAW\nNOBODY,60,\n"
    refused = [(line, verb) for line, _, verb, _ in _steps(TERMS, text)]
    assert refused == [(2, "refuse"), (3, "refuse")]
    with pytest.raises(NotAllowed):
        import_terms(text="partner,sev1\nHELIX,5\n", by=people.actor("commander"), at=NOW)


OUT_OF_ORDER = [
    ({"notice_sev1": 300}, "A milder severity cannot be due for notice sooner than a worse one"),
    ({"notice_sev2": None, "notice_sev3": 30}, "A milder severity cannot be due"),
    ({"notice_sev4": 1}, "A milder severity cannot be due"),
    ({"facts_initial_hours": 49}, "Facts packages come in order"),
    ({"facts_interim_hours": 481}, "Facts packages come in order"),
    ({"facts_initial_hours": 0}, "Facts packages come in order"),
    ({"acknowledge_minutes": 0}, "Leave a minute or more"),
]
COLUMNS = {column.attribute: column.name for column in TERMS.columns}


@pytest.mark.parametrize(("change", "words"), OUT_OF_ORDER)
def test_terms_in_an_order_that_makes_no_sense_are_refused_at_every_door(
    change, words, helix, norrbank, people, administrator
):
    before = list(Terms.objects.order_by("pk").values())
    head = ",".join(["partner", *(COLUMNS[name] for name in change)])
    line = ",".join(["HELIX", *("" if value is None else str(value) for value in change.values())])
    step = exchange.plan(TERMS, f"{head}\n{line}\n").steps[0]
    assert (step.verb, [why.startswith(words) for why in step.refusals]) == ("refuse", [True])
    terms = Terms.objects.get(partner=helix)
    form = {name: getattr(terms, name) for name in COLUMNS if name not in ("partner", "regimes")}
    form = {name: "" if value is None else value for name, value in (form | change).items()}
    page = f"/admin/partners/terms/{terms.pk}/change/"
    answer = _browser(people, "administrator").post(page, form)
    assert (answer.status_code, words in html.unescape(answer.text)) == (200, True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Terms.objects.filter(partner=helix).update(**change)
    assert list(Terms.objects.order_by("pk").values()) == before


def test_terms_that_are_equal_or_not_agreed_are_in_order(helix):
    same = {"facts_initial_hours": 48, "facts_interim_hours": 48, "facts_final_days": 2}
    Terms.objects.update(notice_sev1=60, notice_sev2=60, notice_sev3=None, notice_sev4=60, **same)
    Terms.objects.get(partner=helix).full_clean()
