"""Two partners at once, from a report to the post-incident report: each has its own incident, and
at every step nothing that reaches one of them, page or mail, tells of the other."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from incidentdesk.kernel import clocks
from tests.journeys.stack import Desk
from tests.journeys.steps import (
    begin_review,
    confirm_tasks,
    do,
    evaluate,
    fix_it,
    open_dialog,
    prove,
    recover,
    review,
    send_own,
    sign,
)
from tests.journeys.test_alerts import wait_until
from tests.sinks import SmtpSink

PAGES = ("/portal/", "/portal/reports/", "/portal/requests/", "/portal/procedures/")


@dataclass
class Side:
    """One of the two: its person in the portal, its secret word, and what its mails have said."""

    page: Page
    sink: SmtpSink
    name: str
    word: str
    incident: str = ""  # the address of its own page of it, once it sees it

    def mails(self) -> list[str]:
        """Every mail to this partner's people: subject and text."""
        host = f"@{self.name.split()[0].lower()}.example"
        return [
            f"{mail['Subject']}\n{mail.get_body(('plain',)).get_content()}"  # type: ignore[union-attr]
            for mail in self.sink.messages
            if host in str(mail["To"])
        ]

    @property
    def reference(self) -> str:
        """Its own reference of the incident."""
        return self.incident.rstrip("/").rsplit("/", 1)[1]

    def waits_for_mail(self, words: str, *, number: int = 1) -> None:
        """Until so many mails that say this have come; what a mail carries, its contract says."""

        def has_come() -> bool:
            return sum(words in mail for mail in self.mails()) >= number

        wait_until(has_come, seconds=60, what=f"mail {number} to {self.name} about {words}")

    def knows_nothing_of(self, other: Side) -> None:
        """Neither a page nor a mail of it has a word of the other, or anything that all share."""
        told = self.mails()
        for path in (*PAGES, *filter(None, [self.incident])):
            self.page.goto(path)
            told.append(self.page.content())
        strange = (other.word, other.name, other.name.split()[0].upper() + "-", "INC-")
        assert [(word, text) for text in told for word in strange if word in text] == []

    def opens(self, title: str) -> None:
        """Its own page of the incident, from the portal's first."""
        self.page.goto("/portal/")
        self.page.get_by_role("link", name=title).first.click()
        self.incident = self.page.url

    def acknowledges(self, text: str) -> None:
        """It reads exactly this text and says so."""
        self.page.goto(self.incident)
        newest = self.page.locator(".told .newest")
        expect(newest).to_contain_text(text)
        newest.get_by_role("button", name="Acknowledge").click()
        expect(self.page.locator(".told .newest")).to_contain_text("Acknowledged by")


def test_two_partners_live_through_one_incident_and_neither_learns_of_the_other(
    desk: Desk, sink: SmtpSink, as_: Callable[[str], Page]
) -> None:
    mark = uuid.uuid4().hex[:6]
    helix = Side(as_("contact@helix.example"), sink, "Helix Markets", f"alder-{mark}")
    norrbank = Side(as_("contact@norrbank.example"), sink, "Norrbank Securities", f"birch-{mark}")
    comms, page, second, approver = (
        as_(f"{who}@desk.example") for who in ("comms", "commander", "responder", "approver")
    )

    def apart() -> None:
        helix.knows_nothing_of(norrbank)
        norrbank.knows_nothing_of(helix)

    # --- report → triage → incident
    report(helix)
    apart()
    comms.goto("/admin/cases/report/")
    comms.get_by_role("link", name=re.compile(helix.word)).click()
    do(comms, "accept", impact=3, scope=3, urgency=2, shown_severity="SEV-2")
    page.goto(comms.url)
    incident = page.url.split("?")[0]
    helix.opens(f"Fills missing {helix.word}")
    apart()

    # --- both are involved; each with its own words
    do(page, "take_command")
    evaluate(page, "Infrastructure outage or service degradation", impact=3, scope=3, urgency=2)
    do(page, "add_system", system="quote-gw-eu-2")
    do(
        page,
        "add_partner",
        partner=norrbank.name,
        title=f"Late fills {norrbank.word}",
        meaning=f"Stop quoting. {norrbank.word}",
        severity="SEV-2",
    )
    sign(page, "regulatory_decided", "No threshold is reached.")
    sign(page, "no_duplicate", "None of these systems.")
    do(page, "begin_containment")
    apart()

    # --- notice → approval by a second person → each its own text → acknowledgement
    told = {side.name: f"First words for {side.word}." for side in (helix, norrbank)}
    send_own(page, approver, incident, "first notice", told)
    norrbank.opens(f"Late fills {norrbank.word}")
    for side in (helix, norrbank):
        side.waits_for_mail(side.reference)
        side.acknowledges(told[side.name])
    apart()
    do(page, "decide_notice", partners=True, choice="notify", reason="Their fills are late.")

    # --- request → answer with a file → accepted
    ask_and_answer(page, incident, helix)
    apart()

    # --- contained, mitigated, recovered
    prove(page, incident)
    page.goto(incident)
    do(page, "end_tasks", tasks=True, state="done", note="As the runbook says.")
    confirm_tasks(second, incident)
    page.goto(incident)
    do(page, "isolate", how="Taken out of the pool; see pool status.")
    sign(page, "no_growth", "No new missing fill since 10:12.")
    do(page, "residual_exposure", text="None.")
    do(page, "begin_mitigation")
    do(page, "end_tasks", tasks=True, state="waived", note="Covered by the rollback.")
    do(page, "record_cause", cause="A drop copy session stuck.")
    fix_it(page, second, incident)
    sign(page, "detection_added", "A rule on drop copy age fired in a replay.")
    do(page, "begin_recovery")
    do(page, "end_tasks", tasks=True, state="waived", note="Nothing of it applies.")
    do(page, "restore", how="Back in the pool after replay.", checked_by="Responder 1")
    recover(page, ago=35)

    # --- all clear, and each says that it works again
    told = {side.name: f"All clear for {side.word}." for side in (helix, norrbank)}
    send_own(page, approver, incident, "all clear", told)
    for side in (helix, norrbank):
        side.acknowledges(told[side.name])
        side.page.get_by_role("button", name="We see it working again").click()
        expect(side.page.locator("main")).to_contain_text("works again")
    apart()

    # --- review → post-incident report
    page.goto(incident)
    begin_review(page)
    review(page, approver, incident)
    told = {side.name: f"What happened, for {side.word}." for side in (helix, norrbank)}
    had = {s.name: sum(s.reference in mail for mail in s.mails()) for s in (helix, norrbank)}
    send_own(page, approver, incident, "post-incident report", told)
    for side in (helix, norrbank):
        side.waits_for_mail(side.reference, number=had[side.name] + 1)
        side.acknowledges(told[side.name])
        expect(side.page.locator("main")).to_contain_text("closed")
    apart()


def report(side: Side) -> None:
    """It reports what it sees, and has a reference at once."""
    page = side.page
    page.goto("/portal/report/")
    page.fill("[name=title]", f"Fills missing {side.word}")
    page.fill("[name=description]", f"Every third fill is missing. {side.word}")
    page.fill("[name=noticed_at]", clocks.now().strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Send the report").click()
    expect(page.locator("main")).to_contain_text(re.compile(r"HELIX-REP-\d{4}-\d{4}"))


def ask_and_answer(page: Page, incident: str, side: Side) -> None:
    """Staff ask this partner alone; it answers with a file, and the answer is accepted."""
    question = f"Which orders lack a fill? {side.word}"
    page.goto(incident)
    dialog = open_dialog(page, "ask")
    choice = dialog.locator("[name=involvement] option", has_text=side.name)
    dialog.locator("[name=involvement]").select_option(value=choice.get_attribute("value"))
    dialog.locator("[name=question]").fill(question)
    with page.expect_navigation():
        dialog.locator("button[type=submit]").click()
    side.waits_for_mail("HELIX-REQ-")
    side.page.goto("/portal/requests/")
    side.page.get_by_role("link", name=re.compile(side.word)).first.click()
    side.page.fill("[name=text]", f"These three. {side.word}")
    side.page.locator("[name=uploads]").set_input_files(
        {"name": f"{side.word}.csv", "mimeType": "text/csv", "buffer": b"order\n17\n"}
    )
    side.page.check("[name=is_whole]")
    side.page.get_by_role("button", name="Send", exact=True).click()
    expect(side.page.locator("main")).to_contain_text(f"{side.word}.csv")
    page.goto(f"{incident}?tab=partners")
    page.get_by_role("link", name=re.compile(r"HELIX-REQ-")).first.click()
    expect(page.locator("#content")).to_contain_text(f"{side.word}.csv")
    do(page, "accept", words="Thank you.")
    page.goto(incident)
