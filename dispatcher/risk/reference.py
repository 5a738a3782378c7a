"""Writes the rules of grading as a page, docs/reference/grading-rules.md, from the data; a test compares the two."""

import csv
from collections.abc import Iterator
from importlib import resources

from dispatcher.risk.rules import RULES

_HEAD = """# Grading rules

What moves likelihood and consequence, and by how much. This page is written from the files in `registry/data` and the
rules in `dispatcher/risk/rules`: change those, then run

    python -m dispatcher.risk.reference > docs/reference/grading-rules.md

Points are thousandths of a step. The points of an axis are summed, cut to whole steps towards none, and move it by at
most two; the matrix then gives the grade. Of a rule the highest level that is reached counts. What *waits* counts only
once the watermark has passed the incident. Why it is so: [grading](../explanation/grading.md).
"""

_AXES = {"likelihood": "可能性 likelihood", "consequence": "后果 consequence"}
_GRADES = {"1": "I", "2": "II", "3": "III", "4": "IV"}


def render() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "## Rules\n"
    yield "| rule | 中文 | from | moves | points | waits | what it looks at | source |"
    yield "|---|---|---|---|---|---|---|---|"
    known = {rule.name: " ".join((rule.reached.__doc__ or "").split()) for rule in RULES}
    for row in _rows("grade_points"):
        waits = "yes" if row["waits"] == "true" else ""
        yield (
            f"| `{row['rule']}` | {row['zh_name']} | {row['level']} | {_AXES[row['axis']]} | {int(row['points']):+d} |"
            f" {waits} | {known[row['rule']] or row['en_name']} | {row['source']} |"
        )
    yield "\n## Parameters\n"
    yield "| parameter | value | source |"
    yield "|---|---|---|"
    for row in _rows("grade_parameters"):
        yield f"| `{row['name']}` | {row['value']} {row['unit']} | {row['source']} |"
    yield "\n## Matrix\n"
    cells = {(row["consequence"], row["likelihood"]): _GRADES[row["grade"]] for row in _rows("risk_matrix")}
    yield "| consequence \\ likelihood | 1 | 2 | 3 | 4 | 5 |"
    yield "|---|---|---|---|---|---|"
    for consequence in "54321":
        yield f"| {consequence} | " + " | ".join(cells[consequence, likelihood] for likelihood in "12345") + " |"
    yield "\n## Kinds with traits of their own\n"
    yield "| kind | life at risk: II at least | takes the warning's colour | raised by a warning | source |"
    yield "|---|---|---|---|---|"
    for row in _rows("kind_risks"):
        life, colour = ("yes" if row[name] == "true" else "" for name in ("life_at_risk", "takes_colour"))
        yield f"| `{row['kind']}` | {life} | {colour} | {row['warned_by']} | {row['source']} |"


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("registry").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


if __name__ == "__main__":
    print(render(), end="")
