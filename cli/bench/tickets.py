"""Fills a temporary system with months of tickets and their logs by COPY; the same ones at every run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from dispatcher.accounts import store as accounts
from dispatcher.accounts.model import UserRole
from dispatcher.accounts.passwords import generate_password
from registry.places import import_areas, import_organisations
from runtime.pool import Connection

CHUNK: Final = 5_000
SUBDISTRICTS: Final = 12
COMMUNITIES: Final = 10
LOGIN: Final = "bench"
# Minutes that a clock allows, by grade I to IV; near enough to the seeded limits.
_LIMITS: Final[Mapping[str, tuple[int, int, int, int]]] = {
    "c_triage": (1, 3, 15, 120),
    "c_dispatch": (1, 2, 30, 240),
    "c_sign": (3, 5, 30, 240),
    "c_contact": (5, 30, 120, 1440),
    "c_arrive": (15, 30, 120, 2880),
    "c_resolve": (1440, 1440, 7200, 10080),
    "c_verify": (120, 1440, 1440, 2880),
    "c_callback": (1440, 1440, 1440, 2880),
}
# (event, state afterwards, clock that it stops, clocks that it starts) of a life that comes to its end.
_LIFE: Final = (
    ("submit", "new", None, ("c_triage",)),
    ("accept", "accepted", "c_triage", ("c_dispatch", "c_resolve")),
    ("dispatch", "dispatched", "c_dispatch", ("c_sign",)),
    ("acknowledge", "acknowledged", "c_sign", ("c_arrive", "c_contact")),
    ("arrive", "on_scene", "c_arrive", ()),
    ("resolve", "resolved", "c_resolve", ("c_verify",)),
    ("start_verification", "verifying", None, ()),
    ("verify_ok", "awaiting_callback", "c_verify", ("c_callback",)),
    ("callback_done", "closed", "c_callback", ()),
)
_OF_UNIT: Final = frozenset({"c_sign"})
_COLUMNS: Final[Mapping[str, str]] = {
    "cases": "id opened_at",
    "incidents": "id number case_id status kind kind_group canonical_at canonical_uid grade explanation source_classes"
    " event_count first_at last_at area_id area_path place late opened_at final_at",
    "tickets": "id number ticket_kind case_id incident_id kind state version grade demand area_id area_path place"
    " lead_organisation_id opened_at accepted_at closed_at due_at due_clock overdue incident_grade",
    "ticket_transitions": "ticket_id version event from_state to_state actor actor_name actor_role organisation_id at"
    " reason fields",
    "ticket_assignments": "ticket_id generation organisation_id role reason assigned_at signed_at",
    "ticket_clocks": "ticket_id clock organisation_id run halved working started_at due_at provisional explanation"
    " stopped_at stop_reason fired next_action next_at",
    "ticket_grades": "ticket_id number at grade",
    "hotline_calls": "id idempotency_key content_hash received_at text caller_phone anonymous confidential demand",
    "ticket_reports": "call_id ticket_id joined_at callback_wanted called_back_at callback_outcome satisfaction",
    "ticket_entries": "ticket_id version at entry actor actor_name actor_role body",
}
_ORPHANS: Final = """
SELECT c.conrelid::regclass::text AS here, c.confrelid::regclass::text AS there,
       (SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest(c.conkey) WITH ORDINALITY AS k (number, place)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number) AS columns,
       (SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest(c.confkey) WITH ORDINALITY AS k (number, place)
        JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number) AS keys
FROM pg_constraint c WHERE c.contype = 'f' AND c.conrelid::regclass::text = ANY ($1)"""


class RowsInconsistentError(Exception):
    """Rows that name what is not there: the fill is wrong."""

    def __init__(self, here: str, there: str, count: int) -> None:
        super().__init__(f"{count} rows of {here} name no row of {there}")


@dataclass(slots=True)
class Filler:
    """Makes lives of tickets within the span before `at`; one in fifty is open."""

    at: datetime
    kinds: Sequence[tuple[str, str, str]]  # (kind, kind group, lead organisation)
    count: int
    span: timedelta
    random: Random = field(default_factory=lambda: Random(7))  # noqa: S311 -- the same tickets at every run
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)

    def chunks(self) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
        """Rows of each table for some thousands of tickets at a time."""
        for first in range(0, self.count, CHUNK):
            self.rows = {table: [] for table in _COLUMNS}
            for number in range(first, min(first + CHUNK, self.count)):
                self._live(number + 1)
            yield self.rows

    def _live(self, number: int) -> None:
        pick = self.random.random
        opened_at = self.at - self.span * (1 - (number - pick()) / self.count)
        kind, group, lead = self.random.choice(self.kinds)
        grade = 1 + sum(pick() < share for share in (0.99, 0.9, 0.72))
        path = ["bench", "bench-d", f"bench-{self.random.randrange(SUBDISTRICTS)}"]
        path.append(f"{path[2]}-{self.random.randrange(COMMUNITIES)}")
        called = pick() < 0.5
        open_still = number > self.count * 0.99 or pick() < 0.01
        steps = self.random.randint(1, len(_LIFE) - 1) if open_still else len(_LIFE)
        demand = self.random.choice(("help", "complaint", "suggestion")) if called else None
        times = [opened_at]
        for event, *_ in _LIFE[1:steps]:
            limit = _LIMITS[_LIFE[[life[0] for life in _LIFE].index(event)][2] or "c_triage"][grade - 1]
            times.append(
                times[-1] + timedelta(minutes=limit * self.random.uniform(0.05, 0.95 if pick() < 0.9 else 2.5) / 3)
            )
        times = [time for time in times if time <= self.at] or [self.at]  # the rest is still to come
        steps = len(times)
        self._write(number, kind, group, lead if steps > 2 else None, grade, path, demand, times, called=called)

    def _write(
        self, number: int, kind: str, group: str, lead: str | None, grade: int, path: list[str],
        demand: str | None, times: list[datetime], *, called: bool,
    ) -> None:  # fmt: skip
        rows, steps, opened_at = self.rows, len(times), times[0]
        ended = steps == len(_LIFE)
        accepted_at = times[1] if steps > 1 else None
        place = f"{number % 997}号"
        rows["cases"].append((number, opened_at))
        rows["incidents"].append(
            (number, f"BENCH-{number}", number, "final", kind, group, opened_at, number.to_bytes(16, "big"), grade, {},
             ["hotline" if called else "sensor"], 1, opened_at, opened_at, path[-1], path, place, False, opened_at,
             opened_at)
        )  # fmt: skip
        due = self._clocks(number, grade, lead, times)
        label = f"CR-{accepted_at:%Y%m%d}-{number:07d}" if accepted_at else None
        rows["tickets"].append(
            (number, label, "call_response", number, number, kind, _LIFE[steps - 1][1], steps, grade, demand, path[-1],
             path, place, lead, opened_at, accepted_at, times[-1] if ended else None, due[0] if due else None,
             due[1] if due else None, bool(due and due[0] < self.at), grade)
        )  # fmt: skip
        rows["ticket_grades"].append((number, 1, opened_at, grade))
        before = None
        for version, ((event, state, *_), at) in enumerate(zip(_LIFE, times, strict=False), start=1):
            told: dict[str, Any] = {}
            if event == "submit":
                told = {"kind": kind, "grade": grade, "demand": demand, "incident_id": number}
            elif event == "dispatch":
                told = {"lead": lead}
            elif event == "callback_done":
                told = {"outcome": "resolved" if number % 8 else "unresolved", "satisfaction": 1 + number % 5}
            actor = "rule:auto" if event in ("submit", "accept", "dispatch") else f"user:{1 + number % 50}"
            role = "rule" if actor == "rule:auto" else "dept_handler"
            rows["ticket_transitions"].append(
                (
                    number,
                    version,
                    event,
                    before,
                    state,
                    actor,
                    actor,
                    role,
                    lead if role != "rule" else None,
                    at,
                    None,
                    told,
                )
            )
            before = state
        if lead is not None:
            signed_at = times[3] if steps > 3 else None
            rows["ticket_assignments"].append((number, 1, lead, "lead", "department_of_area", times[2], signed_at))
        if called:
            self._report(number, demand, times, ended=ended)

    def _report(self, number: int, demand: str | None, times: list[datetime], *, ended: bool) -> None:
        rows = self.rows
        phone = f"138{number % 40_000_000:08d}"
        rows["hotline_calls"].append(
            (number, f"bench-{number}", bytes(8), times[0], "路灯不亮", phone, False, False, demand)
        )
        outcome = ("resolved" if number % 8 else "unresolved") if ended else None
        satisfaction = 1 + number % 5 if ended else None
        rows["ticket_reports"].append(
            (number, number, times[0], True, times[-1] if ended else None, outcome, satisfaction)
        )
        told = {"call_id": number, "callback_wanted": True, "demand": demand}
        rows["ticket_entries"].append((number, 1, times[0], "report_joined", "rule:auto", "rule:auto", "rule", told))

    def _clocks(self, number: int, grade: int, lead: str | None, times: list[datetime]) -> tuple[datetime, str] | None:
        """Write the runs; the earliest that still runs, with its clock."""
        started: dict[str, datetime] = {}
        first: tuple[datetime, str] | None = None
        ended: dict[str, tuple[datetime, str]] = {}
        for (event, _, stops, starts), at in zip(_LIFE, times, strict=False):
            started |= dict.fromkeys(starts, at)
            if stops is not None:
                ended[stops] = (at, event)
            if event == "arrive":
                ended["c_contact"] = (at, "contact")
        for clock, since in started.items():
            minutes = _LIMITS[clock][grade - 1]
            due_at = since + timedelta(minutes=minutes)
            stopped_at, reason = ended.get(clock, (None, None))
            late = due_at < (stopped_at or self.at)
            unit = (lead or "") if clock in _OF_UNIT else ""
            told = {"limit": {"value": minutes, "unit": "min"}, "counted": "natural_time", "since": since.isoformat()}
            running = stopped_at is None
            next_at = due_at if running and not late else None
            self.rows["ticket_clocks"].append(
                (number, clock, unit, 1, False, False, since, due_at, False, told, stopped_at, reason,
                 ["urge"] if late else [], "urge" if next_at else None, next_at)
            )  # fmt: skip
            if running and (first is None or due_at < first[0]):
                first = (due_at, clock)
        return first


async def fill(conn: Connection, count: int, at: datetime, span: timedelta, tell: Any) -> str:
    """Fill an empty system whose top area is `bench`; returns the password of LOGIN. `tell` hears how many are in.

    Triggers and foreign keys rest while rows are copied; every foreign key is compared afterwards, and all checks and
    unique keys hold by the copying itself. Raises RowsInconsistentError.
    """
    password = generate_password()
    kinds = await _prepare(conn, at, password)
    await conn.execute("SET session_replication_role = replica")
    done = 0
    for rows in Filler(at, kinds, count, span).chunks():
        for table, records in rows.items():
            await conn.copy_records_to_table(table, records=records, columns=_COLUMNS[table].split())
        done += len(rows["tickets"])
        tell(done)
    await conn.execute("SET session_replication_role = DEFAULT")
    # Every breach gets its record from the trigger whose work it is.
    await conn.execute("UPDATE ticket_clocks SET breached_at = due_at WHERE fired <> '{}'")
    await _compare(conn)
    for table in ("cases", "incidents", "tickets", "hotline_calls"):
        await conn.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")  # noqa: S608
    await conn.execute("ANALYZE")
    return password


async def _prepare(conn: Connection, at: datetime, password: str) -> list[tuple[str, str, str]]:
    names = {"zh_name": "压测", "en_name": "Bench"}
    areas = [{"id": "bench-d", "properties": names | {"parent_id": "bench", "level": "district"}}]
    for number in range(SUBDISTRICTS):
        areas.append({"id": f"bench-{number}", "properties": names | {"parent_id": "bench-d", "level": "subdistrict"}})
        areas += [
            {
                "id": f"bench-{number}-{each}",
                "properties": names | {"parent_id": f"bench-{number}", "level": "community"},
            }
            for each in range(COMMUNITIES)
        ]
    async with conn.transaction():
        await import_areas(conn, areas)
        found = await conn.fetch(
            "SELECT id, kind_group, lead_department FROM event_kinds WHERE mode <> 'notice_only' ORDER BY id"
        )
        units = sorted({row["lead_department"] for row in found})
        await import_organisations(
            conn,
            [
                {
                    "id": f"o-{unit}",
                    "kind": "department",
                    "department_id": unit,
                    "area_id": "bench-d",
                    "duty": "always",
                    **names,
                }
                for unit in units
            ],
        )
        roles = [UserRole.DUTY_OFFICER, UserRole.SHIFT_LEADER]
        await accounts.create_user(
            conn,
            login=LOGIN,
            zh_name=LOGIN,
            password=password,
            roles=roles,
            area_id="bench",
            organisation_id=None,
            at=at,
        )
    return [(row["id"], row["kind_group"], f"o-{row['lead_department']}") for row in found]


async def _compare(conn: Connection) -> None:
    for key in await conn.fetch(_ORPHANS, list(_COLUMNS)):
        same = " AND ".join(f"t.{there} = h.{here}" for here, there in zip(key["columns"], key["keys"], strict=True))
        named = " AND ".join(f"h.{here} IS NOT NULL" for here in key["columns"])
        orphans = await conn.fetchval(
            f"SELECT count(*) FROM {key['here']} h WHERE {named}"  # noqa: S608
            f" AND NOT EXISTS (SELECT FROM {key['there']} t WHERE {same})"
        )
        if orphans:
            raise RowsInconsistentError(key["here"], key["there"], orphans)
