"""Who takes part in the proof: the people of two partners, and those of the desk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.files.base import ContentFile

from cases import audience, disclosure, notices, workflow
from cases.intake import reports
from cases.models import Category, Incident, Involvement
from incidentdesk.isolation.canaries import LONG_AGO, Canaries
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.models import User
from partners.models import Partner

RIGHTS = ("act", "administer", "audit")


@dataclass
class Side:
    """One partner: its words, its people by right, its rows."""

    words: Canaries
    partner: Partner
    users: dict[str, User]
    secrets: dict[str, str] = field(default_factory=dict)  # of a token of each

    def actor(self, right: str = "act") -> Actor:
        """One of its people, at work for it."""
        return access.actor_for(self.users[right], partner_id=self.partner.pk)

    def involvement(self, incident: Incident) -> Involvement:
        """Its part in this incident."""
        return Involvement.objects.get(incident=incident, partner=self.partner)

    def file(self, of: str) -> ContentFile[bytes]:
        """A file whose name and content are its own."""
        content = self.words.word(f"the content of the file of {of}").encode()
        return ContentFile(content, name=f"{self.words.word(f'the name of the file of {of}')}.txt")

    @property
    def people(self) -> list[int]:
        """The ids of its people."""
        return [user.pk for user in self.users.values()]


class Teller:
    """The people of the desk, and a clock that goes on a minute a step."""

    def __init__(self, desk: Canaries) -> None:
        self.desk, self.at = desk, LONG_AGO
        roles = ["responder", "commander", "communications"]
        self.lead = self._person("the commander", roles)
        self.second = self._person("the approver", ["approver"])

    def _person(self, who: str, roles: list[str]) -> Actor:
        word = self.desk.word(f"the name of {who}")
        email = f"{word.lower()}@desk.invalid"
        return access.actor_for(User.objects.create_user(email, name=word, roles=roles))

    def tick(self) -> datetime:
        """A minute later."""
        self.at += timedelta(minutes=1)
        return self.at

    def declare(self, axes: tuple[int, int, int] = (4, 4, 3)) -> Incident:
        """An incident, whose title is the desk's own; `axes` are impact, scope and urgency."""
        opening = workflow.Opening(
            title=self.desk.word("the title of the incident"),
            description=self.desk.word("the description of the incident"),
            category_id=Category.objects.values_list("pk", flat=True).first(),
            detection=Incident.Detection.STAFF,
            detected_by=self.desk.word("who detected the incident"),
            detected_at=self.at,
            impact=axes[0],
            scope=axes[1],
            urgency=axes[2],
        )
        made = workflow.open_incident(opening=opening, by=self.lead, at=self.tick())
        made.refresh_from_db()
        self.desk.spoken.add(made.reference)
        return made

    def involve(self, incident: Incident, side: Side) -> Involvement:
        """The partner is listed; it sees nothing yet."""
        return disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=side.partner.pk,
            title=side.words.word("the title of its incident"),
            meaning=side.words.word("what its incident means"),
            severity=2,
            by=self.lead,
            at=self.tick(),
        )

    def tell(self, involvement: Involvement, body: str, *, is_sent: bool = True) -> None:
        """A notice, approved and sent; or only drafted."""
        notice = notices.draft(
            incident_id=involvement.incident_id,
            kind="update" if audience.begun([involvement]) else "first",
            body=body,
            involvement_ids=[involvement.pk],
            by=self.lead,
            at=self.tick(),
        )
        if is_sent:
            notices.approve(notice_id=notice.pk, is_checked=True, by=self.second, at=self.tick())
            notices.send(notice_id=notice.pk, by=self.lead, at=self.tick())

    def hear(self, side: Side) -> None:
        """The partner reports something and is answered."""
        made = reports.report(
            title=side.words.word("the title of its report"),
            description=side.words.word("the text of its report"),
            noticed_at=self.at,
            by=side.actor(),
            at=self.tick(),
        )
        answer = side.words.word("the answer to its report")
        reports.decline(report_id=made.pk, answer=answer, by=self.lead, at=self.tick())
