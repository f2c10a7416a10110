"""The severity matrix as a page, changing it, and the registers around it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from cases.admin.page import matrix
from cases.models import AxisLevel, SeverityFloor, SeverityMatrix, SeverityRule
from cases.severity import CELLS
from incidentdesk.kernel.models import AuditEvent
from tests.cases.admin.conftest import sql_of, text_of
from tests.cases.test_severity import TABLE

PAGE = "/admin/cases/severitymatrix/"
CHANGE = f"{PAGE}do/change_matrix/"


def form_of(*, reason="Quarterly review.", **changes) -> dict[str, object]:
    """What the dialog sends: `i1s1u3=3` is another severity in that cell."""
    newest = SeverityMatrix.objects.latest("id")
    form = {f"cells_{number}": cell for number, cell in enumerate(newest.cells)}
    for name, value in changes.items():
        form[f"cells_{CELLS.index((int(name[1]), int(name[3]), int(name[5])))}"] = value
    return {**form, "seen": newest.pk, "reason": reason}


def shown(browser, url=PAGE) -> dict[tuple[int, int, int], int]:
    """The cells as the page has them."""
    blocks = browser.get(url).context["blocks"]
    return {
        (impact, scope, block.urgency): cell.severity
        for block, _ in blocks
        for impact, cells in block.rows
        for scope, cell in enumerate(cells, start=1)
    }


def test_the_page_shows_the_three_tables_as_the_framework_prints_them(as_, people):
    for key in people:
        assert shown(as_(key)) == TABLE, key
    page = as_("responder").get(PAGE).content.decode()
    assert page.index("U3 now") < page.index("U2 today") < page.index("U1 later")
    assert page.count('class="s1"') == sum(value == 1 for value in TABLE.values())
    for words in (*AxisLevel.objects.all(), *SeverityFloor.objects.values_list("words", flat=True)):
        assert str(words).split("'")[0] in page


def test_only_an_administrator_sees_the_button_and_may_change_it(as_, people):
    for key in people:
        browser = as_(key)
        may = key == "administrator"
        assert ("Change the matrix" in text_of(browser.get(PAGE))) is may, key
        answer = browser.post(CHANGE, form_of(i1s1u3=3, i1s2u3=3))
        assert answer.status_code == (302 if may else 403), key
    assert SeverityMatrix.objects.count() == 2


def test_a_change_is_in_force_marked_and_told_with_its_reason(as_, people):
    browser = as_("administrator")
    dialog = browser.get(CHANGE, headers={"X-Dialog": "1"}).content.decode()
    assert dialog.count("<select") == 48
    assert 'aria-label="I4 × S1 × U3"' in dialog
    answer = browser.post(CHANGE, form_of(i1s1u3=3, i1s2u3=3), follow=True)
    words = text_of(answer)
    assert "The matrix is in force." in words
    assert f"{people['administrator']} Quarterly review." in words
    assert "As shipped." in words
    assert shown(browser) == TABLE | {(1, 1, 3): 3, (1, 2, 3): 3}
    assert answer.content.decode().count('class="s3 new"') == 2


def test_a_former_matrix_stays_readable_and_is_said_to_be_over(as_):
    browser = as_("administrator")
    first = SeverityMatrix.objects.get()
    browser.post(CHANGE, form_of(i1s1u3=3, i1s2u3=3))
    url = reverse("admin:cases_severitymatrix_change", args=[first.pk])
    assert shown(browser, url) == TABLE
    words = text_of(browser.get(url))
    assert "This matrix is not in force any more." in words
    assert "Change the matrix" not in words
    assert browser.get(url.replace(f"/{first.pk}/", "/99/")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"i4s1u3": 4},
            "I4 × S1 × U3 would be SEV-4, milder than I3 × S1 × U3 with SEV-2; "
            "a worse answer cannot be milder. 1 more like it.",
        ),
        ({"i1s1u3": ""}, "Choose a severity for each cell."),
        ({}, "Nothing is different; change at least one cell."),
    ],
)
def test_a_refusal_says_why_and_keeps_what_was_chosen(changes, said, as_):
    answer = as_("administrator").post(CHANGE, form_of(**changes))
    assert (answer.status_code, said in text_of(answer)) == (422, True)
    number = CELLS.index((4, 1, 3))
    wanted = changes.get("i4s1u3", 1)
    cell = answer.content.decode().split(f'name="cells_{number}"')[1].split("</select>")[0]
    assert f'<option value="{wanted}" selected>' in cell
    assert SeverityMatrix.objects.count() == 1


def test_of_two_administrators_the_second_is_told(as_):
    browser, form = as_("administrator"), form_of(i1s1u3=3, i1s2u3=3)
    browser.post(CHANGE, form)
    answer = browser.post(CHANGE, form)
    assert (answer.status_code, "meanwhile" in text_of(answer)) == (422, True)


def test_the_first_cell_that_is_shown_is_the_one_that_the_label_leads_to():
    first = matrix.tables(list(range(48)))[0].rows[0][1][0]
    assert (first.number, first.name) == (matrix.FIRST, "I4 × S1 × U3")


def test_the_page_costs_the_same_with_one_change_and_with_thirty(as_):
    browser = as_("responder")
    few = len(sql_of(browser, PAGE))
    cells = SeverityMatrix.objects.get().cells
    for number in range(30):
        SeverityMatrix.objects.create(
            cells=cells, in_force_at="2026-03-04T10:00Z", reason=f"Change {number}."
        )
    assert few == len(sql_of(browser, PAGE)) <= 14


# --- the registers --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["axislevel", "severityfloor", "severityrule"])
def test_everybody_reads_and_only_the_administrator_changes(name, as_, people):
    row = {"axislevel": AxisLevel, "severityfloor": SeverityFloor, "severityrule": SeverityRule}
    pk = row[name].objects.first().pk
    for key in people:
        browser = as_(key)
        assert browser.get(f"/admin/cases/{name}/").status_code == 200
        page = browser.get(f"/admin/cases/{name}/{pk}/change/").content.decode()
        assert ('name="_save"' in page) is (key == "administrator"), key


def test_values_and_severities_are_as_many_as_there_are(as_):
    browser = as_("administrator")
    for name in ("axislevel", "severityrule"):
        assert browser.get(f"/admin/cases/{name}/add/").status_code == 403
    for name in ("axislevel", "severityrule", "severityfloor"):
        assert browser.post(f"/admin/cases/{name}/1/delete/", {"post": "yes"}).status_code == 403


def test_a_definition_changes_and_the_change_is_recorded(as_):
    level = AxisLevel.objects.get(axis="scope", value=1)
    url = f"/admin/cases/axislevel/{level.pk}/change/"
    as_("administrator").post(url, {"name": "ours", "definition": "Nobody outside sees it."})
    level.refresh_from_db()
    assert (level.axis, level.value, str(level)) == ("scope", 1, "S1 ours")
    assert AuditEvent.objects.get().action == "changed axis level"


def test_a_floor_is_added_keeps_its_key_and_is_switched_off_not_deleted(as_):
    browser = as_("administrator")
    posted = {"words": "The kill switch fails", "key": "kill_switch", "severity": 1}
    answer = browser.post("/admin/cases/severityfloor/add/", {**posted, "is_active": "on"})
    assert answer.status_code == 302, text_of(answer)
    floor = SeverityFloor.objects.get(key="kill_switch")
    url = f"/admin/cases/severityfloor/{floor.pk}/change/"
    browser.post(url, {**posted, "key": "other", "severity": 2})
    floor.refresh_from_db()
    assert (floor.key, floor.severity, floor.is_active) == ("kill_switch", 2, False)


def test_soak_minutes_change(as_):
    as_("administrator").post("/admin/cases/severityrule/1/change/", {"soak_minutes": 90})
    assert SeverityRule.objects.get(severity=1).soak_minutes == 90


def test_the_sidebar_unfolds_only_where_one_is(as_):
    browser = as_("responder")
    unfolded = '/admin/cases/severityfloor/"'
    assert unfolded not in browser.get("/admin/cases/system/").content.decode()
    for name in ("axislevel", "severityrule"):
        assert unfolded in browser.get(f"/admin/cases/{name}/").content.decode()
