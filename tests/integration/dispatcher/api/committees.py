"""What may be asked of a residents' committee in these tests, and the people of the community `east` who ask it."""

from typing import Any

from dispatcher.accounts.model import UserRole
from runtime.pool import Connection
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import DISTRICT, EAST

# A kind that the default list names for assistance; its lead is the fire brigade, the others are no part of it.
ASSIST = "fire_alarm_building"
PACKAGE = {
    "funds_yuan": 20_000,
    "conditions": "两名网格员",
    "information_support": "住户台账",
    "guidance_contact": "张科长",
    "period_from": "2027-01-01",
    "period_to": "2027-01-31",
}


def asked(**changes: Any) -> dict[str, Any]:
    return {
        "committee": "committee-east",
        "origin": "fire",
        "means": "offer",
        "matter": ASSIST,
        "request": "入户排查电动自行车",
        "package": PACKAGE,
    } | changes


async def settle(owner: Connection) -> None:
    """Add the committee, subdistrict and government of `east`, and somebody in each."""
    for name, kind, area in (
        ("committee-east", "committee", EAST),
        ("committee-west", "committee", community.WEST),
        ("street", "subdistrict", DISTRICT),
        ("government", "government", DISTRICT),
    ):
        await owner.execute(
            "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
            " VALUES ($1, $2::text::organisation_kind, $3, $1, $1, 'office')",
            name,
            kind,
            area,
        )
    for login, role, area, organisation in (
        ("east-committee", UserRole.COMMITTEE, EAST, "committee-east"),
        ("west-committee", UserRole.COMMITTEE, community.WEST, "committee-west"),
        ("street", UserRole.SUBDISTRICT, DISTRICT, "street"),
        ("governor", UserRole.SUPERVISOR, DISTRICT, "government"),
        ("fire-head", UserRole.DEPT_HEAD, DISTRICT, "fire"),
        ("urban-head", UserRole.DEPT_HEAD, DISTRICT, "urban"),
    ):
        await community.add_user(owner, login, role, area, organisation)
