"""The words of the database and the words of the code are the same words."""

import csv
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import pytest

from dispatcher.accountability.words import BreachJudgement, FileState, Ground, PetitionKind, PetitionState
from dispatcher.accounts.model import UserRole
from dispatcher.admission.model import Art45, Means
from dispatcher.admission.procedures import ApplicationState, CorrectionState, OfferRefusal, OfferState, Subject
from dispatcher.api.models.hotline import Demand
from dispatcher.backtests.jobs import BacktestState
from dispatcher.channels.model import AttemptState, MessageState
from dispatcher.desk.callbacks import RATED, CallbackResult
from dispatcher.desk.elements import Element, Urgency
from dispatcher.desk.re_checks import ReCheckCause, ReCheckResult
from dispatcher.desk.standing import REFUSAL_WORDS, ObjectionAim
from dispatcher.disclosure.duties import DutyState
from dispatcher.disclosure.model import DisclosureState, MatterOutcome
from dispatcher.escalation.model import PageLevel, PageOutcome, PageState, TestState
from dispatcher.evaluations.model import (
    AssessmentState,
    EvaluationState,
    EvaluationSubject,
    EvaluationVerdict,
    HearingForm,
)
from dispatcher.handovers.words import EmergencyNumber, EmergencyState, HandoverAction, UpwardPart, UpwardState
from dispatcher.incidents.grades.grading import GradeCause
from dispatcher.incidents.model import IncidentStatus, Standing
from dispatcher.incidents.overlays import Act, Outcome
from dispatcher.indicators.model import Dimension
from dispatcher.patterns.model import LOOKED_FOR, StepRole
from dispatcher.rates.model import Detector, ProposalSource, ProposalState
from dispatcher.risk.model import Verdict
from dispatcher.rules.document import PatternMode, RuleSource
from dispatcher.screening.model import FindingOutcome, HazardState, InspectionState
from dispatcher.tickets.breaches import BreachType
from dispatcher.tickets.model import (
    TERMINAL,
    AssignmentRole,
    EntryKind,
    RequestKind,
    SubtaskState,
    TicketEvent,
    TicketKind,
    TicketState,
)
from dispatcher.tickets.reporting import NOTIFIED, WITHDRAWN
from dispatcher.tickets.transitions import TRANSITIONS
from events.model import EventSource, QuarantineReason, QuarantineState, SourceClass, TimeQuality
from registry.admission import AdmissionList
from registry.areas import AreaLevel
from registry.deployment import DeploymentMode
from registry.disclosures import DisclosureItem, DisclosureLevel, DisclosureMoment, DutyPeriod, NeverReason
from registry.event_kinds import KindMode
from registry.evidence import AttachmentKind
from registry.grading import Moves, PlaceCategory
from registry.hazards import LecFactor
from registry.limits import EscalationAction, LimitUnit
from registry.local_areas import LocalAreaKind
from registry.messages.templates import Language
from registry.organisations import DutyHours, OrganisationKind, UnitTrade
from registry.recurrence import CauseScope
from registry.rosters.model import DutyRole, ShiftUnit
from runtime.pool import Connection
from sensors.model import SourceClass as DeviceClass
from tests.architecture.repository import ROOT

# Each enum of the schema and the enum of the code that says the same; where there is none, why.
ENUMS: Final[Mapping[str, type[StrEnum] | str]] = {
    "accountability_ground": Ground,
    "accountability_state": FileState,
    "breach_judgement": BreachJudgement,
    "breach_type": BreachType,
    "emergency_number": EmergencyNumber,
    "emergency_state": EmergencyState,
    "handover_action": HandoverAction,
    "petition_kind": PetitionKind,
    "petition_state": PetitionState,
    "upward_part": UpwardPart,
    "upward_state": UpwardState,
    "admission_list": AdmissionList,
    "admission_means": Means,
    "admission_subject": Subject,
    "application_state": ApplicationState,
    "area_level": AreaLevel,
    "art45_code": Art45,
    "assignment_role": AssignmentRole,
    "attachment_kind": AttachmentKind,
    "attempt_state": AttemptState,
    "call_element": Element,
    "call_urgency": Urgency,
    "callback_result": CallbackResult,
    "committee_list": "a column of event_kinds.csv; no rule of the code asks for it yet",
    "correction_state": CorrectionState,
    "disclosure_item": DisclosureItem,
    "disclosure_level": DisclosureLevel,
    "disclosure_moment": DisclosureMoment,
    "disclosure_state": DisclosureState,
    "duty_period": DutyPeriod,
    "duty_state": DutyState,
    "matter_outcome": MatterOutcome,
    "never_reason": NeverReason,
    "demand_type": Demand,
    "deployment_mode": DeploymentMode,
    "duty_hours": DutyHours,
    "duty_role": DutyRole,
    "assessment_state": AssessmentState,
    "evaluation_state": EvaluationState,
    "evaluation_subject": EvaluationSubject,
    "evaluation_verdict": EvaluationVerdict,
    "hearing_form": HearingForm,
    "event_source": EventSource,
    "finding_outcome": FindingOutcome,
    "grade_cause": GradeCause,
    "hazard_state": HazardState,
    "incident_status": IncidentStatus,
    "indicator_dimension": Dimension,
    "inspection_state": InspectionState,
    "kind_mode": KindMode,
    "local_area_kind": LocalAreaKind,
    "backtest_state": BacktestState,
    "limit_unit": LimitUnit,
    "look_purpose": "said in desk/queries.sql's callers alone; a wrong word is no word of the enum",
    "objection_aim": ObjectionAim,
    "re_check_cause": ReCheckCause,
    "re_check_result": ReCheckResult,
    "message_state": MessageState,
    "offer_refusal": OfferRefusal,
    "offer_state": OfferState,
    "organisation_kind": OrganisationKind,
    "outbox_state": "said in channels/queries.sql alone, where PREPARE refuses a wrong word",
    "page_level": PageLevel,
    "page_outcome": PageOutcome,
    "page_state": PageState,
    "pattern_mode": PatternMode,
    "pattern_step_role": StepRole,
    "place_category": PlaceCategory,
    "proposal_source": ProposalSource,
    "proposal_state": ProposalState,
    "quarantine_reason": QuarantineReason,
    "quarantine_state": QuarantineState,
    "rate_detector": Detector,
    "rule_source": RuleSource,
    "shift_unit": ShiftUnit,
    "source_class": SourceClass,
    "test_state": TestState,
    "ticket_entry": EntryKind,
    "ticket_kind": TicketKind,
    "ticket_request": RequestKind,
    "subtask_state": SubtaskState,
    "ticket_state": TicketState,
    "time_quality": TimeQuality,
    "unit_trade": UnitTrade,
    "user_role": UserRole,
    "verdict": Verdict,
}


def _choices(name: str) -> frozenset[str]:
    return frozenset(
        choice for row in TRANSITIONS for field in row.fields if field.name == name for choice in field.choices
    )


def _events(*words: str) -> frozenset[str]:
    return frozenset(TicketEvent(word) for word in words)


_TERMINAL: Final = frozenset(state.value for state in TERMINAL)

# Each list of words in a CHECK or in the predicate of an index, and what it must equal.
LISTS: Final[Mapping[str, frozenset[str]]] = {
    "backtests_waiting": frozenset({BacktestState.QUEUED, BacktestState.RUNNING}),
    "callbacks_satisfaction_of_the_reached": RATED,
    "report_ratings_result_check": RATED,
    "committee_offers_refusal_says_why": frozenset({"refused", "arbitration", "upheld"}),
    "disclosures_approved_by_somebody": frozenset({"draft", "checked", "withdrawn"}),
    "disclosures_checked_in_every_respect": frozenset({"draft", "withheld", "withdrawn"}),
    "evaluations_assessed_with_a_verdict": frozenset({"assessed", "closed"}),
    "evaluations_replied_in_words": frozenset({"replied", "assessed", "closed"}),
    "grade_points_axis_check": frozenset(Moves),
    "lec_factors_factor_check": frozenset(LecFactor),
    "recurrence_rules_cause_check": frozenset(CauseScope),
    "incident_events_standing_check": frozenset(Standing),
    "incident_overlays_act_check": frozenset(Act),
    "incident_overlays_outcome_check": frozenset(Outcome),
    "contact_points_language_check": frozenset(Language),
    "message_templates_language_check": frozenset(Language),
    "messages_ended_wait_for_nothing": frozenset({MessageState.REACHED, MessageState.ANSWERED, MessageState.CANCELLED}),
    "pattern_matches_mode_check": LOOKED_FOR,
    "ticket_links_relation_check": _choices("relation") | {"converted", "split"},  # and what the code links itself
    "ticket_reports_callback_outcome_check": _choices("outcome") | {NOTIFIED, WITHDRAWN},
    "tickets_closed_when_terminal": _TERMINAL,
    "tickets_one_open_a_case": _TERMINAL,
    "tickets_queue": _TERMINAL,
    "tickets_queue_overdue": _TERMINAL,
    # By which a unit calls others to their part: what the saved view of them looks for.
    "ticket_transitions_of_callers": _events("submit", "convert", "admit", "assign_lead", "dispatch", "redispatch"),
    "pages_to_be_answered": frozenset({PageState.OPEN, PageState.UNANSWERED}),
    "incident_events_outside_are_noise": frozenset({Standing.NOISE, Standing.RETURNED}),
    # Every state behind the dispatch; a ticket that ended before it needs no lead.
    "tickets_lead_when_dispatched": frozenset(TicketState)
    - {"new", "verifying_fact", "not_accepted", "answered", "merged", "accepted", "voided"}
    - {"proposed", "rejected", "admitted"},
}

_PG_ENUMS = """
SELECT t.typname::text AS name, array_agg(e.enumlabel::text ORDER BY e.enumsortorder) AS words
FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid GROUP BY t.typname"""
_PG_LISTS = """
SELECT conname::text AS name, pg_get_constraintdef(oid) AS rule FROM pg_constraint
WHERE contype = 'c' AND connamespace = 'public'::regnamespace
UNION ALL
SELECT c.relname::text, pg_get_expr(i.indpred, i.indrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indpred IS NOT NULL AND c.relnamespace = 'public'::regnamespace"""
# Columns of the seed files whose words the database takes as an enum, and the enum.
_SEEDED = (
    ("event_kinds.csv", "ticket_kind", "ticket_kind"),
    ("event_kinds.csv", "committee_list", "committee_list"),
    ("event_kinds.csv", "mode", "kind_mode"),
    ("limits.csv", "unit", "limit_unit"),
)


def words_of_lists(rule: str) -> set[str]:
    """The words of every `= ANY (ARRAY[...])` of a rule as PostgreSQL prints it."""
    lists: list[str] = re.findall(r"ARRAY\[(.*?)\]", rule)
    return {word for each in lists for word in re.findall(r"'((?:[^']|'')*)'::", each)}


async def read_enums(conn: Connection) -> dict[str, list[str]]:
    return {row["name"]: row["words"] for row in await conn.fetch(_PG_ENUMS)}


async def test_every_enum_of_the_database_is_in_the_table(owner: Connection) -> None:
    assert set(await read_enums(owner)) == set(ENUMS)


async def test_enums_of_database_and_code_say_the_same_in_the_same_order(owner: Connection) -> None:
    found = await read_enums(owner)
    paired = {name: kind for name, kind in ENUMS.items() if not isinstance(kind, str)}
    assert {name: found[name] for name in paired} == {name: [word.value for word in paired[name]] for name in paired}


async def test_every_list_of_words_in_a_rule_equals_the_code(owner: Connection) -> None:
    rows = await owner.fetch(_PG_LISTS)
    found = {row["name"]: words_of_lists(row["rule"]) for row in rows if words_of_lists(row["rule"])}
    assert found == {name: set(words) for name, words in LISTS.items()}


@pytest.mark.parametrize(("file", "column", "enum"), _SEEDED)
async def test_seed_files_say_no_word_that_the_enum_lacks(owner: Connection, file: str, column: str, enum: str) -> None:
    with (ROOT / "registry" / "data" / file).open(encoding="utf-8", newline="") as opened:
        said = {row[column] for row in csv.DictReader(opened)}
    assert said
    assert said <= set((await read_enums(owner))[enum])


def test_seeded_steps_say_every_action_of_the_ladder() -> None:
    with (ROOT / "registry" / "data" / "escalation_steps.csv").open(encoding="utf-8", newline="") as opened:
        said = {row["action"] for row in csv.DictReader(opened)}
    assert said <= set(EscalationAction)


def test_device_classes_are_source_classes_of_events() -> None:
    assert set(SourceClass) - set(DeviceClass) == {"hotline", "clock"}  # persons, and time itself


def test_demands_that_a_call_may_name_are_those_that_an_officer_may_choose() -> None:
    assert _choices("demand") == frozenset(Demand)


def test_legal_bases_support_the_reasons_of_a_refusal_and_every_reason_has_one() -> None:
    with (ROOT / "registry" / "data" / "refusal_bases.csv").open(encoding="utf-8", newline="") as opened:
        supported = {row["refusal"] for row in csv.DictReader(opened)}
    assert supported == _choices("code") & set(REFUSAL_WORDS) == set(REFUSAL_WORDS)
