"""The console says the words of the code: in the published document, in the types made from it, in both languages."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

import pytest

from dispatcher.accountability.words import BreachJudgement, FileState, Ground, PetitionKind, PetitionState
from dispatcher.accounts.model import UserRole
from dispatcher.admission.model import Art45, Form, Means, Support
from dispatcher.admission.procedures import ApplicationState, CorrectionState, OfferRefusal, OfferState
from dispatcher.api.briefs.model import BriefPeriod
from dispatcher.api.exports.writing import Format
from dispatcher.api.models.health import Health, Readiness
from dispatcher.api.models.hotline import Demand
from dispatcher.api.models.problems import ProblemCode
from dispatcher.api.permissions import Permission
from dispatcher.backtests.comparison import Divergence
from dispatcher.backtests.jobs import BacktestState
from dispatcher.backtests.trial import Cannot
from dispatcher.channels.model import AttemptState, MessageState
from dispatcher.channels.receipts import ReceiptState
from dispatcher.desk.callbacks import CallbackResult
from dispatcher.desk.elements import Element, Urgency
from dispatcher.desk.errors import DeskRefusal
from dispatcher.desk.re_checks import ReCheckCause, ReCheckResult
from dispatcher.desk.standing import PublicState
from dispatcher.disclosure.duties import DutyState
from dispatcher.disclosure.model import DisclosureState, MatterOutcome
from dispatcher.disclosure.personal import PersonalKind
from dispatcher.escalation.model import PageLevel, PageOutcome, PageState, TestState
from dispatcher.evaluations.model import (
    AssessmentState,
    EvaluationClock,
    EvaluationState,
    EvaluationSubject,
    EvaluationVerdict,
    HearingForm,
)
from dispatcher.handovers.words import EmergencyNumber, EmergencyState, UpwardPart, UpwardState
from dispatcher.incidents.errors import ReshapeRefusal
from dispatcher.incidents.grades.grading import GradeCause
from dispatcher.incidents.model import IncidentStatus, Standing
from dispatcher.incidents.overlays import Act, Outcome
from dispatcher.indicators.model import Better, Dimension, MeasureUnit, Period
from dispatcher.indicators.model import Subject as MeasuredSubject
from dispatcher.patterns.model import StepRole
from dispatcher.rates.model import Detector, ProposalSource, ProposalState
from dispatcher.risk.model import Decider, Verdict
from dispatcher.risk.what_if import WhatIf
from dispatcher.rules.document import PatternMode, RuleSource
from dispatcher.rules.findings import FindingCode, Weight
from dispatcher.rules.versions import RuleState
from dispatcher.screening.levels import LevelReason
from dispatcher.screening.lifecycle import HazardEvent
from dispatcher.screening.model import FindingOutcome, HazardState, InspectionState
from dispatcher.tickets.breaches import BreachType
from dispatcher.tickets.grammar import FieldType, Guard
from dispatcher.tickets.model import AssignmentRole, ClockName, EntryKind, TicketEvent, TicketState
from dispatcher.tickets.reading import Workbench
from dispatcher.tickets.transitions import TRANSITIONS
from events.model import QuarantineState, SourceClass
from registry.admission import AdmissionList
from registry.areas import AreaLevel
from registry.deployment import DeploymentMode
from registry.disclosures import DisclosureItem, DisclosureLevel, DisclosureMoment, DutyPeriod, NeverReason
from registry.event_kinds import KindMode
from registry.grading import Moves
from registry.hazards import LecFactor
from registry.local_areas import LocalAreaKind
from registry.messages.templates import Language
from registry.rosters.model import DutyReason, DutyRole, ShiftUnit
from tests.architecture.repository import text

_CONSOLE: Final = Path("dispatcher/console")


def _literal(model: type[Any], name: str) -> tuple[str, ...]:
    words: tuple[str, ...] = get_args(model.model_fields[name].annotation)
    return words


# Each closed list of words in the OpenAPI document, and the words of the code. One that is missing here fails.
DOCUMENT: Final[Mapping[str, Iterable[str]]] = {
    "AreaLevel": AreaLevel,
    "Better": Better,
    "Dimension": Dimension,
    "LocalAreaKind": LocalAreaKind,
    "MeasureUnit": MeasureUnit,
    "Period": Period,
    "Subject": MeasuredSubject,
    "BreachJudgement": BreachJudgement,
    "BreachType": BreachType,
    "EmergencyNumber": EmergencyNumber,
    "EmergencyState": EmergencyState,
    "FileState": FileState,
    "Ground": Ground,
    "PetitionKind": PetitionKind,
    "PetitionState": PetitionState,
    "UpwardPart": UpwardPart,
    "UpwardState": UpwardState,
    "Act": Act,
    "ActionField.type": FieldType,
    "AdmissionList": AdmissionList,
    "ApplicationState": ApplicationState,
    "Art45": Art45,
    "Assignment.role": AssignmentRole,
    "BacktestState": BacktestState,
    "CallbackResult": CallbackResult,
    "BriefPart.kind": ("heading", "paragraph", "grid"),
    "BriefPeriod": BriefPeriod,
    "ClockReading.mode": DeploymentMode,
    "CorrectionState": CorrectionState,
    "Decider": Decider,
    "Demand": Demand,
    "Detector": Detector,
    "DisclosureItem": DisclosureItem,
    "DisclosureLevel": DisclosureLevel,
    "DisclosureMoment": DisclosureMoment,
    "DisclosureState": DisclosureState,
    "DutyPeriod": DutyPeriod,
    "DutyState": DutyState,
    "Language": Language,
    "MatterOutcome": MatterOutcome,
    "MessageState": MessageState,
    "NeverReason": NeverReason,
    "PersonalKind": PersonalKind,
    "Element": Element,
    "AssessmentState": AssessmentState,
    "AttemptState": AttemptState,
    "EvaluationClock": EvaluationClock,
    "EvaluationState": EvaluationState,
    "EvaluationSubject": EvaluationSubject,
    "EvaluationVerdict": EvaluationVerdict,
    "HearingForm": HearingForm,
    "DutyReason": DutyReason,
    "DutyRole": DutyRole,
    "FindingOutcome": FindingOutcome,
    "HazardEvent": HazardEvent,
    "HazardState": HazardState,
    "InspectionState": InspectionState,
    "LecFactor": LecFactor,
    "LevelReason": LevelReason,
    "PageLevel": PageLevel,
    "PageOutcome": PageOutcome,
    "PageState": PageState,
    "ShiftUnit": ShiftUnit,
    "TestState": TestState,
    "Evidence.moves": Moves,
    "Moves": Moves,
    "Cannot": Cannot,
    "Divergence": Divergence,
    "Permission": Permission,
    "FindingCode": FindingCode,
    "Format": Format,
    "Form": Form,
    "GradeCause": GradeCause,
    "Health.status": _literal(Health, "status"),
    "IncidentStatus": IncidentStatus,
    "KindMode": KindMode,
    "Means": Means,
    "OfferRefusal": OfferRefusal,
    "OfferState": OfferState,
    "Outcome": Outcome,
    "PatternMode": PatternMode,
    "ProblemCode": ProblemCode,
    "ProposalSource": ProposalSource,
    "ProposalState": ProposalState,
    "PublicState": PublicState,
    "QuarantineState": QuarantineState,
    "ReCheckCause": ReCheckCause,
    "ReCheckResult": ReCheckResult,
    "Readiness.database": _literal(Readiness, "database"),
    "Readiness.migrations": _literal(Readiness, "migrations"),
    "Readiness.status": _literal(Readiness, "status"),
    "ReceiptState": ReceiptState,
    "RuleSource": RuleSource,
    "RuleState": RuleState,
    "SourceClass": SourceClass,
    "Standing": Standing,
    "StepRole": StepRole,
    "Support": Support,
    "TicketEvent": TicketEvent,
    "TicketState": TicketState,
    "Urgency": Urgency,
    "UserRole": UserRole,
    "Verdict": Verdict,
    "Weight": Weight,
    "WhatIf": WhatIf,
    "Workbench": Workbench,
}

_FIELDS: Final = frozenset(field.name for row in TRANSITIONS for field in row.fields)
_CHOICES: Final = frozenset(choice for row in TRANSITIONS for field in row.fields for choice in field.choices)

# Each list of names in the locale files, and the words that it must name exactly.
NAMED: Final[Mapping[str, frozenset[str]]] = {
    "state": frozenset(TicketState) | {IncidentStatus.FINAL},  # of an incident that refuses to be reshaped
    "event": frozenset(TicketEvent),
    "clockName": frozenset(ClockName),
    "role": frozenset(UserRole) | {"rule", "system"},  # who else writes into a timeline
    "entry": frozenset(EntryKind) | {"transition"},
    "guard": frozenset(Guard) | frozenset(DeskRefusal) | {ReshapeRefusal.FLAPPING, ReshapeRefusal.ACCEPTED_TICKETS},
}


def closed_lists(schema: Any, name: str) -> Iterator[tuple[str, list[str]]]:
    """Every `enum` or `const` below a schema, under the names of the properties that lead to it."""
    if isinstance(schema, list):
        for each in schema:
            yield from closed_lists(each, name)
    elif isinstance(schema, dict):
        if "enum" in schema:
            yield name, schema["enum"]
        elif isinstance(schema.get("const"), str):
            yield name, [schema["const"]]
        for key, inner in schema.items():
            if key == "properties":
                for prop, described in inner.items():
                    yield from closed_lists(described, f"{name}.{prop}")
            elif key not in ("enum", "const", "default", "examples"):
                yield from closed_lists(inner, name)


def named(file: str, block: str) -> set[str]:
    """The keys of one block of a locale's domain file, or of the file with the words of actions beside it."""
    folder = _CONSOLE / "src" / "i18n"
    told = text(folder / file) + text(folder / file.replace("domain", "action"))
    body = re.search(rf"^  {block}: \{{\n(.*?)^  \}},", told, re.MULTILINE | re.DOTALL)
    assert body is not None, f"{file} names no {block}"
    return set(re.findall(r"^    (\w+):", body[1], re.MULTILINE))


def test_document_says_the_words_of_the_code() -> None:
    schemas = json.loads(text(_CONSOLE / "openapi.json"))["components"]["schemas"]
    found = {where: words for name, schema in schemas.items() for where, words in closed_lists(schema, name)}
    assert found == {where: [str(word) for word in words] for where, words in DOCUMENT.items()}


@pytest.mark.parametrize("name", [name for name in DOCUMENT if "." not in name])
def test_typescript_types_say_the_words_of_the_code(name: str) -> None:
    declared = re.search(rf'^ +{name}: ((?:"[^"]+"(?: \| )?)+);$', text(_CONSOLE / "src/api/schema.d.ts"), re.MULTILINE)
    assert declared is not None, f"schema.d.ts has no {name}; run `npm run types`"
    assert re.findall(r'"([^"]+)"', declared[1]) == [str(word) for word in DOCUMENT[name]]


@pytest.mark.parametrize("block", NAMED)
@pytest.mark.parametrize("file", ["domain.zh-CN.ts", "domain.en.ts"])
def test_locales_name_every_word_and_no_other(file: str, block: str) -> None:
    assert named(file, block) == NAMED[block]


@pytest.mark.parametrize("file", ["domain.zh-CN.ts", "domain.en.ts"])
def test_locales_name_every_field_and_choice_of_an_action(file: str) -> None:
    assert named(file, "field") >= _FIELDS
    assert named(file, "choice") >= _CHOICES
