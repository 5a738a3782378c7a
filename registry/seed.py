"""Puts the versioned master data of `registry/data` into a database.

Seeding again changes nothing; a file of another version replaces the rows it owns and is noted in `data_versions`.
"""

import csv
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from importlib import resources
from typing import Final

from registry.accountability.seeding import FILES as ACCOUNTABILITY_FILES
from registry.calendar import seed_calendar
from registry.deployment import DeploymentMode
from registry.desk_rules import FILES as DESK_FILES
from registry.event_kinds import GROUP_OF_ALL
from registry.messages.seeding import FILES as MESSAGE_FILES
from registry.projection import CHENGDU, Origin
from registry.rosters.seeding import FILES as ROSTER_FILES
from runtime.pool import Connection
from runtime.queries import load
from sensors.registry import DEVICE_TYPES

QUERIES = load(__package__)

Row = Mapping[str, str]


# The rule set of a replay (one group, 150 m, 600 s, m = 1, no repeats, 48 h of lateness; opens no tickets; clusters are
# neither cut nor thinned: they are compared with those of others).
REPLAY_GROUP: Final = ("replay", GROUP_OF_ALL, "回放", "Replay", True, 150, 600, 0, 1, 172_800, 0, 0, 0, 3, 1)


def _yes(text: str) -> bool:
    return text.strip().lower() in {"true", "1", "yes"}


def _list(text: str) -> list[str]:
    return [part for part in text.split(";") if part]


def _none(text: str) -> str | None:
    return text or None


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _int(text: str) -> int | None:
    return int(text) if text else None


# Files in the order in which they refer to each other, with the statement and the arguments of a row.
_FILES: Final[tuple[tuple[str, str, Callable[[int, int, Row], tuple[object, ...]]], ...]] = (
    (
        "departments",
        QUERIES.upsert_department,
        lambda _v, _i, r: (r["id"], r["zh_name"], r["en_name"], _yes(r["in_art5"]), _yes(r["in_art25"])),
    ),
    (
        "kind_groups",
        QUERIES.upsert_kind_group,
        lambda _v, _i, r: (
            "default",
            r["id"],
            r["zh_name"],
            r["en_name"],
            _yes(r["clustered"]),
            int(r["r_m"]),
            int(r["t_s"]),
            int(r["g_s"]),
            int(r["m"]),
            int(r["lateness_s"]),
            int(r["tile_s"]),
            int(r["follow_s"]),
            int(r["flap_window_s"]),
            int(r["flap_on"]),
            int(r["flap_off"]),
        ),
    ),
    (
        "event_kinds",
        QUERIES.upsert_event_kind,
        lambda v, _i, r: (
            r["kind_id"],
            v,
            r["zh_name"],
            r["en_name"],
            r["scenario"],
            int(r["likelihood_1_5"]),
            int(r["consequence_1_5"]),
            r["lead_department"],
            _list(r["co_departments"]),
            r["ticket_kind"],
            r["disclosure_category"],
            r["committee_list"],
            r["kind_group"],
            r["mode"],
            _yes(r["time_critical"]),
            _none(r["run_card"]),
            r["notes"],
        ),
    ),
    (
        "risk_matrix",
        QUERIES.upsert_risk_matrix,
        lambda v, _i, r: (v, int(r["consequence"]), int(r["likelihood"]), int(r["grade"])),
    ),
    (
        "grade_points",
        QUERIES.upsert_grade_points,
        lambda v, _i, r: (
            v,
            r["rule"],
            int(r["level"]),
            r["axis"],
            int(r["points"]),
            _yes(r["waits"]),
            r["zh_name"],
            r["en_name"],
            r["source"],
        ),
    ),
    (
        "attachment_types",
        QUERIES.upsert_attachment_type,
        lambda v, _i, r: (v, r["media_type"], r["kind"], int(r["max_bytes"]), r["source"]),
    ),
    (
        "attachment_parameters",
        QUERIES.upsert_attachment_parameter,
        lambda v, _i, r: (v, r["name"], int(r["value"]), r["unit"], r["source"]),
    ),
    (
        "evidence_rules",
        QUERIES.upsert_evidence_rule,
        lambda v, _i, r: (
            v,
            r["ticket_kind"],
            r["event"],
            _int(r["grade"]),
            _none(r["demand"]),
            int(r["photos"]),
            r["source"],
        ),
    ),
    (
        "grade_parameters",
        QUERIES.upsert_grade_parameter,
        lambda v, _i, r: (v, r["name"], int(r["value"]), r["unit"], r["source"]),
    ),
    (
        "kind_risks",
        QUERIES.upsert_kind_risk,
        lambda v, _i, r: (
            v,
            r["kind"],
            _yes(r["life_at_risk"]),
            _yes(r["takes_colour"]),
            _list(r["warned_by"]),
            r["source"],
        ),
    ),
    (
        "limits",
        QUERIES.upsert_limit,
        lambda v, i, r: (
            i,
            v,
            _none(r["kind"]),
            r["clock"],
            _int(r["grade"]),
            _none(r["condition"]),
            int(r["value"]),
            r["unit"],
            r["source"],
        ),
    ),
    *ROSTER_FILES,
    *MESSAGE_FILES,
    (
        "escalation_steps",
        QUERIES.upsert_escalation_step,
        lambda v, _i, r: (
            v,
            int(r["step"]),
            int(r["grade"]),
            _none(r["clock"]),
            _int(r["after_pct"]),
            _int(r["after_value"]),
            _none(r["after_unit"]),
            r["action"],
            r["source"],
        ),
    ),
    *DESK_FILES,
    (
        "disclosure_rules",
        QUERIES.upsert_disclosure_rule,
        lambda v, _i, r: (v, r["item"], r["moment"], r["level"], int(r["value"]), r["unit"], r["source"]),
    ),
    (
        "undisclosed_kinds",
        QUERIES.upsert_undisclosed_kind,
        lambda v, _i, r: (v, r["kind"], r["reason"], r["source"]),
    ),
    (
        "committee_duty_rules",
        QUERIES.upsert_committee_duty_rule,
        lambda v, _i, r: (
            v,
            r["item"],
            r["period"],
            int(r["value"]),
            r["unit"],
            int(r["meeting_wd"]),
            r["source"],
        ),
    ),
    *ACCOUNTABILITY_FILES,
    (
        "patterns",
        QUERIES.insert_pattern,
        lambda _v, _i, r: (
            r["id"],
            int(r["version"]),
            r["zh_name"],
            r["en_name"],
            r["mode"],
            int(r["r_m"]),
            int(r["t_s"]),
            _yes(r["by_place"]),
            _list(r["step_order"]),
            _time(r["effective_from"]),
            _time(r["effective_to"]),
            r["source"],
        ),
    ),
    (
        "pattern_steps",
        QUERIES.insert_pattern_step,
        lambda _v, i, r: (
            r["pattern"],
            int(r["version"]),
            i,
            r["step"],
            r["role"],
            r["zh_name"],
            r["en_name"],
            _list(r["kinds"]),
            _list(r["source_classes"]),
            int(r["severity_min"]),
            _none(r["predicate"]),
        ),
    ),
    (
        "hazard_kinds",
        QUERIES.upsert_hazard_kind,
        lambda v, _i, r: (
            r["id"],
            v,
            r["category"],
            r["category_zh"],
            r["category_en"],
            r["zh_name"],
            r["en_name"],
            r["event_kind"],
            int(r["mildest_level"]),
            int(r["reach_m"]),
            r["source"],
        ),
    ),
    (
        "lec_factors",
        QUERIES.upsert_lec_factor,
        lambda v, _i, r: (v, r["factor"], Decimal(r["value"]), r["zh_name"], r["en_name"], r["source"]),
    ),
    (
        "lec_levels",
        QUERIES.upsert_lec_level,
        lambda v, _i, r: (v, int(r["level"]), Decimal(r["product_min"]), r["source"]),
    ),
    (
        "check_lists",
        QUERIES.upsert_check_item,
        lambda v, i, r: (
            v,
            r["list"],
            r["list_zh"],
            r["list_en"],
            r["matter"],
            i,
            r["item"],
            r["zh_text"],
            r["en_text"],
            r["hazard_kind"],
            r["source"],
        ),
    ),
    (
        "inspection_intervals",
        QUERIES.upsert_inspection_interval,
        lambda v, _i, r: (
            v,
            int(r["level"]),
            int(r["every_d"]),
            int(r["within_d"]),
            int(r["remind_d"]),
            _yes(r["proposes"]),
            r["source"],
        ),
    ),
    (
        "recurrence_rules",
        QUERIES.upsert_recurrence_rule,
        lambda v, _i, r: (
            v,
            r["kind_group"],
            r["cause"],
            int(r["times"]),
            int(r["within_d"]),
            int(r["radius_m"]),
            r["source"],
        ),
    ),
)


async def seed(
    conn: Connection,
    *,
    mode: DeploymentMode = DeploymentMode.PRODUCTION,
    rule_set: str = "default",
    origin: Origin = CHENGDU,
) -> dict[str, int]:
    """Bring the master data to this release's version; returns how many rows each file holds.

    `mode`, `rule_set` and `origin` count only for a database that has no deployment row yet.
    """
    counts: dict[str, int] = {}
    async with conn.transaction():
        await conn.execute(
            QUERIES.insert_deployment,
            mode,
            rule_set,
            origin.lon,
            origin.lat,
        )
        folder = resources.files("registry").joinpath("data")
        version = int(folder.joinpath("VERSION").read_text(encoding="utf-8").strip())
        for name, statement, arguments in _FILES:
            text = folder.joinpath(f"{name}.csv").read_text(encoding="utf-8")
            rows = list(csv.DictReader(text.splitlines()))
            await conn.executemany(statement, [arguments(version, i, row) for i, row in enumerate(rows, start=1)])
            await _remember(conn, name, version, text)
            counts[name] = len(rows)
        await conn.execute(QUERIES.seed_admission_items)
        counts["calendar_days"] = await seed_calendar(conn)
        await conn.execute(QUERIES.upsert_kind_group, *REPLAY_GROUP)
        await conn.executemany(
            QUERIES.insert_product,
            [
                (device_type.name, device_type.name, device_type.zh_name, device_type.en_name)
                for device_type in DEVICE_TYPES.values()
            ],
        )
    return counts


async def _remember(conn: Connection, name: str, version: int, text: str) -> None:
    await conn.execute(
        QUERIES.upsert_data_version,
        name,
        version,
        hashlib.sha256(text.encode()).hexdigest(),
    )
