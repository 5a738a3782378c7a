"""Writes the indicators as a page, docs/reference/indicators.md; a test compares the two."""

from collections.abc import Iterator
from typing import Final

from dispatcher.indicators.counting import ROLLED_DEPTH
from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import SMALL_DENOMINATOR, Better, Facts, MeasureUnit
from dispatcher.indicators.scoring import EVALUATIONS, HEARINGS, INPUTS

_HEAD: Final = """# Indicators (指标)

What is measured of tickets, disclosures, evaluations and surveys (Art. 4). This page is written from
`dispatcher/indicators/definitions.py`: change an entry, then run

    python -m dispatcher.indicators.reference > docs/reference/indicators.md

Every figure is shown with its numerator, its denominator and the **population**: what was to be measured, of which
the denominator is what could be (call-backs that reached somebody; clocks that were not handed on to another unit).
A figure whose denominator is below {small} is marked small. Each fact belongs to the day of China on which it was
decided: a clock that ran out to the day of its due time, any other to the day of the deed. It belongs to the unit that
answered for it then, to the grade that the log named then, and to the area, kind, property area and courtyard of its
ticket.

What a void, a withdrawal or a milder grade ended stays in the denominator. Demands that a supervisor of no handling
unit found unreasonable are left out of the figures of units and shown beside them. A residents' committee is never a
group.
The explanation is in [satisfaction](../explanation/satisfaction.md).
"""
_UNITS: Final = {
    MeasureUnit.SHARE: "share",
    MeasureUnit.MULTIPLE: "times the limit, on average",
    MeasureUnit.AVERAGE_DAYS: "days, on average",
    MeasureUnit.COUNT: "count",
}


def render() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD.format(small=SMALL_DENOMINATOR)
    yield "## Formulas\n"
    yield "| indicator | name | 公式 | formula | unit | good | source |"
    yield "|---|---|---|---|---|---|---|"
    for each in INDICATORS.values():
        names = f"{each.zh_name}, {each.en_name}"
        good = "high" if each.better is Better.HIGHER else "low"
        cells = (f"`{each.id}`", names, each.zh_formula, each.en_formula, _UNITS[each.unit], good, each.source)
        yield f"| {' | '.join(cells)} |"
    yield "\n## What is counted\n"
    yield "Rows of the views of `deploy/migrations/0022_indicators.sql`.\n"
    yield "| indicator | rows | numerator | denominator | population | unit that answers |"
    yield "|---|---|---|---|---|---|"
    for each in INDICATORS.values():
        for part in each.facts:
            yield _counted(each.id, part)
    yield "\n## Roll-ups\n"
    yield "Finished days are counted once, for every area as one and for the dimensions down to a place of its path"
    yield "(1 city, 2 district, 3 subdistrict); anything else is counted from the facts. Both give the same figures.\n"
    yield "| dimension | down to place |"
    yield "|---|---|"
    for dimension, depth in ROLLED_DEPTH.items():
        yield f"| `{dimension.value}` | {depth} |"
    yield "\n## Inputs of schemes\n"
    yield "A scheme gives weights in percent to shares; `satisfaction` (callers) and `resident_satisfaction` (sampled"
    yield f"residents) together weigh more than any other input. `{EVALUATIONS}` are the scores of residents in"
    yield f"committees' evaluations, `{HEARINGS}` what committees said themselves: inputs of their own, averaged into"
    yield "none.\n"
    yield ", ".join(f"`{name}`" for name in sorted(INPUTS))


def _counted(name: str, part: Facts) -> str:
    cells = (part.numerator, part.denominator, part.population or part.denominator, part.answers)
    shown = (f"`{cell}`".replace("|", "\\|") for cell in (f"{part.view}: {part.where}", *cells))
    return f"| `{name}` | {' | '.join(shown)} |"


if __name__ == "__main__":
    print(render(), end="")
