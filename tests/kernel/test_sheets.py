"""CSV: read as spreadsheets write it, and written so that none of them runs a formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidentdesk.kernel import sheets
from incidentdesk.kernel.errors import InvalidInput

COLUMNS, KEYS = ["name", "note"], ["name"]


def _read(text):
    return sheets.read(text, columns=COLUMNS, keys=KEYS)


def _refused(text):
    with pytest.raises(InvalidInput) as caught:
        _read(text)
    return str(caught.value)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_stand_between_cells_and_the_order_is_free(mark):
    assert _read(f'Note{mark}NAME\r\n"a, b; c"{mark} gw \r\n\r\nx{mark}y\r\n') == [
        (2, {"note": "a, b; c", "name": "gw"}),
        (4, {"note": "x", "name": "y"}),
    ]


def test_a_short_row_is_filled_up_and_a_cell_may_hold_lines():
    assert _read('name,note\ngw\n"a\nb",x\n') == [
        (2, {"name": "gw", "note": ""}),
        (4, {"name": "a\nb", "note": "x"}),
    ]


def test_the_mark_of_utf_8_is_no_part_of_the_header():
    raw = sheets.write(COLUMNS, [{"name": "Zürich", "note": "–"}])
    assert raw.startswith(b"\xef\xbb\xbf")
    assert _read(sheets.decoded(raw)) == [(2, {"name": "Zürich", "note": "–"})]


def test_what_cannot_be_read_is_refused_in_words():
    assert _refused("") == "The column “name” is missing; the columns are name, note."
    assert _refused("note\nx\n") == "The column “name” is missing; the columns are name, note."
    assert _refused("name,nmae\n") == "There is no column “nmae”; the columns are name, note."
    assert _refused("name,name\n") == "A column stands in the header twice."
    assert _refused("name\n") == "The file has no rows below its header."
    assert _refused("name\na,b\n") == "Line 2 has more cells than the header."
    assert "more than 2000 rows" in _refused("name\n" + "x\n" * 2001)
    assert "cannot be read as CSV" in _refused('name\n"' + "x" * 200_000 + '"\n')


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"x" * (256 * 1024 + 1), "larger than 256 KB"),
        ("Zürich".encode("latin-1"), "not UTF-8"),
        (b"PK\x03\x04\x00", "no text has"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(raw, said):
    with pytest.raises(InvalidInput, match=said):
        sheets.decoded(raw)


@pytest.mark.mistake(22)
@pytest.mark.parametrize("cell", ["=1+1", "+49 30 1", "-1", "@SUM(A1)", "'=x", "''-x"])
def test_no_cell_begins_as_a_formula_and_each_comes_back_as_it_was(cell):
    raw = sheets.write(COLUMNS, [{"name": cell, "note": "a"}]).decode("utf-8-sig")
    assert raw.splitlines()[1].lstrip('"')[0] == "'"
    assert _read(raw) == [(2, {"name": cell, "note": "a"})]


texts = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1)


@given(texts.map(str.strip).filter(bool), texts.map(str.strip))
def test_whatever_is_written_is_read_as_it_was(name, note):
    raw = sheets.write(COLUMNS, [{"name": name, "note": note}])
    assert [row for _, row in _read(sheets.decoded(raw))] == [{"name": name, "note": note}]
