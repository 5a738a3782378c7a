"""The people of the demo can be told: the simulated telephones answer numbers that they have."""

from pathlib import Path

from cli import demo_community
from runtime.pool import Connection

_WITHOUT = """
SELECT u.login AS who FROM users u LEFT JOIN contact_points p ON p.user_id = u.id WHERE p.id IS NULL
UNION ALL
SELECT o.id FROM organisations o LEFT JOIN contact_points p ON p.organisation_id = o.id WHERE p.id IS NULL
ORDER BY who"""


async def test_everybody_but_residents_committees_has_a_telephone(owner: Connection, tmp_path: Path) -> None:
    await demo_community._create(owner, bytes(32), tmp_path)
    without = [row["who"] for row in await owner.fetch(_WITHOUT)]
    assert without == ["committee", "committee-hd", "committee-qs", "committee-yl"]
    assert await owner.fetchval("SELECT bool_and(verified_at IS NOT NULL AND enabled) FROM contact_points")
    assert not await owner.fetchval("SELECT EXISTS (SELECT FROM contacts WHERE user_id IS NULL AND phone IS NULL)")
