"""Photos as evidence of tickets: needed where the data say so, good for one matter, looked at again at the check."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from dispatcher.attachments import store as attachments
from dispatcher.attachments.model import Finding
from dispatcher.tickets import acting, reading, store
from dispatcher.tickets.errors import ActionRefused
from dispatcher.tickets.evidence import TOPIC
from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import Action, Actor, Ticket, TicketState
from dispatcher.tickets.records import read_ticket
from dispatcher.tickets.refusing import Refused
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.harness.photos import photo
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AT,
    CREW,
    DISPATCH,
    HANDLER,
    OFFICER,
    SIGN,
    VERIFIER,
    E,
    Step,
    act,
    draft,
    incident,
    new_ticket,
)

SIGNED = (ACCEPT, DISPATCH, SIGN)


async def shot(
    pool: Pool, actor: Actor = HANDLER, *, seed: int | None = None, at: datetime = AT, unit: str | None = None
) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        return await photo(conn, actor.id, at, seed=seed, organisation_id=unit)


def resolve(*ids: int) -> Step:
    return (E.RESOLVE, HANDLER, {"result": "已清理", "attachments": list(ids)})


async def refused(pool: Pool, ticket_id: int, step: Step) -> Refused:
    event, actor, fields = step
    async with pool.acquire() as conn:
        ticket = await read_ticket(conn, ticket_id)
    with pytest.raises(ActionRefused) as caught:
        async with transaction(pool, scope=SYSTEM) as conn:
            await acting.act(conn, ticket_id, Action(event, ticket.version, "理由", fields), actor, AT)
    return caught.value.refused


async def test_result_has_to_show_a_photo(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    await act(pool, ticket_id, *SIGNED)
    assert (await refused(pool, ticket_id, resolve())).guard is Guard.PHOTOS_SUFFICIENT
    words: Step = (E.RESOLVE, HANDLER, {"result": "已清理", "evidence": "照片 4 张", "attachments": []})
    assert (await refused(pool, ticket_id, words)).guard is Guard.PHOTOS_SUFFICIENT
    assert (await act(pool, ticket_id, resolve(await shot(pool)))).state is TicketState.RESOLVED


async def test_consultation_is_answered_without_a_photo(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        incident_id, case_id = await incident(conn)
        ticket_id = await store.open_ticket(conn, draft(incident_id, case_id, demand="consultation"), AT)
    await act(pool, ticket_id, *SIGNED)
    assert (await act(pool, ticket_id, resolve())).state is TicketState.RESOLVED


async def test_photo_of_another_ticket_is_refused_and_the_refusal_names_it(pool: Pool) -> None:
    first, second = await new_ticket(pool), await new_ticket(pool)
    shown = await shot(pool)
    done = await act(pool, first, *SIGNED, resolve(shown))
    await act(pool, second, *SIGNED)
    found = await refused(pool, second, resolve(shown))
    assert found.guard is Guard.PHOTO_NOT_REUSED
    assert found.elsewhere == (f"{done.number} resolve",)
    # Also beside a new one.
    assert (await refused(pool, second, resolve(await shot(pool), shown))).guard is Guard.PHOTO_NOT_REUSED


async def test_same_photo_uploaded_again_is_the_same_photo(pool: Pool) -> None:
    first, second = await new_ticket(pool), await new_ticket(pool)
    await act(pool, first, *SIGNED, resolve(await shot(pool, seed=5)))
    await act(pool, second, *SIGNED)
    again = await shot(pool, seed=5, at=AT + timedelta(hours=1))
    assert (await refused(pool, second, resolve(again))).guard is Guard.PHOTO_NOT_REUSED


async def test_near_identical_photo_is_caught_and_another_is_not(pool: Pool, owner: Connection) -> None:
    first, second = await new_ticket(pool), await new_ticket(pool)
    original = await shot(pool, seed=5)
    await act(pool, first, *SIGNED, resolve(original))
    await act(pool, second, *SIGNED)
    copy = await shot(pool)
    await owner.execute(
        "UPDATE attachments c SET phash = o.phash # 7, dhash = o.dhash, bands = o.bands FROM attachments o"
        " WHERE c.id = $1 AND o.id = $2",
        copy,
        original,
    )
    assert (await refused(pool, second, resolve(copy))).guard is Guard.PHOTO_NOT_REUSED
    await owner.execute("UPDATE attachments SET phash = phash # 65535 WHERE id = $1", copy)
    assert (await act(pool, second, resolve(copy))).state is TicketState.RESOLVED


async def test_photo_taken_on_arrival_does_not_prove_the_result(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    before = await shot(pool, CREW)
    await act(pool, ticket_id, *SIGNED, (E.ARRIVE, CREW, {"attachments": [before]}))
    assert (await refused(pool, ticket_id, resolve(before))).guard is Guard.PHOTOS_SUFFICIENT
    # Before and after: the old one may stand beside the new one.
    done = await act(pool, ticket_id, resolve(before, await shot(pool)))
    assert done.state is TicketState.RESOLVED


async def test_result_that_was_sent_back_needs_another_photo(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    shown = await shot(pool)
    await act(pool, ticket_id, *SIGNED, resolve(shown), (E.START_VERIFICATION, VERIFIER, {}))
    await act(pool, ticket_id, (E.VERIFY_FAIL, VERIFIER, {}))
    assert (await refused(pool, ticket_id, resolve(shown))).guard is Guard.PHOTO_NOT_REUSED
    assert (await act(pool, ticket_id, resolve(await shot(pool)))).state is TicketState.RESOLVED


async def test_one_photo_uploaded_twice_is_one_photo(pool: Pool, owner: Connection) -> None:
    await owner.execute("UPDATE evidence_rules SET photos = 2 WHERE event = 'resolve' AND demand IS NULL")
    ticket_id = await new_ticket(pool)
    await act(pool, ticket_id, *SIGNED)
    twice = resolve(await shot(pool, seed=5), await shot(pool, seed=5))
    assert (await refused(pool, ticket_id, twice)).guard is Guard.PHOTOS_SUFFICIENT


async def test_attachment_of_another_unit_or_of_nobody_is_unknown(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    await act(pool, ticket_id, *SIGNED)
    foreign = await shot(pool, OFFICER, unit="t-desk")
    assert (await refused(pool, ticket_id, resolve(foreign))).guard is Guard.ATTACHMENT_KNOWN
    assert (await refused(pool, ticket_id, resolve(987654))).guard is Guard.ATTACHMENT_KNOWN
    colleague = await shot(pool, CREW, unit="t-fire")
    assert (await act(pool, ticket_id, resolve(colleague))).state is TicketState.RESOLVED


async def test_two_who_show_one_photo_at_once_take_turns(pool: Pool) -> None:
    first, second = await new_ticket(pool), await new_ticket(pool)
    versions = {each: (await act(pool, each, *SIGNED)).version for each in (first, second)}
    uploads = {each: await shot(pool, seed=5) for each in (first, second)}

    async def attempt(conn: Connection, ticket_id: int) -> Ticket:
        event, actor, fields = resolve(uploads[ticket_id])
        return (await acting.act(conn, ticket_id, Action(event, versions[ticket_id], None, fields), actor, AT)).ticket

    async def impatient() -> None:
        async with transaction(pool, scope=SYSTEM) as conn:
            await conn.execute("SET LOCAL lock_timeout = '20ms'")
            await attempt(conn, second)

    async with transaction(pool, scope=SYSTEM) as conn:
        assert (await attempt(conn, first)).state is TicketState.RESOLVED
        with pytest.raises(asyncpg.LockNotAvailableError):
            await impatient()
    assert (await refused(pool, second, resolve(uploads[second]))).guard is Guard.PHOTO_NOT_REUSED


async def test_result_whose_photo_turns_up_elsewhere_is_not_confirmed(pool: Pool, owner: Connection) -> None:
    first, second = await new_ticket(pool), await new_ticket(pool)
    early, late = await shot(pool, seed=5), await shot(pool, seed=6)
    honest = await act(pool, first, *SIGNED, resolve(early), (E.START_VERIFICATION, VERIFIER, {}))
    await act(pool, second, *SIGNED, resolve(late), (E.START_VERIFICATION, VERIFIER, {}))
    # What was not near enough when it was shown is the same picture under the hashes of today.
    await owner.execute(
        "UPDATE attachments l SET phash = e.phash, dhash = e.dhash, bands = e.bands FROM attachments e"
        " WHERE l.id = $1 AND e.id = $2",
        late,
        early,
    )
    found = await refused(pool, second, (E.VERIFY_OK, VERIFIER, {}))
    assert (found.guard, found.elsewhere) == (Guard.EVIDENCE_STANDS, (f"{honest.number} resolve",))
    assert (await act(pool, second, (E.VERIFY_FAIL, VERIFIER, {}))).state is TicketState.REWORK
    # Who showed it first is not blamed for the copy.
    assert (await act(pool, first, (E.VERIFY_OK, VERIFIER, {}))).state is TicketState.CLOSED


async def test_time_and_place_of_the_camera_are_shown_and_refuse_nothing(pool: Pool, owner: Connection) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        incident_id, case_id = await incident(conn)
        ticket_id = await store.open_ticket(conn, draft(incident_id, case_id, lon=104.06, lat=30.66), AT)
    await act(pool, ticket_id, *SIGNED)
    shown = {
        "near": (AT + timedelta(minutes=1), 104.061, 30.66),
        "before": (AT - timedelta(minutes=1), 104.06, 30.66),
        "ahead": (AT + timedelta(minutes=11), 104.06, 30.66),
        "far": (AT + timedelta(minutes=1), 104.07, 30.66),
    }
    ids = {}
    for name, camera in shown.items():
        ids[name] = await shot(pool)
        await owner.execute(
            "UPDATE attachments SET taken_at = $2, lon = $3, lat = $4 WHERE id = $1", ids[name], *camera
        )
    await act(pool, ticket_id, resolve(*ids.values()))
    async with pool.acquire() as conn:
        uses = await attachments.used_on(conn, TOPIC, ticket_id)
    names = {value: key for key, value in ids.items()}
    assert {names[each.id]: each.findings for each in uses} == {
        "near": (),
        "before": (Finding.TAKEN_BEFORE,),
        "ahead": (Finding.TAKEN_AHEAD,),
        "far": (Finding.TAKEN_FAR_AWAY,),
    }


async def test_reused_photo_in_a_note_is_shown_with_what_was_found(pool: Pool) -> None:
    first, second = await new_ticket(pool), await new_ticket(pool)
    shown = await shot(pool)
    await act(pool, first, *SIGNED, resolve(shown))
    await act(pool, second, *SIGNED, (E.NOTE, HANDLER, {"text": "见图", "attachments": [shown]}))
    async with pool.acquire() as conn:
        lines = await reading.timeline(conn, second)
    (named,) = [each for line in lines for each in line.attachments]
    assert (named.id, named.findings, named.finishing) == (shown, ["reused"], False)
    assert [line.entry for line in lines if line.attachments] == ["note"]


async def test_merged_reports_and_recomputed_tickets_keep_their_evidence(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, calls=1)
    await act(pool, ticket_id, *SIGNED, resolve(await shot(pool)))
    async with pool.acquire() as conn:
        stored = await read_ticket(conn, ticket_id)
        again = await store.recompute(conn, ticket_id)
    assert (again.state, again.version) == (stored.state, stored.version)


async def test_actions_say_how_many_photos_they_take(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    await act(pool, ticket_id, *SIGNED)
    async with pool.acquire() as conn:
        shown = await reading.ticket_detail(conn, ticket_id, HANDLER, AT)
    fields: dict[str, Any] = {
        action.event: next(field for field in action.fields if field.name == "attachments")
        for action in shown.actions
        if any(field.name == "attachments" for field in action.fields)
    }
    assert (fields["resolve"].minimum, fields["note"].minimum) == (1, 0)
