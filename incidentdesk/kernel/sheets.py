"""CSV as people's spreadsheets write and read it: bytes in, rows of text out, and back.

A cell that a spreadsheet would take for a formula is written with a quotation mark before it, and
read without: what was exported is the same when it is imported.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from incidentdesk.kernel.errors import InvalidInput

MOST_BYTES = 256 * 1024
MOST_ROWS = 2000
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")

Row = dict[str, str]


class TooLarge(InvalidInput):
    """The file is larger than the desk reads at once."""


def write(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """The rows below a header, in UTF-8 with the mark by which spreadsheets know it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([escaped(row[column]) for column in columns])
    return out.getvalue().encode("utf-8-sig")


class _Line:
    """A file that answers what is written to it."""

    def write(self, text: str) -> str:
        """The line itself."""
        return text


def lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The same file line by line, however many rows there are."""
    writer: Any = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(columns)
    for row in rows:
        yield writer.writerow([escaped(cell) for cell in row])


def decoded(raw: bytes) -> str:
    """The text of a file; what is too large or no text is refused in words."""
    if len(raw) > MOST_BYTES:
        raise TooLarge(f"The file is larger than {MOST_BYTES // 1024} KB; import it in parts.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            "The file is not UTF-8; save it as “CSV UTF-8” in your spreadsheet."
        ) from error
    if "\0" in text:
        raise InvalidInput("The file holds characters that no text has; save it as CSV.")
    return text


def read(text: str, *, columns: Sequence[str], keys: Sequence[str]) -> list[tuple[int, Row]]:
    """The rows with the line each stands in; commas, semicolons or tabs between the cells.

    The header names columns in any order; `keys` have to be there. Empty lines are skipped.
    """
    text = text.removeprefix("\ufeff")
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    found: list[tuple[int, Row]] = []
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _require_header(header, columns, keys)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header):
                raise InvalidInput(f"Line {reader.line_num} has more cells than the header.")
            padded = cells + [""] * (len(header) - len(cells))
            row = dict(zip(header, map(_plain, padded), strict=True))
            found.append((reader.line_num, row))
    except csv.Error as error:
        raise InvalidInput(f"Line {reader.line_num} cannot be read as CSV: {error}.") from error
    if not found:
        raise InvalidInput("The file has no rows below its header.")
    if len(found) > MOST_ROWS:
        raise InvalidInput(f"The file has more than {MOST_ROWS} rows; import it in parts.")
    return found


def _require_header(header: list[str], columns: Sequence[str], keys: Sequence[str]) -> None:
    known = ", ".join(columns)
    for name in header:
        if name not in columns:
            raise InvalidInput(f"There is no column “{name[:40]}”; the columns are {known}.")
    if len(set(header)) < len(header):
        raise InvalidInput("A column stands in the header twice.")
    missing = [key for key in keys if key not in header]
    if missing:
        raise InvalidInput(f"The column “{missing[0]}” is missing; the columns are {known}.")


def escaped(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell
