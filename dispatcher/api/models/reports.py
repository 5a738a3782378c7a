"""Briefs over HTTP, and who took which lists out."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from dispatcher.api.briefs.model import BriefPeriod
from dispatcher.api.models.wire import Answer, Filter

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31), description="a day of China")]


class BriefPath(Filter):
    period: BriefPeriod


class BriefFilter(Filter):
    day: Annotated[Day | None, Field(description="the last day; yesterday if not given")] = None
    format: Annotated[Literal["docx"] | None, Field(description="as a file; also by Accept")] = None


class BriefPart(Answer):
    """A heading, a paragraph or a table, as `kind` says."""

    kind: Literal["heading", "paragraph", "grid"]
    text: str | None = None
    head: list[str] | None = None
    rows: list[list[str]] | None = None


class BriefView(Answer):
    title: str
    subtitle: str
    parts: list[BriefPart]


class ExportRecord(Answer):
    id: int
    at: datetime
    actor: str
    organisation_id: str | None
    subject: str
    format: str
    asked: dict[str, Any]
    row_count: int


class ExportRecords(Answer):
    items: list[ExportRecord]
    next: str | None
