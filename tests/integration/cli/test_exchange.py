"""Partners are added, listed and disabled by command; the secret is told once and is the one that signs."""

import json
from datetime import UTC, datetime

from dispatcher.channels import signing
from runtime.pool import Connection
from tests.harness.postgres import Database
from tests.integration.cli.conftest import Rongan

AT = datetime(2026, 3, 11, 2, tzinfo=UTC)


async def test_partner_is_added_listed_and_disabled(rongan: Rongan, database: Database, owner: Connection) -> None:
    await owner.execute("INSERT INTO areas (id, level, zh_name, en_name, path) VALUES ('c', 'city', 'c', 'c', '{c}')")
    await owner.execute(
        "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
        " VALUES ('hotline', 'external_unit', 'c', 'h', 'h', 'always')"
    )
    named = ("--organisation", "hotline", "--area", "c")
    added = rongan("exchange", "add", "city-12345", *named, "--json", database=database)
    assert added.returncode == 0, added.stderr
    secret = json.loads(added.stdout)["secret"]
    assert await owner.fetchval("SELECT secret FROM exchange_partners") == secret
    assert signing.verify(secret, signing.headers(secret, "m", AT, b"{}"), b"{}", AT) == "m"
    listed = json.loads(rongan("exchange", "list", "--json", database=database).stdout)["items"]
    assert [(each["id"], each["enabled"], each["orders"]) for each in listed] == [("city-12345", True, 0)]
    assert "secret" not in str(listed)
    for refused in (
        ("add", "city-12345", *named),
        ("add", "Stadt 1", *named),
        ("add", "other", "--organisation", "nobody", "--area", "c"),
        ("disable", "other"),
    ):
        assert rongan("exchange", *refused, database=database).returncode == 1, refused
    assert rongan("exchange", "disable", "city-12345", database=database).returncode == 0
    assert await owner.fetchval("SELECT enabled FROM exchange_partners") is False
