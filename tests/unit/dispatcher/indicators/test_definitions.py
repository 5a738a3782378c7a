"""The entries of indicators: complete, of known words, and as the committed page says."""

import csv
from pathlib import Path

import pytest

import registry
from dispatcher.indicators.counting import FORMULAS, facts_sql
from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.measures import OF_DESKS
from dispatcher.indicators.model import SMALL_DENOMINATOR, Figure, MeasureUnit, value_of
from dispatcher.indicators.reference import render
from dispatcher.tickets.model import ClockName

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "indicators.md"
# 2.9 of the practice, by the names under which the figures are published.
NAMED = (
    "响应率 解决率 满意率 按期受理率 按期签收率 按期到场率 按期办结率 返工率 重复诉求率 退单率 退单成立率 "
    "错派率 挂账率 挂账时长 延期率 超时倍数 推诿次数 自动发现率 误报率 公开及时率 评议回应率"
)


def test_page_is_written_from_the_entries() -> None:
    assert PAGE.read_text(encoding="utf-8") == render()


def test_every_indicator_of_the_practice_has_an_entry() -> None:
    assert set(NAMED.split()) <= {each.zh_name for each in INDICATORS.values()}
    assert all(each.zh_formula and each.en_formula and each.source and each.facts for each in INDICATORS.values())


def test_clocks_of_desks_are_those_of_the_published_grounds() -> None:
    with (Path(registry.__file__).parent / "data" / "breach_grounds.csv").open(encoding="utf-8") as rows:
        of_desk = {row["clock"] for row in csv.DictReader(rows) if row["desk"] == "true"}
    assert {str(clock) for clock in OF_DESKS} == of_desk & {str(clock) for clock in ClockName}


def test_formulas_are_told_apart_by_their_hash() -> None:
    assert len(FORMULAS) == 64
    assert facts_sql([INDICATORS["response"]]) != facts_sql([INDICATORS["arrival_in_time"]])


@pytest.mark.parametrize(
    ("unit", "figure", "value"),
    [
        pytest.param(MeasureUnit.SHARE, Figure(1, 4), 0.25, id="share"),
        pytest.param(MeasureUnit.SHARE, Figure(0, 0, 3), None, id="nobody reached"),
        pytest.param(MeasureUnit.MULTIPLE, Figure(3000, 2), 1.5, id="multiple"),
        pytest.param(MeasureUnit.AVERAGE_DAYS, Figure(3 * 86_400, 2), 1.5, id="days"),
        pytest.param(MeasureUnit.COUNT, Figure(7, 0), 7.0, id="count"),
    ],
)
def test_value_follows_from_the_figure(unit: MeasureUnit, figure: Figure, value: float | None) -> None:
    assert value_of(unit, figure) == value


def test_small_denominators_are_marked_and_the_share_reached_is_shown() -> None:
    assert Figure(1, SMALL_DENOMINATOR - 1).small
    assert not Figure(1, SMALL_DENOMINATOR).small
    assert Figure(1, 3, 12).share_reached == 0.25
    assert Figure().share_reached is None
