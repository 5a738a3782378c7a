"""The demo community's places are inspected and its hazards known, none so grave that it opens work."""

from dispatcher.accounts.model import UserRole
from dispatcher.screening.importing import import_hazards, import_plans
from registry.demo import create_places, screening_rows
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.screening.places import user
from tests.integration.dispatcher.tickets.town import AT


async def test_demo_places_and_hazards_are_taken_in(pool: Pool, owner: Connection) -> None:
    await owner.execute("DELETE FROM deployment")
    await owner.execute(
        "INSERT INTO deployment (mode, rule_set, origin_lon, origin_lat) VALUES ('exercise', 'default', 104.07, 30.66)"
    )
    await create_places(owner)
    plans, hazards = screening_rows()
    subdistrict = user(UserRole.SUBDISTRICT, "wp-office", area="cd-jh-wp")
    async with transaction(pool, scope=SYSTEM) as conn:
        planned = await import_plans(conn, plans, subdistrict, AT)
        made = await import_hazards(conn, hazards, planned, subdistrict, AT)
    assert (len(planned), len(made)) == (len(plans), len(hazards))
    assert await owner.fetchval("SELECT count(*) FROM hazards WHERE plan_id IS NULL") == 0
    assert await owner.fetchval("SELECT count(*) FROM tickets") == 0
