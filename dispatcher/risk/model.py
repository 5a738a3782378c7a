"""What grading knows: a witness of the log, facts from elsewhere, the evidence that they make. Plain and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from dispatcher.risk.matches import PatternMatch
from events.model import Event, SourceClass
from registry.grading import CELL_DM, Cell, Moves, SensitivePlace, place_of

_COLOURS: Final = {"red": 1, "orange": 2, "yellow": 3, "blue": 4, "红": 1, "橙": 2, "黄": 3, "蓝": 4}


def colour_of(said: str) -> int | None:
    """The rank of a warning's colour, in letters of any case: 1 red .. 4 blue; None for what is none."""
    return _COLOURS.get(said.lower())


class Verdict(StrEnum):
    """What a person found who looked; equal to the SQL enum `verdict`."""

    CONFIRMED = "confirmed"  # It is so.
    FALSE = "false"  # It is not so.


class Decider(StrEnum):
    """What gave the grade."""

    MATRIX = "matrix"  # Likelihood and consequence.
    LIFE_AT_RISK = "life_at_risk"  # The floor: a life at risk is grade II at least.
    WARNING_COLOUR = "warning_colour"  # A warning's own colour.


@dataclass(frozen=True, slots=True)
class Witness:
    """What grading knows of an event; ordered by (time, uid), the tie-break of every rule."""

    at_ms: int
    uid: bytes
    kind: str
    source_class: SourceClass
    subject: str = ""
    cell: Cell | None = None
    colour: int | None = None  # of a warning: 1 red .. 4 blue
    life: bool = False  # it says itself that a life is at risk

    def __lt__(self, other: "Witness") -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[int, bytes, str, str, str]:
        return self.at_ms, self.uid, self.kind, self.source_class, self.subject

    @classmethod
    def of(cls, event: Event) -> "Witness":
        return cls.told(
            effective_at=event.effective_at,
            uid=event.uid,
            kind=event.kind,
            source_class=event.source_class,
            subject=event.subject,
            x_dm=event.x_dm,
            y_dm=event.y_dm,
            colour=str(event.body.get("colour", "")),
            life=event.body.get("life_at_risk") is True,
        )

    @classmethod
    def told(
        cls,
        *,
        effective_at: datetime,
        uid: bytes,
        kind: str,
        source_class: SourceClass,
        subject: str,
        x_dm: int | None,
        y_dm: int | None,
        colour: str,
        life: bool,
    ) -> "Witness":
        """Of an event that says of itself such a colour, in letters of any case."""
        return cls(
            at_ms=round(effective_at.timestamp() * 1000),
            uid=uid,
            kind=kind,
            source_class=source_class,
            subject=subject,
            cell=None if x_dm is None or y_dm is None else (x_dm // CELL_DM, y_dm // CELL_DM),
            colour=colour_of(colour),
            life=life,
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """The newest finding of a person who looked."""

    verdict: Verdict
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Earlier:
    """An incident of the same kind at the same place, some time before, named by its first event."""

    uid: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class WarningInForce:
    """An incident of a warning kind whose area holds this incident, named by its first event."""

    uid: bytes
    kind: str
    colour: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What the incident's own events do not say. Sorted where there are several, so that equal sets are equal."""

    final: bool = False  # the watermark passed: what waits counts
    judgement: Judgement | None = None
    doubted: frozenset[str] = field(default=frozenset())  # subjects with a history of false alarms, or that flap
    earlier: tuple[Earlier, ...] = ()
    warnings: tuple[WarningInForce, ...] = ()
    matches: tuple[PatternMatch, ...] = ()
    places: tuple[SensitivePlace, ...] = ()  # that reach any square of the incident, at whatever hour
    cleared: tuple[bytes, ...] = ()  # by which subjects of the incident said last that it is normal again

    def as_json(self) -> dict[str, Any]:
        """As it is stored with the grade, so that the grade can be computed again."""
        judgement = self.judgement
        return {
            "final": self.final,
            "judgement": judgement
            and {"verdict": judgement.verdict.value, "by": judgement.by, "at": judgement.at.isoformat()},
            "doubted": sorted(self.doubted),
            "earlier": [{"uid": each.uid.hex(), "at": each.at.isoformat()} for each in self.earlier],
            "warnings": [{"uid": each.uid.hex(), "kind": each.kind, "colour": each.colour} for each in self.warnings],
            "places": [each.stored for each in self.places],
            "matches": [each.as_json() for each in self.matches],
            "cleared": [uid.hex() for uid in self.cleared],
        }

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "Facts":
        said = stored["judgement"]
        judgement = said and Judgement(Verdict(said["verdict"]), said["by"], datetime.fromisoformat(said["at"]))
        return cls(
            final=stored["final"],
            judgement=judgement,
            doubted=frozenset(stored["doubted"]),
            earlier=tuple(
                Earlier(bytes.fromhex(each["uid"]), datetime.fromisoformat(each["at"])) for each in stored["earlier"]
            ),
            warnings=tuple(
                WarningInForce(bytes.fromhex(each["uid"]), each["kind"], each["colour"]) for each in stored["warnings"]
            ),
            places=tuple(place_of(each) for each in stored["places"]),
            matches=tuple(PatternMatch.of_json(each) for each in stored["matches"]),
            cleared=tuple(bytes.fromhex(uid) for uid in stored["cleared"]),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """One rule that moved the grade."""

    rule: str
    rule_version: int
    moves: Moves
    points: int  # thousandths of a step
    witnesses: tuple[bytes, ...]
    zh: str
    en: str

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "rule_version": self.rule_version,
            "moves": self.moves.value,
            "points": self.points,
            "witnesses": [uid.hex() for uid in self.witnesses],
            "zh": self.zh,
            "en": self.en,
        }


@dataclass(frozen=True, slots=True)
class Grading:
    """A grade with everything that made it."""

    kind: str
    kind_version: int
    matrix_version: int
    points_version: int
    base_likelihood: int
    base_consequence: int
    evidence: tuple[Evidence, ...]
    likelihood: int
    consequence: int
    decided_by: Decider
    grade: int
    facts: Facts

    def as_json(self) -> dict[str, Any]:
        """The explanation as it is stored and shown."""
        return {
            "kind": self.kind,
            "kind_version": self.kind_version,
            "matrix_version": self.matrix_version,
            "points_version": self.points_version,
            "base": {"likelihood": self.base_likelihood, "consequence": self.base_consequence},
            "evidence": [evidence.as_json() for evidence in self.evidence],
            "likelihood": self.likelihood,
            "consequence": self.consequence,
            "decided_by": self.decided_by.value,
            "grade": self.grade,
            "facts": self.facts.as_json(),
        }
