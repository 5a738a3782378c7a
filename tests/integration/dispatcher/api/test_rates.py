"""Rates and hot spots over HTTP: what is found, marked and left out, and who sees which area."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatcher.rates import store
from dispatcher.rates.model import Detector, Finding, Spot
from runtime.pool import Connection
from tests.integration.dispatcher.api.community import AREAS, EAST, IN_EAST, IN_WEST, NOON, WEST
from tests.integration.dispatcher.api.running import Api

KIND = "waste_overflow"
PATHS = {area[0]: tuple(area[3]) for area in AREAS}


def finding(area_id: str, detector: Detector = Detector.NB_CUSUM, hour: int = 0) -> Finding:
    to_at = NOON + timedelta(hours=hour)
    return Finding(
        detector,
        KIND,
        Spot.of_area(area_id, PATHS[area_id]),
        to_at - timedelta(hours=1),
        to_at,
        9,
        1.5,
        8.2,
        None,
        (4, 5),
    )


async def put_incident(
    owner: Connection, area_id: str, at: datetime, lon: float, lat: float, *, status: str = "final", kind: str = KIND
) -> None:
    await owner.execute(
        """WITH c AS (INSERT INTO cases (opened_at) VALUES ($1) RETURNING id)
        INSERT INTO incidents (number, case_id, status, kind, kind_group, canonical_at, canonical_uid, grade,
            explanation, source_classes, event_count, first_at, last_at, area_id, area_path, lon, lat, late, opened_at)
        SELECT 'R-' || c.id, c.id, $2::text::incident_status, k.id, k.kind_group, $1, '\\x00', 4, '{}', '{hotline}', 1,
            $1, $1, a.id, a.path, $3, $4, false, $1
        FROM c, event_kinds k, areas a WHERE k.id = $5 AND a.id = $6""",
        at,
        status,
        lon,
        lat,
        kind,
        area_id,
    )


async def test_findings_are_listed_with_their_proposal_and_only_in_the_callers_area(
    api: Api, owner: Connection
) -> None:
    async with owner.transaction():
        await store.write(owner, [finding(EAST), finding(WEST), finding(EAST, hour=1), finding(EAST)])
    leader = await api.as_user("shift_leader")
    status, everything = await leader.get("rates/findings")
    assert status == 200
    assert [item["area_id"] for item in everything["items"]] == [EAST, WEST, EAST]  # the same finding stands once
    newest = everything["items"][0]
    assert (newest["detector"], newest["detector_version"], newest["observed"], newest["expected"]) == (
        "nb_cusum",
        1,
        9,
        1.5,
    )
    assert newest["witnesses"] == [4, 5]
    east = await api.as_user("east")
    _, seen = await east.get("rates/findings", kind=KIND, detector="nb_cusum", area=EAST)
    assert {item["area_id"] for item in seen["items"]} == {EAST}
    _, proposals = await east.get("rates/proposals")
    (proposal,) = proposals["items"]
    assert (proposal["state"], proposal["source"], proposal["findings"]) == ("proposed", "rate", 2)
    assert proposal["reason"]["detector"] == "nb_cusum"
    assert {item["proposal_id"] for item in seen["items"]} == {proposal["id"]}
    _, none = await east.get("rates/proposals", state="admitted")
    assert none["items"] == []


async def test_findings_are_walked_through_page_by_page(api: Api, owner: Connection) -> None:
    async with owner.transaction():
        await store.write(owner, [finding(EAST, hour=hour) for hour in range(5)])
    leader = await api.as_user("shift_leader")
    seen: list[int] = []
    cursor: dict[str, Any] = {}
    while True:
        _, page = await leader.get("rates/findings", limit=2, **cursor)
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)
    _, later = await leader.get("rates/findings", since=(NOON + timedelta(hours=2)).isoformat())
    assert len(later["items"]) == 2


async def test_hours_that_are_not_finished_are_marked(exercise_api: Api, owner: Connection) -> None:
    day_ago = NOON - timedelta(days=1)
    await owner.execute("INSERT INTO rate_counts VALUES ($1, $2, $3, 7)", KIND, EAST, day_ago)
    await owner.execute(
        "INSERT INTO rate_progress SELECT kind_group, $2, $3 FROM event_kinds WHERE id = $1",
        KIND, day_ago, day_ago + timedelta(hours=1),
    )  # fmt: skip
    await put_incident(owner, EAST, day_ago + timedelta(minutes=5), IN_EAST.lon, IN_EAST.lat)  # counted already
    for minutes in (130, 140):
        await put_incident(owner, EAST, day_ago + timedelta(minutes=minutes), IN_EAST.lon, IN_EAST.lat, status="open")
    await put_incident(owner, WEST, day_ago + timedelta(minutes=130), IN_WEST.lon, IN_WEST.lat)
    east = await exercise_api.as_user("east")
    status, counts = await east.get("rates/counts", kind=KIND)
    assert status == 200
    told = [(item["incidents"], item["provisional"], item["area_id"]) for item in counts["items"]]
    assert told == [(2, True, EAST), (7, False, EAST)]
    _, nothing = await east.get("rates/counts", kind=KIND, area=WEST)
    assert nothing["items"] == []


async def test_hot_spots_name_cells_clusters_and_placeholders(exercise_api: Api, owner: Connection) -> None:
    for n in range(12):
        at = NOON - timedelta(hours=2 + n)
        await put_incident(owner, EAST, at, IN_EAST.lon + 0.0001 * n, IN_EAST.lat)
        await put_incident(owner, EAST, at, 104.071, 30.661, kind="outdoor_fire" if n % 2 else KIND)
        await put_incident(owner, WEST, at, IN_WEST.lon - 0.004 * n, IN_WEST.lat + 0.003 * n)
    async with owner.transaction():
        await store.write(owner, [finding(EAST, Detector.SPACE_TIME_SCAN)])
    leader = await exercise_api.as_user("shift_leader")
    status, spots = await leader.get("hot-spots", days=2)
    assert status == 200
    assert spots["stacks"] == [{"lon": 104.071, "lat": 30.661, "incidents": 12}]
    assert spots["incidents"] == 36
    assert sum(cell["incidents"] for cell in spots["cells"]) == 24
    assert spots["cells"][0]["z"] == max(cell["z"] for cell in spots["cells"])
    assert spots["cells"][0]["lon"] == pytest.approx(IN_EAST.lon, abs=0.003)
    (cluster,) = spots["clusters"]
    assert cluster["detector"] == "space_time_scan"
    _, one_kind = await leader.get("hot-spots", kind=KIND)
    assert one_kind["incidents"] == 30
    west = await exercise_api.as_user("west")
    _, theirs = await west.get("hot-spots")
    assert (theirs["incidents"], theirs["clusters"]) == (12, [])


async def test_rates_need_a_log_in(api: Api) -> None:
    for path in ("hot-spots", "rates/findings", f"rates/counts?kind={KIND}", "rates/proposals"):
        status, problem = await api.nobody.get(path)
        assert (status, problem["code"]) == (401, "unauthenticated")
