"""Label mappings: what labels of any format say of systems, partners and urgency."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from cases import queries
from cases.intake import mapping
from cases.models import Entry, Incident, LabelMapping, Source, System
from notifications.models import Message
from partners.models import Partner
from tests.cases.intake.conftest import Post, alert, answer, call, event, only
from tests.conftest import People

pytestmark = pytest.mark.django_db


def maps(source: Source, label: str, pattern: str, **means: object) -> None:
    LabelMapping.objects.create(source=source, label=label, pattern=pattern, **means)


def said(incident: Incident, kind: Entry.Kind) -> list[str]:
    return list(
        incident.entries.filter(kind=kind).order_by("sequence").values_list("body", flat=True)
    )


@pytest.mark.parametrize(
    ("pattern", "value", "does"),
    [
        ("gw-eu", "gw-eu", True),
        ("gw-eu", "GW-EU", True),
        ("gw-eu", "gw-eu-2", False),
        ("gw-*", "gw-eu-2", True),
        ("*-eu-?", "gw-eu-2", True),
        ("*-eu-?", "gw-eu-22", False),
        ("[gw]", "g", False),
        ("[gw]", "[gw]", True),
    ],
)
def test_a_value_fits_whole_or_by_its_signs(pattern: str, value: str, does: bool) -> None:
    assert mapping.fits(pattern, value) is does


def test_a_label_lists_the_system_and_so_proposes_its_partners(
    source: Source, post: Post, helix: Partner, norrbank: Partner, people: People
) -> None:
    gateway, ledger = (System.objects.create(name=name) for name in ("gw-eu", "ledger"))
    retired = System.objects.create(name="old", is_active=False)
    gateway.partners.add(helix)
    maps(source, "instance", "gw-*", system=gateway)
    maps(source, "instance", "ledger", system=ledger)
    maps(source, "alertname", "*", system=retired)
    answer(post(call(alert("A", instance="gw-2"), alert("B", instance="gw-3"))))
    incident = only()
    assert [row.system.name for row in incident.systems.all()] == ["gw-eu"]
    assert said(incident, Entry.Kind.SYSTEM) == ["gw-eu is affected."]
    assert [one.name for one in queries.dependent_partners(incident)] == ["Helix Markets"]
    assert incident.involvements.count() == 0
    answer(post(call(alert("C", instance="ledger"), alert("D", instance="gw-9"))))  # joins it
    assert [row.system.name for row in only().systems.all()] == ["gw-eu", "ledger"]


def test_a_label_lists_a_partner_that_sees_and_hears_nothing(
    source: Source, post: Post, helix: Partner, norrbank: Partner, people: People
) -> None:
    maps(source, "client", "HELIX", partner=helix)
    named = alert("A", client="helix", summary="x") | {
        "annotations": {"summary": "Helix Markets and Norrbank Securities see stale prices"}
    }
    answer(post(call(named)))
    answer(post(call(alert("B", client="HELIX"))))
    (listed,) = only().involvements.all()
    assert (listed.partner, listed.disclosed_at, listed.reference) == (helix, None, "")
    assert (listed.title, listed.meaning) == ("Incident under investigation", "")
    assert listed.severity == only().severity
    assert said(only(), Entry.Kind.PARTNER) == [
        f"Helix Markets may be affected (SEV-{listed.severity} for it): an alert of source prod-eu "
        "names it; what it means for it is not known yet."
    ]
    contact = Client()
    contact.force_login(people["helix"])
    for page in ("/portal/", "/portal/incidents/"):
        assert "Incident under investigation" not in contact.get(page).text
    contacts = ["contact@helix.test", "contact@norrbank.test"]
    assert not Message.objects.filter(to_address__in=contacts).exists()


def test_a_severity_hint_overrules_the_word_that_was_sent(
    pagerduty: Source, source: Source, enqueue: Post
) -> None:
    maps(pagerduty, "component", "lab-*", urgency=1)
    maps(pagerduty, "title", "*drops orders*", urgency=3)
    maps(source, "component", "lab-*", urgency=2)  # of another source
    answer(enqueue(event(key="a", severity="critical", component="lab-4", summary="Disk full")))
    answer(enqueue(event(key="b", severity="info", component="lab-4")))
    answer(enqueue(event(key="c", severity="info", summary="Disk full")))
    incidents = list(Incident.objects.order_by("id"))
    assert [one.urgency for one in incidents] == [1, 3, 1]
    assert [one.bases.get(axis="urgency").words for one in incidents] == [
        "Alert: Disk full; as a label mapping of source legacy says",
        "Alert: Gateway drops orders; as a label mapping of source legacy says",
        "Alert: Disk full; as source legacy told it",
    ]


def test_nothing_is_added_in_review(
    source: Source,
    post: Post,
    incident_in: Callable[[str], Incident],
    helix: Partner,
    norrbank: Partner,
) -> None:
    answer(post(call(alert("A"))))
    maps(source, "alertname", "B", partner=norrbank, system=System.objects.create(name="gw"))
    reviewed = incident_in("review")
    only_alert = only_of(reviewed)
    answer(post(call(alert("B"), group=only_alert)))
    assert [one.partner for one in reviewed.involvements.all()] == [helix]
    assert [row.system.name for row in reviewed.systems.all()] == ["quote-gw-eu-2"]


def only_of(incident: Incident) -> str:
    """Give the incident the one alert there is; answers the key of its group."""
    found = Incident.objects.exclude(pk=incident.pk).get().alerts.get()
    found.incident = incident
    found.save()
    return found.group_key
