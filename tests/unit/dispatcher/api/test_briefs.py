"""A brief is a function of its figures, in both languages, and opens as a document."""

import io
from dataclasses import replace
from datetime import date

import pytest
from docx import Document

from dispatcher.api.briefs.composing import compose
from dispatcher.api.briefs.document import written
from dispatcher.api.briefs.model import BriefFigures, BriefPeriod, Counts, Grid, KindCount, OverdueTicket, Paragraph
from dispatcher.api.exports.tables import Language
from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import Figure

NAMES = tuple(INDICATORS)
FIGURES = BriefFigures(
    period=BriefPeriod.WEEKLY,
    since=date(2026, 3, 9),
    until=date(2026, 3, 16),
    area="成华区",
    now=Counts(incidents_by_grade={1: 1, 4: 9}, tickets_opened=12, tickets_closed=10, breaches=2),
    before=Counts(incidents_by_grade={4: 12}, tickets_opened=12, tickets_closed=8),
    open_tickets=30,
    overdue_tickets=3,
    kinds=(KindCount("路灯不亮", "street light out", 6, 2),),
    overdue=(OverdueTicket("CR-20260311-00001", "路灯不亮", "street light out", "=东一路", "城管", 4, 26),),
    indicators=((NAMES[0], Figure(90, 100, 100), Figure(40, 80, 80)), (NAMES[1], Figure(1, 2, 2), Figure())),
)


def grids(figures: BriefFigures, language: Language) -> list[Grid]:
    return [part for part in compose(figures, language).parts if isinstance(part, Grid)]


def test_brief_says_what_changed_since_the_span_before() -> None:
    brief = compose(FIGURES, Language.ZH)
    assert (brief.title, brief.subtitle) == ("社区安全与诉求工作周报", "成华区  2026-03-09 — 2026-03-15")
    said = next(part.text for part in brief.parts if isinstance(part, Paragraph))
    assert said == (
        "发生案件 10 起(较上期减少 2)；新增工单 12 件(与上期持平)，办结 10 件；新增超期 2 次。"
        "目前在办 30 件，其中超期 3 件。"
    )


def test_figures_stand_with_numerator_and_denominator_and_small_ones_are_marked() -> None:
    by_grade, kinds, overdue, indicators = grids(FIGURES, Language.ZH)
    assert by_grade.rows[0] == ("I 级(特别重大)", "1", "0")
    assert kinds.rows == (("路灯不亮", "6", "2"),)
    assert overdue.rows[0][0] == "CR-20260311-00001"
    assert indicators.rows[0][1:] == ("90.0%", "90/100", "50.0%")
    assert indicators.rows[1][1:] == ("50.0%(样本少)", "1/2", "—")


@pytest.mark.parametrize("language", list(Language))
def test_every_row_is_as_wide_as_its_head_and_the_document_opens(language: Language) -> None:
    for figures in (FIGURES, replace(FIGURES, period=BriefPeriod.DAILY, overdue=())):
        for grid in grids(figures, language):
            assert all(len(row) == len(grid.head) for row in grid.rows)
        document = Document(io.BytesIO(written(compose(figures, language))))
        assert document.paragraphs[0].text == compose(figures, language).title
        assert len(document.tables) == 4


def test_area_with_a_name_that_no_document_holds_is_told_all_the_same() -> None:
    document = Document(io.BytesIO(written(compose(replace(FIGURES, area="成华\x0b区"), Language.ZH))))
    assert document.paragraphs[1].text.startswith("成华区")
