"""What would change a grade: the same grader asked about sets and facts that are a little different. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from dispatcher.risk import grading
from dispatcher.risk.model import Facts, Judgement, Verdict, Witness
from dispatcher.risk.override import Override, shown
from dispatcher.risk.rules.sources import CLASS_ZH
from dispatcher.risk.tally import Tally
from dispatcher.rules.rulebook import RiskMatrix
from events.model import SourceClass
from registry.event_kinds import Taxonomy
from registry.grading import GradeTable

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_ROMAN: Final = {1: "I", 2: "II", 3: "III", 4: "IV"}
_MORE: Final = (SourceClass.HOTLINE, SourceClass.CAMERA, SourceClass.SENSOR, SourceClass.GATE, SourceClass.FEED)


class WhatIf(StrEnum):
    """A small change of what is known."""

    ANOTHER_SOURCE = "another_source"  # n more independent classes of source report it.
    SOURCE_WITHDRAWN = "source_withdrawn"  # All reports of one class prove to be none.
    CONFIRMED = "confirmed"  # A person looks and confirms it.
    FOUND_FALSE = "found_false"  # A person looks and finds nothing; counts at the watermark.
    CLEARED = "cleared"  # A device reports normal again; counts at the watermark.
    DOUBT_ENDS = "doubt_ends"  # The devices prove to be sound.
    WATERMARK = "watermark"  # Nothing more comes and the incident becomes final.
    GIVEN_BACK = "given_back"  # The officer gives the grade back to the matrix.


@dataclass(frozen=True, slots=True)
class Change:
    """A change that would give another grade."""

    what: WhatIf
    grade: int
    zh: str
    en: str

    def as_json(self) -> dict[str, Any]:
        return {"what": self.what.value, "grade": self.grade, "zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class Case:
    """A graded incident with all that its grade follows from."""

    witnesses: Sequence[Witness]
    facts: Facts
    kind: str
    computed: int  # the grade by the evidence
    override: Override | None
    taxonomy: Taxonomy
    matrix: RiskMatrix
    table: GradeTable

    @property
    def grade(self) -> int:
        return shown(self.computed, self.override)

    def graded(self, witnesses: Sequence[Witness], facts: Facts) -> int:
        """The grade that would be shown."""
        found = grading.grade(Tally(witnesses), facts, self.taxonomy, self.matrix, self.table)
        return shown(found.grade, self.override)


def what_if(case: Case) -> list[Change]:
    """The changes that lead to another grade, in a fixed order; those that lead to the same one are left out."""
    return [
        Change(what, grade, f"{zh} → {_ROMAN[grade]} 级", f"{en} -> grade {_ROMAN[grade]}")
        for what, grade, zh, en in _asked(case)
        if grade != case.grade
    ]


def _asked(case: Case) -> Iterator[tuple[WhatIf, int, str, str]]:
    facts, witnesses = case.facts, case.witnesses
    yield from _more_sources(case)
    classes = Tally(witnesses).classes
    for gone in classes if len(classes) > 1 else ():
        rest = [witness for witness in witnesses if witness.source_class is not gone]
        grade = case.graded(rest, facts)
        yield WhatIf.SOURCE_WITHDRAWN, grade, f"若撤回{CLASS_ZH[gone]}的报告", f"if the {gone} reports are withdrawn"
    last = max(witnesses)
    confirmed = Judgement(Verdict.CONFIRMED, "?", _NEVER)
    if facts.judgement is None or facts.judgement.verdict is not Verdict.CONFIRMED:
        grade = case.graded(witnesses, replace(facts, judgement=confirmed))
        yield WhatIf.CONFIRMED, grade, "若人工核实属实", "if a person looks and confirms it"
    later = "" if facts.final else "（水位线后生效）"
    then = "" if facts.final else " (counts at the watermark)"
    ended = replace(facts, final=True)
    if facts.judgement is None or facts.judgement.verdict is not Verdict.FALSE:
        found_false = replace(ended, judgement=replace(confirmed, verdict=Verdict.FALSE))
        grade = case.graded(witnesses, found_false)
        yield WhatIf.FOUND_FALSE, grade, f"若人工核实为误报{later}", f"if a person looks and finds it false{then}"
    if not facts.cleared:
        grade = case.graded(witnesses, replace(ended, cleared=(last.uid,)))
        yield WhatIf.CLEARED, grade, f"若设备报告已恢复{later}", f"if a device reports it normal again{then}"
    if facts.doubted:
        grade = case.graded(witnesses, replace(facts, doubted=frozenset()))
        yield WhatIf.DOUBT_ENDS, grade, "若证明设备可信", "if the devices prove to be sound"
    if not facts.final:
        grade = case.graded(witnesses, ended)
        yield WhatIf.WATERMARK, grade, "若水位线前再无新报告", "if nothing more comes before the watermark"
    if case.override is not None and case.override.grade is not None:
        yield (
            WhatIf.GIVEN_BACK,
            case.computed,
            "若撤销人工定级",
            "if the officer gives the grade back to the matrix",
        )


def _more_sources(case: Case) -> Iterator[tuple[WhatIf, int, str, str]]:
    """The least number of further classes that changes the grade."""
    tally = Tally(case.witnesses)
    unheard = [each for each in _MORE if each not in tally.classes]
    more: list[Witness] = []
    for n, source_class in enumerate(unheard, start=1):
        uid = bytes([0xFF]) * 15 + bytes([n])
        more.append(Witness(tally.last_ms, uid, case.kind, source_class, f"what if {source_class}"))
        grade = case.graded([*case.witnesses, *more], case.facts)
        if grade != case.grade:
            yield (
                WhatIf.ANOTHER_SOURCE,
                grade,
                f"再有 {n} 类独立来源印证",
                f"{n} more independent class{'es' if n > 1 else ''} of source",
            )
            return
