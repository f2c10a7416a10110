"""Facts packages: handing a partner the figures of its incident, for its own reports.

What a regulator's form makes of them is not decided here, and the desk reports to no authority.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from cases import accuracy, disclosure, labels, moments, promises, queries, timeline
from cases.models import Entry, FactsPackage, Incident, Involvement
from cases.regulation import details as regulation_details
from cases.regulation import gathering
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import InvalidInput
from notifications import outbox
from partners import directory

Stage = FactsPackage.Stage
WHOLE = Decimal(100)
PLACES = 2  # of a share; less than that is 0.00 %, and only the number says that it is not nothing
COUNTED = (
    "downtime_minutes",
    "clients",
    "clients_share",
    "transactions",
    "transactions_share",
    "value_eur",
)


@dataclass(frozen=True)
class Figures:
    """What is known for this partner; None is not known. Shares are per cent, the value in euro."""

    text: str
    services: str = ""
    began_at: datetime | None = None
    ended_at: datetime | None = None
    downtime_minutes: int | None = None
    clients: int | None = None
    clients_share: Decimal | None = None
    transactions: int | None = None
    transactions_share: Decimal | None = None
    value_eur: int | None = None
    is_estimate: bool = False

    @property
    def are_known(self) -> bool:
        """Whether there is a figure at all."""
        return any(getattr(self, name) is not None for name in COUNTED)


@transaction.atomic
def hand_over(
    *,
    incident_id: int,
    involvement_id: int,
    stage: str,
    figures: Figures,
    details: Mapping[str, Any] | None = None,
    without_figures: bool = False,
    by: Actor,
    at: datetime,
) -> FactsPackage:
    """Give one partner its facts, in its portal; its clock for them is met, and it has a mail.

    `details` are fields of the DORA report by number, as `cases.regulation.details` has them. The
    report is made now and stays with the package, as does what it leaves open.
    `without_figures` says that it is known to hold none: an empty package meets no clock unnoticed.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.NOTICE_SEND)
    disclosure.require_telling(incident)
    involvement = incident.involvements.select_related("partner").get(pk=involvement_id)
    involvement.incident = incident
    _require_possible(involvement, stage, figures, at=at)
    _require_said(figures, without_figures=without_figures)
    partner = involvement.partner
    added = regulation_details.clean(details or {})
    words = regulation_details.texts(added)
    accuracy.require_own(partner, figures.text, figures.services, *words)
    made = prepare(incident, involvement, stage, figures, added)
    made.reference = directory.next_reference(partner, kind="facts", year=at.year)
    made.handed_at, made.handed_by_id = at, by.person_id
    made.save()
    promises.keep_facts(involvement, stage, at=at)
    _tell(made, at=at)
    text = (
        f"{partner} was handed its {made.get_stage_display()} facts package, {made}. {said(made)}"
    )
    timeline.record(incident, Entry.Kind.PARTNER, text, by=by, at=at, partner_id=partner.pk)
    return made


def prepare(
    incident: Incident,
    involvement: Involvement,
    stage: str,
    figures: Figures,
    details: Mapping[str, Any],
) -> FactsPackage:
    """A package as it would be handed over now, with its report; nothing is saved or sent.

    `details` are as `cases.regulation.details.clean` gives them.
    """
    words = {"text": figures.text.strip(), "services": figures.services.strip()}
    made = FactsPackage(
        involvement=involvement, partner=involvement.partner, stage=stage, **asdict(figures) | words
    )
    gathering.fill(made, incident, details)
    return made


def said(package: FactsPackage) -> str:
    """The figures in a line, as the timeline keeps them."""
    share = {"clients": package.clients_share, "transactions": package.transactions_share}
    parts = []
    for name in ("clients", "transactions"):
        count = getattr(package, name)
        per_cent = f" ({share[name]:g} %)" if share[name] is not None else ""
        parts += [f"{name} {'not known' if count is None else count}{per_cent}"]
    if package.value_eur is not None:
        parts.append(f"EUR {package.value_eur}")
    if not any(getattr(package, name) is not None for name in COUNTED):
        return "No figures yet."
    if package.downtime_minutes is not None:
        parts.append(f"{package.downtime_minutes} minutes down")
    estimated = " Estimated." if package.is_estimate else ""
    return f"{', '.join(parts).capitalize()}.{estimated}"


def _require_possible(
    involvement: Involvement, stage: str, figures: Figures, *, at: datetime
) -> None:
    if stage not in Stage.values:
        raise InvalidInput("A facts package is the first, an interim or the final one.")
    if involvement.disclosed_at is None:
        raise InvalidInput(
            f"{involvement.partner} does not see this incident yet; disclose it or send a notice."
        )
    if involvement.incident.tlp == labels.Tlp.RED:
        raise InvalidInput(
            "TLP:RED is for named people, and a facts package is for all at the partner; tell them "
            "by a notice."
        )
    if not figures.text.strip():
        raise InvalidInput("Say what happened, in words for this partner.")
    if figures.began_at and figures.ended_at and figures.ended_at < figures.began_at:
        raise InvalidInput("It cannot have ended before it began.", field="ended_at")
    for name in ("began_at", "ended_at"):
        future = "This lies in the future; a package holds what has been."
        moments.require_happened(getattr(figures, name), at=at, future=future, field=name)
    for name in ("clients_share", "transactions_share"):
        share = getattr(figures, name)
        if share is not None and not 0 <= share <= WHOLE:
            raise InvalidInput("A share is between 0 and 100 per cent.", field=name)
        if share is not None and share != round(share, PLACES):
            raise InvalidInput(
                f"A share is kept with {PLACES} places after the point; round it, and enter the "
                "number beside it.",
                field=name,
            )


def _require_said(figures: Figures, *, without_figures: bool) -> None:
    if not figures.are_known and not without_figures:
        raise InvalidInput(
            "It holds no figure yet; enter what is known, or say that there is none so far.",
            field="without_figures",
        )


def _tell(package: FactsPackage, *, at: datetime) -> None:
    """A mail with a link alone to each of those who get notices."""
    outbox.queue_many(
        [
            outbox.Draft(
                kind="facts",
                to=contact.email,
                about=package.involvement.incident.about,
                dedupe_key=f"facts:{package.pk}:{contact.pk}",
                context={
                    "reference": package.reference,
                    "incident": package.involvement.reference,
                    "stage": package.get_stage_display(),
                    "partner_name": package.partner.name,
                    "url": f"/portal/facts/{package.reference}/",
                },
            )
            for contact in directory.notice_contacts(package.partner_id)
        ],
        at=at,
    )
