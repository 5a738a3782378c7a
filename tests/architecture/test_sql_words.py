"""The words of the database and the words of the code are the same words."""

import csv
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import pytest

from dispatcher.accounts.model import UserRole
from dispatcher.admission.model import Art45, Means
from dispatcher.admission.procedures import ApplicationState, CorrectionState, OfferRefusal, OfferState, Subject
from dispatcher.api.models.hotline import Demand
from dispatcher.backtests.jobs import BacktestState
from dispatcher.incidents.grades.grading import GradeCause
from dispatcher.incidents.model import IncidentStatus, Standing
from dispatcher.incidents.overlays import Act, Outcome
from dispatcher.patterns.model import LOOKED_FOR, PatternMode, StepRole
from dispatcher.rates.model import Detector, ProposalSource, ProposalState
from dispatcher.risk.model import Verdict
from dispatcher.rules.document import RuleSource
from dispatcher.tickets.model import (
    TERMINAL,
    AssignmentRole,
    EntryKind,
    RequestKind,
    SubtaskState,
    TicketKind,
    TicketState,
)
from dispatcher.tickets.reporting import NOTIFIED, WITHDRAWN
from dispatcher.tickets.transitions import TRANSITIONS
from events.model import EventSource, QuarantineReason, QuarantineState, SourceClass, TimeQuality
from registry.admission import AdmissionList
from registry.areas import AreaLevel
from registry.deployment import DeploymentMode
from registry.event_kinds import KindMode
from registry.grading import Moves, PlaceCategory
from registry.limits import EscalationAction, LimitUnit
from registry.organisations import DutyHours, OrganisationKind
from runtime.pool import Connection
from sensors.model import SourceClass as DeviceClass
from tests.architecture.repository import ROOT

# Each enum of the schema and the enum of the code that says the same; where there is none, why.
ENUMS: Final[Mapping[str, type[StrEnum] | str]] = {
    "admission_list": AdmissionList,
    "admission_means": Means,
    "admission_subject": Subject,
    "application_state": ApplicationState,
    "area_level": AreaLevel,
    "art45_code": Art45,
    "assignment_role": AssignmentRole,
    "committee_list": "a column of event_kinds.csv; no rule of the code asks for it yet",
    "correction_state": CorrectionState,
    "demand_type": Demand,
    "deployment_mode": DeploymentMode,
    "duty_hours": DutyHours,
    "event_source": EventSource,
    "grade_cause": GradeCause,
    "incident_status": IncidentStatus,
    "kind_mode": KindMode,
    "backtest_state": BacktestState,
    "limit_unit": LimitUnit,
    "offer_refusal": OfferRefusal,
    "offer_state": OfferState,
    "organisation_kind": OrganisationKind,
    "outbox_state": "said in channels/queries.sql alone, where PREPARE refuses a wrong word",
    "pattern_mode": PatternMode,
    "pattern_step_role": StepRole,
    "place_category": PlaceCategory,
    "proposal_source": ProposalSource,
    "proposal_state": ProposalState,
    "quarantine_reason": QuarantineReason,
    "quarantine_state": QuarantineState,
    "rate_detector": Detector,
    "rule_source": RuleSource,
    "source_class": SourceClass,
    "ticket_entry": EntryKind,
    "ticket_kind": TicketKind,
    "ticket_request": RequestKind,
    "subtask_state": SubtaskState,
    "ticket_state": TicketState,
    "time_quality": TimeQuality,
    "user_role": UserRole,
    "verdict": Verdict,
}


def _choices(name: str) -> frozenset[str]:
    return frozenset(
        choice for row in TRANSITIONS for field in row.fields if field.name == name for choice in field.choices
    )


_TERMINAL: Final = frozenset(state.value for state in TERMINAL)

# Each list of words in a CHECK or in the predicate of an index, and what it must equal.
LISTS: Final[Mapping[str, frozenset[str]]] = {
    "backtests_waiting": frozenset({BacktestState.QUEUED, BacktestState.RUNNING}),
    "committee_offers_refusal_says_why": frozenset({"refused", "arbitration", "upheld"}),
    "grade_points_axis_check": frozenset(Moves),
    "incident_events_standing_check": frozenset(Standing),
    "incident_overlays_act_check": frozenset(Act),
    "incident_overlays_outcome_check": frozenset(Outcome),
    "pattern_matches_mode_check": LOOKED_FOR,
    "ticket_links_relation_check": _choices("relation") | {"converted", "split"},  # and what the code links itself
    "ticket_reports_callback_outcome_check": _choices("outcome") | {NOTIFIED, WITHDRAWN},
    "tickets_closed_when_terminal": _TERMINAL,
    "tickets_one_open_a_case": _TERMINAL,
    "tickets_queue": _TERMINAL,
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
