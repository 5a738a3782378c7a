"""A city's own areas and organisations: taken in whole, or refused with the place and the reason."""

from typing import Any

import pytest

from registry.areas import read_areas
from registry.places import PlaceRefused, import_areas, import_organisations
from runtime.pool import Connection, Pool

SQUARE = {"type": "Polygon", "coordinates": [[[104, 30], [105, 30], [105, 31], [104, 31], [104, 30]]]}


def area(name: str, parent: str | None = None, **changes: Any) -> dict[str, Any]:
    about = {"parent_id": parent, "level": "city" if parent is None else "district", "zh_name": "甲", "en_name": "A"}
    return {"id": name, "properties": about | changes.pop("properties", {}), "geometry": SQUARE} | changes


def organisation(**changes: str) -> dict[str, str]:
    row = {"id": "desk", "kind": "duty_desk", "department_id": "", "area_id": "c", "zh_name": "台", "en_name": "Desk"}
    return row | {"duty": "always"} | changes


async def test_areas_and_organisations_are_taken_in_by_the_processes_role_and_again_without_change(pool: Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        assert await import_areas(conn, [area("c"), area("c-d", "c")]) == 2
        assert await import_areas(conn, [area("c-e", "c")]) == 1
        assert await import_organisations(conn, [organisation()]) == 1
        assert await import_organisations(conn, [organisation()]) == 1
        assert [one.path for one in await read_areas(conn)] == [("c",), ("c", "c-d"), ("c", "c-e")]


@pytest.mark.parametrize(
    ("feature", "reason"),
    [
        pytest.param(area("x", "nowhere"), "parent", id="unknown parent"),
        pytest.param(area("Ä"), "small letters", id="id of another form"),
        pytest.param(area("x", properties={"level": "galaxy"}), "no level", id="unknown level"),
        pytest.param(area("x", properties={"zh_name": ""}), "lacks zh_name", id="no name"),
        pytest.param(area("x", geometry={"type": "Point", "coordinates": [1, 2]}), "polygon", id="a point"),
        pytest.param(area("x", geometry={"type": "Polygon", "coordinates": [[[1]]]}), "GeoJSON", id="no geometry"),
        pytest.param(area("x", geometry="here"), "GeoJSON", id="text for a geometry"),
    ],
)
async def test_an_area_that_is_refused_says_which_and_why(
    owner: Connection, feature: dict[str, Any], reason: str
) -> None:
    with pytest.raises(PlaceRefused, match=reason) as refused:
        await import_areas(owner, [feature])
    assert refused.value.place == feature["id"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "club"}, "no kind"),
        ({"duty": "never"}, "duty hours"),
        ({"area_id": "nowhere"}, "no such area"),
        ({"department_id": "nobody"}, "no such area or department"),
        ({"kind": "department"}, "breaks the rule"),
        ({"zh_name": ""}, "lacks zh_name"),
    ],
)
async def test_an_organisation_that_is_refused_says_which_and_why(
    owner: Connection, changes: dict[str, str], reason: str
) -> None:
    await import_areas(owner, [area("c")])
    with pytest.raises(PlaceRefused, match=reason) as refused:
        await import_organisations(owner, [organisation(**changes)])
    assert refused.value.place == "desk"
