"""Cells of exports: what a spreadsheet would run is shown as text, and every closed word has its Chinese."""

import csv
import zipfile
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet
import pytest

from dispatcher.api.exports.tables import INCIDENTS, KPI, TICKETS, Column, ColumnType, Language, Table, shown_as_text
from dispatcher.api.exports.words import STATES, STATUSES, TICKET_KINDS
from dispatcher.api.exports.writing import MEDIA_TYPES, Format, writer_of
from dispatcher.incidents.model import IncidentStatus
from dispatcher.tickets.model import TicketKind, TicketState

AT = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
ATTACKS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    '=HYPERLINK("http://x")',
)


@dataclass
class Row:
    text: str | None
    number: int | None
    ratio: float | None
    flag: bool
    at: datetime | None
    day: date


def column(name: str, kind: ColumnType) -> Column:
    return Column(name, f"{name}列", name, kind, lambda row, _: getattr(row, name))


TABLE = Table(
    "things",
    (
        column("text", ColumnType.TEXT),
        column("number", ColumnType.INTEGER),
        column("ratio", ColumnType.NUMBER),
        column("flag", ColumnType.FLAG),
        column("at", ColumnType.TIME),
        column("day", ColumnType.DAY),
    ),
)
ROWS = [Row(text, 7, 0.5, flag=True, at=AT, day=date(2026, 3, 11)) for text in ATTACKS]
EMPTY = Row(None, None, None, flag=False, at=None, day=date(2026, 3, 11))


def write(kind: Format, path: Path, language: Language = Language.ZH) -> Path:
    writer = writer_of(kind, path, TABLE, language)
    writer.add(ROWS)
    writer.add([EMPTY])
    writer.close()
    return path


@pytest.mark.parametrize("text", ATTACKS)
def test_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe(text: str) -> None:
    assert shown_as_text(text, Language.ZH) == f"'{text}"
    assert shown_as_text(f"3号 {text}", Language.ZH) == f"3号 {text}"


def test_csv_has_a_byte_order_mark_and_local_times(tmp_path: Path) -> None:
    raw = write(Format.CSV, tmp_path / "x.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(raw.decode("utf-8-sig").splitlines(keepends=True)))
    assert lines[0] == ["text列", "number列", "ratio列", "flag列", "at列", "day列"]
    assert lines[1] == ["'=1+1", "7", "0.5", "是", "2026-03-11 10:00:00", "2026-03-11"]
    assert lines[-1] == ["", "", "", "否", "", "2026-03-11"]
    assert all(line[0].startswith("'") for line in lines[1:-1])


def test_sheet_holds_no_formula_and_no_link(tmp_path: Path) -> None:
    with zipfile.ZipFile(write(Format.XLSX, tmp_path / "x.xlsx", Language.EN)) as book:
        (sheet,) = [name for name in book.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        xml = book.read(sheet).decode()
        assert not any("_rels" in name and "sheet" in name for name in book.namelist())
    assert "<f>" not in xml
    assert "=1+1" in xml
    assert xml.count("<row ") == len(ROWS) + 2


def test_text_that_no_cell_holds_is_cut_and_not_lost(tmp_path: Path) -> None:
    writer = writer_of(Format.XLSX, tmp_path / "long.xlsx", TABLE, Language.EN)
    writer.add([replace(EMPTY, text="z" * 40_000)])
    writer.close()
    with zipfile.ZipFile(tmp_path / "long.xlsx") as book:
        assert b"z" * 32_767 in book.read("xl/worksheets/sheet1.xml")


def test_parquet_keeps_types_and_stable_names(tmp_path: Path) -> None:
    table = pyarrow.parquet.read_table(write(Format.PARQUET, tmp_path / "x.parquet"))
    assert table.column_names == ["text", "number", "ratio", "flag", "at", "day"]
    first, last = table.slice(0, 1).to_pylist()[0], table.slice(table.num_rows - 1).to_pylist()[0]
    assert first == {"text": "=1+1", "number": 7, "ratio": 0.5, "flag": True, "at": AT, "day": date(2026, 3, 11)}
    assert (last["text"], last["at"]) == (None, None)


def test_every_word_of_a_closed_list_has_its_chinese() -> None:
    assert set(STATES) == set(TicketState)
    assert set(TICKET_KINDS) == set(TicketKind)
    assert set(STATUSES) == set(IncidentStatus)
    assert set(MEDIA_TYPES) == set(Format)


@pytest.mark.parametrize("table", [TICKETS, INCIDENTS, KPI], ids=lambda table: table.subject)
def test_columns_have_names_of_their_own(table: Table) -> None:
    for names in ([each.name for each in table.columns], [each.zh for each in table.columns]):
        assert len(set(names)) == len(names)
