"""Writes a list to a file, page by page: CSV and XLSX for spreadsheets, Parquet for programs. Blocking."""

import csv
import importlib
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol

import xlsxwriter

from dispatcher.api.exports.tables import ColumnType, Language, Table, Value, local, shown_as_text

_BOM: Final = "\ufeff"
_CELL_MAX: Final = 32_767  # What a cell holds; of a longer text nothing would be written.
XLSX_ROWS_MAX: Final = 1_048_575
"""A sheet has so many rows beside its head."""


class Format(StrEnum):
    """As what a list is taken out."""

    CSV = "csv"  # UTF-8 with a byte order mark, which spreadsheets need.
    XLSX = "xlsx"  # Office Open XML.
    PARQUET = "parquet"  # Stable names, typed, times in UTC.


MEDIA_TYPES: Final = {
    Format.CSV: "text/csv",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PARQUET: "application/vnd.apache.parquet",
}


class ParquetMissing(Exception):
    """The package for Parquet is not installed."""


class Writer(Protocol):
    """A file in the making."""

    def add(self, rows: Iterable[Any]) -> None:
        """Write a page; nothing of it stays in memory."""

    def close(self) -> None:
        """Write what ends the file."""


def writer_of(kind: Format, path: Path, table: Table, language: Language) -> Writer:
    """A writer of a new file. Raises ParquetMissing."""
    match kind:
        case Format.CSV:
            return _CsvWriter(path, table, language)
        case Format.XLSX:
            return _XlsxWriter(path, table, language)
        case Format.PARQUET:
            return _ParquetWriter(path, table, language)


class _CsvWriter:
    def __init__(self, path: Path, table: Table, language: Language) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._file.write(_BOM)
        self._columns, self._language = table.columns, language
        self._csv = csv.writer(self._file)
        self._csv.writerow([column.title(language) for column in self._columns])

    def add(self, rows: Iterable[Any]) -> None:
        language = self._language
        self._csv.writerows(
            [shown_as_text(column.of(row, language), language) for column in self._columns] for row in rows
        )

    def close(self) -> None:
        self._file.close()


class _XlsxWriter:
    def __init__(self, path: Path, table: Table, language: Language) -> None:
        # No text becomes a formula or a link, whatever it begins with.
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._sheet = self._book.add_worksheet(table.subject)
        self._formats = {
            ColumnType.TIME: self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            ColumnType.DAY: self._book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        self._columns, self._language, self._row = table.columns, language, 0
        bold = self._book.add_format({"bold": True})
        for place, column in enumerate(self._columns):
            self._sheet.write_string(0, place, column.title(language), bold)
        self._sheet.freeze_panes(1, 0)

    def add(self, rows: Iterable[Any]) -> None:
        for row in rows:
            self._row += 1
            for place, column in enumerate(self._columns):
                self._write(place, column.type, column.of(row, self._language))

    def close(self) -> None:
        self._sheet.autofilter(0, 0, self._row, len(self._columns) - 1)
        self._book.close()

    def _write(self, place: int, kind: ColumnType, value: Value) -> None:
        if value is None:
            return
        if kind is ColumnType.TIME:
            self._sheet.write_datetime(self._row, place, local(value), self._formats[kind])  # type: ignore[arg-type]
        elif kind is ColumnType.DAY:
            self._sheet.write_datetime(self._row, place, value, self._formats[kind])
        elif kind in (ColumnType.INTEGER, ColumnType.NUMBER):
            self._sheet.write_number(self._row, place, value)
        elif kind is ColumnType.FLAG:
            self._sheet.write_string(self._row, place, shown_as_text(value, self._language))
        else:
            self._sheet.write_string(self._row, place, str(value)[:_CELL_MAX])


class _ParquetWriter:
    def __init__(self, path: Path, table: Table, language: Language) -> None:
        try:
            arrow: Any = importlib.import_module("pyarrow")
            parquet: Any = importlib.import_module("pyarrow.parquet")
        except ImportError:
            raise ParquetMissing from None
        types = {
            ColumnType.TEXT: arrow.string(),
            ColumnType.INTEGER: arrow.int64(),
            ColumnType.NUMBER: arrow.float64(),
            ColumnType.FLAG: arrow.bool_(),
            ColumnType.TIME: arrow.timestamp("us", tz="UTC"),
            ColumnType.DAY: arrow.date32(),
        }
        self._columns, self._language = table.columns, language
        self._schema = arrow.schema([(column.name, types[column.type]) for column in self._columns])
        self._table = arrow.table
        self._file = parquet.ParquetWriter(str(path), self._schema)

    def add(self, rows: Iterable[Any]) -> None:
        page = list(rows)
        cells = {column.name: [column.of(row, self._language) for row in page] for column in self._columns}
        self._file.write_table(self._table(cells, schema=self._schema))

    def close(self) -> None:
        self._file.close()
