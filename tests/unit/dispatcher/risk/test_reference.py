"""The page about the rules of grading says what rules and data say."""

from pathlib import Path

from dispatcher.risk.reference import render

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "grading-rules.md"


def test_page_equals_the_points_and_rules() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m dispatcher.risk.reference > " + str(PAGE)
