"""Writes a brief as DOCX, in fonts that offices in China have. Blocking, for a thread."""

import io
from typing import Final

from docx import Document
from docx.document import Document as Docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt

from dispatcher.api.briefs.model import Brief, Grid, Heading, Paragraph

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_FONT: Final = "仿宋"
_LATIN: Final = "Times New Roman"
_NOTHING: Final = "—"


def written(brief: Brief) -> bytes:
    """The file."""
    document = Document()
    _set_font(document)
    title = document.add_heading(_printable(brief.title), level=0)
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.add_paragraph(_printable(brief.subtitle)).alignment = WD_ALIGN_PARAGRAPH.CENTER
    for part in brief.parts:
        match part:
            case Heading(text):
                document.add_heading(_printable(text), level=1)
            case Paragraph(text):
                document.add_paragraph(_printable(text))
            case Grid():
                _add_grid(document, part)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _add_grid(document: Docx, grid: Grid) -> None:
    table = document.add_table(rows=1, cols=len(grid.head), style="Table Grid")
    for cell, text in zip(table.rows[0].cells, grid.head, strict=True):
        cell.paragraphs[0].add_run(text).bold = True
    for row in grid.rows or ((_NOTHING,) * len(grid.head),):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = _printable(text)


def _printable(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")


def _set_font(document: Docx) -> None:
    normal = document.styles["Normal"]
    normal.font.name = _LATIN
    normal.font.size = Pt(12)
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _FONT)
