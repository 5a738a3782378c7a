"""The duty stage of a step: gaps of rosters are warned of once, and persons are tested whether they can be reached."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from asyncpg import Record
from prometheus_client import Counter

from dispatcher.channels import messages, stream
from dispatcher.escalation.delivery import GAP, TEST, tell_person
from dispatcher.escalation.model import Recipient
from dispatcher.escalation.reaching import HEADS, QUERIES
from dispatcher.escalation.stage import Moment
from dispatcher.incidents.step import Advanced
from registry.calendar import LOCAL
from registry.rosters.duty import gaps
from registry.rosters.model import Gap, Roster
from registry.rosters.store import QUERIES as ROSTER_QUERIES
from registry.rosters.store import RosterParameters, read_parameters, read_rosters
from runtime.pool import Connection

# Small: persons who were entered together are due together, and a step that tells them holds up whatever is grave.
BATCH: Final = 50
GAP_FOUND: Final = "duty.gap"
UNREACHABLE: Final = "duty.unreachable"
CALENDAR_MISSING: Final = "calendar.missing"
CALENDAR_LOADED: Final = "calendar.loaded"
# No limit reaches further than a calendar is read ahead (registry.calendar.read_calendar).
YEARS_AHEAD: Final = 2
_TEST_KEY: Final = "test-"  # and the number of the test: the key of its message
# Neither is an urgent matter: they keep quiet hours and may be bundled.
TEST_GRADE: Final = 4
WARNING_GRADE: Final = 4

GAPS_TOTAL = Counter("dispatcher_roster_gaps_total", "Gaps of rosters that were warned of")
UNREACHABLE_TOTAL = Counter("dispatcher_contacts_unreachable_total", "Tests of reachability without an answer")


async def advance(step: Moment) -> Advanced:
    """Look through rosters that are due, send tests that are due, and end those without an answer."""
    looked = await step.conn.fetch(ROSTER_QUERIES.due_rosters, step.at, BATCH)
    over = await step.conn.fetch(QUERIES.due_tests, step.at, BATCH, _TEST_KEY)
    due = await step.conn.fetch(QUERIES.due_contacts, step.at, BATCH)
    written = 0
    if looked or due:
        parameters = await read_parameters(step.conn)
        written += await _look_through(step, [row["id"] for row in looked], parameters)
        written += await _test(step, due, parameters)
    for row in over:
        written += await _end_test(step, row)
    written += await _watch_calendars(step)
    return Advanced(len(looked) + len(over) + len(due), written)


async def _watch_calendars(step: Moment) -> int:
    """An alarm stands while a due time is provisional for want of a year's calendar."""
    this_year = step.at.astimezone(LOCAL).year
    years = [this_year + offset for offset in range(-1, YEARS_AHEAD + 1)]
    raised = await step.conn.fetch(QUERIES.raise_calendar_alarms, years, step.at)
    ended = await step.conn.fetch(QUERIES.end_calendar_alarms, step.at)
    for topic, rows in ((CALENDAR_MISSING, raised), (CALENDAR_LOADED, ended)):
        for row in rows:
            await stream.publish(
                step.conn, topic=topic, area_path=[], organisation_ids=[], body={"year": row["year"]}, at=step.at
            )
    return len(raised) + len(ended)


async def _end_test(step: Moment, row: Record) -> bool:
    """A test whose time is over: an answer to the message itself passes it, else it failed and is alarmed."""
    standing = await messages.standing(step.conn, _test_key(row["id"]))
    if standing is not None and standing.answered_at is not None:
        await step.conn.execute(QUERIES.pass_test, row["id"], standing.answered_at, f"contact:{row['contact_id']}")
        return False
    await step.conn.execute(QUERIES.fail_test, row["id"])
    if row["has_left"]:
        return False
    UNREACHABLE_TOTAL.inc()
    await stream.publish(
        step.conn,
        topic=UNREACHABLE,
        area_path=row["area_path"],
        organisation_ids=[row["organisation_id"]],
        body={
            "contact": {"id": row["contact_id"], "organisation_id": row["organisation_id"]},
            "test_id": row["id"],
        },
        at=step.at,
    )
    return True


def _test_key(test_id: int) -> str:
    return f"{_TEST_KEY}{test_id}"


async def _look_through(step: Moment, roster_ids: Sequence[int], parameters: RosterParameters) -> int:
    rosters = await read_rosters(step.conn, ids=roster_ids, since=step.at)
    known: dict[int, list[Record]] = {roster.id: [] for roster in rosters}
    for row in await step.conn.fetch(ROSTER_QUERIES.list_open_gaps, list(roster_ids)):
        known[row["roster_id"]].append(row)
    paths = {organisation.id: organisation.area_path for organisation in step.rulebook.organisations}
    written = 0
    for roster in rosters:
        found = gaps(roster, step.at, step.at + timedelta(days=parameters.gap_warning_d))
        written += await _compare(step, roster, found, known[roster.id], paths.get(roster.organisation_id, ()))
        await step.conn.execute(
            ROSTER_QUERIES.look_at_roster, roster.id, step.at + timedelta(hours=parameters.gap_look_h)
        )
    return written


async def _compare(
    step: Moment, roster: Roster, found: Sequence[Gap], known: Sequence[Record], area_path: Sequence[str]
) -> int:
    """Warn of what was not warned of: a gap that meets a known one is that one; a known one that is gone is settled."""
    settled = [row["id"] for row in known if not any(_meet(row, gap) for gap in found)]
    taken: set[int] = set()
    fresh: list[Gap] = []
    moved: list[tuple[int, Gap]] = []
    for gap in found:
        same = next((row for row in known if row["id"] not in taken and _meet(row, gap)), None)
        if same is None:
            fresh.append(gap)
        else:
            taken.add(same["id"])
            begun = min(same["from_at"], step.at) if gap.from_at == step.at else gap.from_at
            moved.append((same["id"], Gap(begun, gap.until_at)))
    # What two rows said before and one gap says now is one row: the other is settled before anything moves.
    settled += [row["id"] for row in known if row["id"] not in taken and row["id"] not in settled]
    await step.conn.execute(ROSTER_QUERIES.settle_gaps, settled, step.at)
    await step.conn.execute(
        ROSTER_QUERIES.move_gaps,
        [gap_id for gap_id, _ in moved],
        [gap.from_at for _, gap in moved],
        [gap.until_at for _, gap in moved],
    )
    for gap in fresh:
        gap_id = await step.conn.fetchval(ROSTER_QUERIES.insert_gap, roster.id, gap.from_at, gap.until_at, step.at)
        await _warn(step.conn, roster, gap, gap_id, area_path, step.at)
    return len(settled) + len(fresh)


def _meet(row: Record, gap: Gap) -> bool:
    return (row["until_at"] is None or gap.from_at < row["until_at"]) and (
        gap.until_at is None or row["from_at"] < gap.until_at
    )


async def _warn(
    conn: Connection, roster: Roster, gap: Gap, gap_id: int, area_path: Sequence[str], at: datetime
) -> None:
    GAPS_TOTAL.inc()
    said = {
        "id": gap_id,
        "roster_id": roster.id,
        "organisation_id": roster.organisation_id,
        "role": roster.role.value,
        "from_at": gap.from_at.isoformat(),
        "until_at": None if gap.until_at is None else gap.until_at.isoformat(),
    }
    await stream.publish(
        conn,
        topic=GAP_FOUND,
        area_path=area_path,
        organisation_ids=[roster.organisation_id],
        body={"gap": said},
        at=at,
    )
    for to, key in await _who_fills(conn, roster.organisation_id):
        await messages.send(
            conn,
            key=f"roster-gap-{gap_id}{key}",
            to=to,
            ticket_id=None,
            topic=GAP,
            grade=WARNING_GRADE,
            fields={"roster": roster.zh_name, "gap_at": gap.from_at},
            at=at,
        )


async def _who_fills(conn: Connection, organisation_id: str) -> list[tuple[messages.Addressee, str]]:
    """The heads who keep the roster, each with the end of a key; an organisation without any is told itself."""
    heads = await conn.fetch(QUERIES.users_in_roles, organisation_id, list(HEADS))
    found: list[tuple[messages.Addressee, str]] = [(messages.User(row["id"]), f"-user-{row['id']}") for row in heads]
    return found or [(messages.Organisation(organisation_id), "")]


async def _test(step: Moment, due: Sequence[Record], parameters: RosterParameters) -> int:
    sent = 0
    for row in due:
        answer_by = step.at + timedelta(hours=parameters.test_answer_h)
        test_id = await step.conn.fetchval(QUERIES.insert_test, row["id"], row["number"], step.at, answer_by)
        await step.conn.execute(QUERIES.test_contact_next, row["id"], step.at + timedelta(days=parameters.test_every_d))
        if test_id is None:
            continue
        sent += 1
        await tell_person(
            step.conn,
            Recipient(row["id"], None, ""),
            key=_test_key(test_id),
            ticket_id=None,
            topic=TEST,
            grade=TEST_GRADE,
            fields={},
            at=step.at,
        )
    return sent
