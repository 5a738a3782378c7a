"""What was published of a kind that turns out never to be told is proposed for withdrawal, once; a person decides."""

from dispatcher.disclosure.stage import advance as stage_advance
from runtime.pool import Connection, Pool
from tests.integration.dispatcher.disclosure.openness import APPROVER, advance, closed_ticket, done, only, published
from tests.integration.dispatcher.tickets.town import AT, StepOfTown

PROPOSED = "SELECT * FROM disclosure_records WHERE event = 'propose_withdrawal'"


async def name(owner: Connection, kind: str, *, later: int) -> None:
    """Put a kind on the list of those that are never told: in the version in force, or in one that comes after it."""
    await owner.execute(
        "INSERT INTO undisclosed_kinds (version, kind, reason, source)"
        " SELECT max(version) + $2, $1, 'minors', 'test' FROM undisclosed_kinds",
        kind,
        later,
    )


async def test_published_report_of_a_kind_that_became_undisclosed_is_proposed_for_withdrawal_once(
    pool: Pool, owner: Connection
) -> None:
    for _ in range(2):
        await closed_ticket(pool)
    await advance(pool, AT)
    one, draft = [row["id"] for row in await owner.fetch("SELECT id FROM disclosures ORDER BY id")]
    await published(pool, one)
    for later in (0, 1):  # A later version of the list that says the same again proposes nothing anew.
        await name(owner, "streetlight_out", later=later)
        await advance(pool, AT)
        await advance(pool, AT)
    (proposed,) = await owner.fetch(PROPOSED)
    assert (proposed["disclosure_id"], proposed["to_state"], proposed["fields"]["code"]) == (
        one,
        "published",
        "not_public",
    )
    told = await owner.fetch("SELECT body FROM outbox WHERE topic = 'disclosure.withdrawal_proposed'")
    assert [row["body"]["disclosure_id"] for row in told] == [one]
    assert (await only(pool, withdrawal_proposed=True))["id"] == one
    assert (await only(pool, withdrawal_proposed=False))["id"] == draft
    withdrawn = await done(pool, one, "withdraw", APPROVER, reason="不应公开", code="not_public")
    assert withdrawn["state"] == "withdrawn"


async def test_kind_that_comes_back_to_the_list_is_looked_for_again(pool: Pool, owner: Connection) -> None:
    await name(owner, "streetlight_out", later=0)
    await name(owner, "dust_pollution", later=1)  # Street lights are told from now on.
    await closed_ticket(pool)
    await advance(pool, AT)
    await published(pool, (await only(pool))["id"])
    await name(owner, "streetlight_out", later=1)
    await advance(pool, AT)
    assert len(await owner.fetch(PROPOSED)) == 1


async def test_ticket_corrected_to_an_undisclosed_kind_has_its_report_proposed_for_withdrawal(
    pool: Pool, owner: Connection
) -> None:
    ticket_id = await closed_ticket(pool)
    await advance(pool, AT)
    await published(pool, (await only(pool))["id"])
    # Corrected and corrected back before the step; then for good, twice.
    for kinds, proposals in (
        (("elderly_sos", "dust_pollution"), 0),
        (("elderly_sos",), 1),
        (("dust_pollution", "elderly_sos"), 1),
    ):
        for kind in kinds:
            await owner.execute("UPDATE tickets SET kind = $2 WHERE id = $1", ticket_id, kind)
        await advance(pool, AT)
        assert len(await owner.fetch(PROPOSED)) == proposals
    assert (await only(pool))["state"] == "published"


async def test_rolled_back_step_proposes_the_withdrawal_again(pool: Pool, owner: Connection) -> None:
    await closed_ticket(pool)
    await advance(pool, AT)
    await published(pool, (await only(pool))["id"])
    await name(owner, "streetlight_out", later=0)
    async with pool.acquire() as conn:
        killed = conn.transaction()
        await killed.start()
        assert (await stage_advance(await StepOfTown.begin(conn, AT))).written > 0
        await killed.rollback()
    assert await owner.fetch(PROPOSED) == []
    await advance(pool, AT)
    assert len(await owner.fetch(PROPOSED)) == 1
