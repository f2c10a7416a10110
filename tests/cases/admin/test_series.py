"""Series on the desk: the list, the drawing with its band and table, why, and the buttons."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse

from cases import restriction
from cases.anomalies import backtest, switching, watching
from cases.intake import figures, sources
from cases.intake.metrics import Figure
from cases.models import Anomaly, Incident, PrometheusQuery, Series, Source, TradingHours
from incidentdesk.kernel import clocks
from incidentdesk.kernel.shown_once import digest
from tests.cases.admin.conftest import address, page_of, sql_of, text_of
from tests.cases.anomalies.conftest import MINUTE, latency, metrics, stored, switched_on
from tests.conftest import NOW

__all__ = ["metrics", "stored", "switched_on"]  # fixtures of the neighbour
LIST = "/admin/cases/series/"


@pytest.fixture(autouse=True)
def at_now(monkeypatch):
    monkeypatch.setattr(clocks, "now", lambda: NOW + MINUTE)


@pytest.fixture
def spiked(stored, switched_on, metrics):
    """A series that is watched, with a spike."""
    series = switched_on(stored(latency(400)))
    watching.watch(at=NOW)
    figures.store(source=metrics, figures=[Figure("latency_ms", 60.0, NOW)], at=NOW)
    watching.watch(at=NOW)
    return series


def test_the_list_shows_the_last_figure_and_what_is_wrong(as_, spiked, stored):
    stored([Figure("orders", 12.0, NOW, {"venue": "x"})])
    words = text_of(as_("responder").get(LIST))
    assert "latency_ms 60 09:41 unusual level venue" in words
    assert 'orders{venue="x"} 12 09:41 not watched level venue' in words
    only = text_of(as_("responder").get(f"{LIST}?state=open"))
    assert "orders" not in only
    found = text_of(as_("responder").get(f"{LIST}?q=orders"))
    assert "orders{" in found
    assert "latency_ms" not in found


def test_a_page_draws_the_figures_the_band_and_the_anomaly_and_has_a_table(as_, spiked):
    page = as_("auditor").get(page_of(spiked))
    drawn = page.content.decode()
    assert '<title id="chart-title">latency_ms</title>' in drawn
    assert "401 figures, from " in drawn
    assert "with 1 anomaly. The same figures follow as a table." in drawn
    assert drawn.count('<polygon class="band"') == 1
    assert drawn.count('<rect class="wrong"') == 1
    assert drawn.count('<circle class="point"') == 1
    chart = page.context["chart"]
    assert (chart["number"], chart["most"]) == (401, 60.0)
    assert sum(row["number"] for row in chart["rows"]) == 401
    assert "nan" not in drawn[drawn.index("<svg") : drawn.index("</svg>")].lower()
    words = text_of(page)
    assert re.search(r"Unusual [\w ]*09:41 ?, open", words)
    assert re.search(
        r"60 where [\d.]+ was expected\. expected [\d.]+, from [\d.]+ to [\d.]+ · p ", words
    )
    assert "looked at 1 figures · " in words
    assert " against the threshold 2.00 · slots-means-spread 1" in words
    assert Incident.objects.get().reference in words
    assert re.search(
        r"From p < [\d.e-]+ on, which is a threshold of 2.00\. Without answers it is 2.00", words
    )
    assert "False alarm" not in words  # an auditor changes nothing


def test_a_span_without_figures_and_a_series_nobody_watches_say_so(as_, stored):
    series = stored([Figure("old", 1.0, NOW - timedelta(days=3))])
    words = text_of(as_("responder").get(page_of(series)))
    assert "No figure came in this time." in words
    assert "None: nobody watches it yet." in words
    longer = as_("responder").get(f"{page_of(series)}?span=14d")
    assert longer.context["chart"]["number"] == 1


def test_a_page_and_a_list_cost_the_same_however_much_there_is(as_, spiked, stored, switched_on):
    browser = as_("responder")
    before = [len(sql_of(browser, url)) for url in (LIST, page_of(spiked))]
    for number in range(4):
        switched_on(stored([replace(f, labels={"n": str(number)}) for f in latency(10)]))
    for n in range(5):
        Anomaly.objects.create(
            series=spiked,
            kind="unusual",
            began_at=NOW - n * MINUTE,
            ended_at=NOW,
            words="x",
            threshold=2.0,
            model="m",
            group="g",
            answer="true",
            answered_at=NOW,
            answered_by_id=browser.session["_auth_user_id"],
        )
    assert [len(sql_of(browser, url)) for url in (LIST, page_of(spiked))] == before


def test_an_answer_says_its_effect_before_and_after_and_is_taken_back(as_, spiked):
    browser, anomaly = as_("responder"), Anomaly.objects.get()
    url = f"{address(spiked, 'false')}?anomaly={anomaly.pk}"
    shown = text_of(browser.get(url))
    effect = re.search(r"It alarms from p < \S+ instead of p < \S+ \(threshold 2.40", shown)
    assert effect is not None
    done = browser.post(address(spiked, "false"), {"anomaly": anomaly.pk}, follow=True)
    words = text_of(done)
    assert effect[0] in words
    assert "False alarm · Responder" in words.replace("false", "False")
    assert "false: the threshold of 2.00 becomes 2.40, fewer alarms" in words
    assert "Take the answer back" in words
    back = browser.post(address(spiked, "take_back"), {"anomaly": anomaly.pk}, follow=True)
    assert "(threshold 2.00 instead of 2.40): more alarms." in text_of(back)
    refused = browser.post(address(spiked, "take_back"), {"anomaly": anomaly.pk})
    assert refused.status_code == 422


def test_switching_on_shows_the_back_test_and_sends_which_one_was_seen(as_, stored):
    past = latency(400)
    past[300] = replace(past[300], value=70.0)
    series = stored(past)
    browser = as_("administrator")
    shown = browser.get(address(series, "switch_on"))
    words = text_of(shown)
    assert "This would have alarmed once in the last 7 hours." in words
    assert " 08:01 : 70 where " in words
    seen = re.search(r'name="seen" value="(\w+)"', shown.content.decode())
    assert seen is not None
    refused = browser.post(address(series, "switch_on"), {"seen": "something else"})
    assert "look at it again" in text_of(refused)
    browser.post(address(series, "switch_on"), {"seen": seen[1]})
    assert Series.objects.get().is_on


def test_limits_and_how_it_is_watched_are_set_in_dialogs(as_, stored):
    series = stored(latency(5))
    hours = TradingHours.objects.create(
        name="Oslo", zone="Europe/Oslo", opens="08:00", closes="16:00", days=[0]
    )
    browser = as_("administrator")
    browser.post(address(series, "limits"), {"lowest": "", "highest": "12.5"})
    how = {"kind": "level", "hours": hours.pk, "may_be_silent": "on"}
    browser.post(address(series, "how"), how)
    series = Series.objects.get()
    assert (series.lowest, series.highest, series.hours) == (None, 12.5, hours)
    assert (series.may_be_silent, series.may_stand_still) == (True, False)
    shown = browser.get(address(series, "how")).content.decode()
    assert re.search(r'name="may_be_silent"[^>]*checked', shown)
    words = text_of(browser.get(page_of(series)))
    assert "Allowed at most 12.5 Hours Oslo" in words
    refused = browser.post(address(series, "limits"), {"lowest": "20", "highest": "12.5"})
    assert "No figure is at least 20 and at most 12.5." in text_of(refused)


def test_a_responder_answers_and_does_not_switch(as_, spiked):
    words = text_of(as_("responder").get(page_of(spiked)))
    assert "Switch off" not in words
    assert "False alarm" in words
    assert as_("responder").post(address(spiked, "switch_off")).status_code == 403


def test_an_incident_that_one_may_not_read_is_not_named(as_, spiked, people):
    incident = Incident.objects.get()
    restriction.restrict(
        incident_id=incident.pk,
        reason="Ongoing.",
        user_ids=[],
        by=people.actor("commander"),
        at=NOW,
    )
    assert incident.reference in text_of(as_("commander").get(page_of(spiked)))
    assert incident.reference not in text_of(as_("responder").get(page_of(spiked)))


def test_trading_hours_that_cannot_be_read_are_refused_at_their_field(as_, people):
    browser, url = as_("administrator"), reverse("admin:cases_tradinghours_add")
    typed = {
        "name": "X",
        "zone": "Europe/Nowhere",
        "opens": "08:00",
        "closes": "16:00",
        "days": [0, 1],
    }
    assert "There is no time zone Europe/Nowhere" in text_of(browser.post(url, typed))
    wrong = {**typed, "zone": "Europe/Oslo", "exceptions": "25.12.2026"}
    assert "“25.12.2026” is no day" in text_of(browser.post(url, wrong))
    assert TradingHours.objects.count() == 0
    browser.post(url, {**wrong, "exceptions": "2026-12-25\n2026-12-24 12:30\n"})
    assert TradingHours.objects.get().days == [0, 1]


def test_only_an_allowed_prometheus_is_taken(as_, settings):
    settings.PROMETHEUS_HOSTS = ["prometheus:9090"]
    source = Source.objects.create(name="p", format="prometheus", key_digest=digest("key-prom-1"))
    other = Source.objects.create(name="o", format="metrics", key_digest=digest("key-other"))
    browser, url = as_("administrator"), reverse("admin:cases_prometheusquery_add")
    typed = {"source": source.pk, "metric": "p99", "query": "x", "step": 60, "is_active": "on"}
    refused = browser.post(url, {**typed, "url": "http://169.254.169.254/"})
    assert "The desk may not ask 169.254.169.254" in text_of(refused)
    assert "15 to 86,400 seconds" in text_of(
        browser.post(url, {**typed, "url": "http://prometheus:9090", "step": 1})
    )
    browser.post(url, {**typed, "url": "http://prometheus:9090", "source": other.pk})
    assert PrometheusQuery.objects.count() == 0
    browser.post(url, {**typed, "url": "http://prometheus:9090/"})
    assert PrometheusQuery.objects.get().url == "http://prometheus:9090"


def test_nobody_makes_a_second_desk_or_a_key_to_it(as_):
    browser = as_("administrator")
    formats = browser.get(reverse("admin:cases_source_add")).context["adminform"].form
    assert "desk" not in dict(formats.fields["format"].choices)
    desk = sources.the_desk()
    assert "New key" not in browser.get(f"/admin/cases/source/{desk.pk}/change/").text
    assert browser.post(f"/admin/cases/source/{desk.pk}/renew_key/").status_code == 403
    assert Source.objects.get(format="desk").key_digest == desk.key_digest


def test_what_a_back_test_depends_on_is_in_its_proof(stored, people):
    series = stored(latency(5))
    seen = {backtest.proof_of(series)}
    boss = people.actor("administrator")
    for how in (
        switching.How(kind="level", may_be_silent=True),
        switching.How(kind="level", may_stand_still=True),
        switching.How(kind="count"),
        switching.How(kind="count", both_ways=True),
    ):
        seen.add(backtest.proof_of(switching.change(series_id=series.pk, how=how, by=boss, at=NOW)))
    assert len(seen) == 5
