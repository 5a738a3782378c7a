"""Hot spots: stacks are never ranked, what is planted is found, and the order of the incidents changes nothing."""

import math
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.bench.detectors_como import CENTRE, located_incidents
from dispatcher.rates.city_map import Happened, cells, mask, on_the_map
from dispatcher.rates.hot_spots import scan
from dispatcher.rates.stacks import STACK_ABOVE, STACK_FROM, stacks
from registry.projection import CHENGDU, project

END = datetime(2026, 11, 23, tzinfo=UTC)
PLACEHOLDER = (104.0, 30.5)  # in a field


def incident(
    number: int, lon: float, lat: float, age_days: float, *, surveyed: bool = False, kind: str = "k"
) -> Happened:
    x_dm, y_dm = project(lon, lat, CHENGDU)
    return Happened(
        id=number,
        kind=kind,
        at=END - timedelta(days=age_days),
        lon=lon,
        lat=lat,
        x_dm=x_dm,
        y_dm=y_dm,
        surveyed=surveyed,
        area_id="east",
        area_path=("city", "east"),
        place=None,
    )


def town(count: int = 200, seed: int = 1) -> list[Happened]:
    random = Random(seed)
    return [
        incident(n, 104.06 + random.uniform(-0.05, 0.05), 30.66 + random.uniform(-0.05, 0.05), random.uniform(0, 28))
        for n in range(count)
    ]


def placeholders(count: int, first: int = 10_000) -> list[Happened]:
    return [incident(first + n, *PLACEHOLDER, age_days=0.01 * n) for n in range(count)]


def outbreak(count: int = 14, first: int = 20_000) -> list[Happened]:
    return [
        incident(first + n, 104.08 + 0.0007 * (n % 4), 30.68 + 0.0005 * (n % 3), 0.1 + 0.1 * n) for n in range(count)
    ]


def test_nine_percent_on_one_coordinate_are_never_ranked() -> None:
    every = town() + placeholders(20)
    masked = mask(every)
    assert masked == {PLACEHOLDER}
    assert scan("k", every, END) is not None  # unmasked, the field would be the hottest spot
    assert scan("k", on_the_map(every, masked), END) is None
    assert all(abs(cell.lon - PLACEHOLDER[0]) > 0.005 for cell in cells(every, masked))


def test_outbreak_is_found_beside_a_placeholder() -> None:
    every = town() + placeholders(20) + outbreak()
    found = scan("k", on_the_map(every, mask(every)), END)
    assert found is not None
    assert math.hypot(found.spot.lon - 104.081, found.spot.lat - 30.6805) < 0.01  # type: ignore[operator]
    assert found.observed >= 10
    assert found.expected is not None
    assert found.expected < 5
    assert {20_000, 20_005} <= set(found.witnesses)
    assert found.p_value is not None
    assert found.p_value < 0.001


def test_device_may_report_as_often_as_it_likes() -> None:
    bin_7 = [incident(n, 104.07, 30.67, n * 0.5, surveyed=True) for n in range(50)]
    assert mask(bin_7 + town()) == frozenset()
    assert max(cells(bin_7 + town(), frozenset()), key=lambda cell: cell.incidents).incidents >= 50


@pytest.mark.parametrize(
    ("count", "others", "is_stack"),
    [
        (STACK_ABOVE + 1, 5000, True),
        (STACK_ABOVE, 5000, False),
        (STACK_FROM, 20, True),
        (STACK_FROM - 1, 3, False),
        (STACK_FROM, 500, False),
    ],
)
def test_stack_is_many_or_a_share(count: int, others: int, is_stack: bool) -> None:
    assert bool(stacks([(0.0, 0.0)] * count + [(1.0 + n, 0.0) for n in range(others)])) is is_stack


@settings(max_examples=10)
@given(st.randoms(use_true_random=False))
def test_order_of_the_incidents_changes_nothing(random: Random) -> None:
    every = town(80) + outbreak()
    shuffled = random.sample(every, len(every))
    assert scan("k", shuffled, END) == scan("k", every, END)
    assert cells(shuffled, mask(shuffled)) == cells(every, mask(every))


def test_ids_of_incidents_change_nothing_but_the_witnesses() -> None:
    every = town(80) + outbreak()
    renumbered = [incident(90_000 - i.id, i.lon, i.lat, (END - i.at) / timedelta(days=1)) for i in every]
    one, other = scan("k", every, END), scan("k", renumbered, END)
    assert one is not None
    assert other is not None
    assert (one.spot, one.statistic, one.p_value) == (other.spot, other.statistic, other.p_value)


@pytest.mark.parametrize(("days", "periods"), [(1, 1), (2, 2), (3, 3), (1 + 1e-9, 2)])
def test_day_of_a_cluster_holds_its_beginning_as_the_window_of_its_finding_does(days: float, periods: int) -> None:
    earlier = END - timedelta(days=8)
    usual = [replace(i, at=min(i.at, earlier)) for i in town()]
    burst = [incident(30_000 + n, 104.08 + 1e-5 * n, 30.68, days) for n in range(15)]
    found = scan("k", usual + burst, END)
    assert found is not None
    assert (found.observed, found.from_at) == (15, END - periods * timedelta(days=1))
    assert all(found.from_at <= i.at < found.to_at for i in burst)


def test_place_of_equally_many_does_not_depend_on_their_ids() -> None:
    burst = [replace(incident(n, 104.08, 30.68, 1), place=f"No. {n % 2}", surveyed=True) for n in range(14)]
    found = [
        scan("k", town() + [replace(i, id=20_000 + sign * i.id) for i in burst], END)  # all at one moment and place
        for sign in (1, -1)
    ]
    assert [f is not None and f.spot.place for f in found] == ["No. 0", "No. 0"]


def test_few_incidents_and_usual_days_are_no_hot_spot() -> None:
    assert scan("k", outbreak(10), END) is None
    assert all(scan("k", town(seed=seed), END) is None for seed in range(8))
    assert cells([], frozenset()) == []


@pytest.mark.realdata
def test_como_ranks_its_busiest_places_and_never_the_995_fold_address(realdata: Path) -> None:
    rows = located_incidents(realdata / "como_dispatch_arrivals.csv.gz")
    coordinates = Counter((float(row["lon"]), float(row["lat"])) for row in rows)
    ((address, most),) = coordinates.most_common(1)
    assert most > 900
    last = max(int(row["event_time"]) for row in rows)
    lately = [row for row in rows if int(row["event_time"]) > last - 28 * 86_400]
    every = []
    for number, row in enumerate(lately):
        lon, lat = float(row["lon"]), float(row["lat"])
        x_dm, y_dm = project(lon, lat, CENTRE)
        at = datetime.fromtimestamp(int(row["event_time"]), UTC)
        every.append(Happened(number, row["type"], at, lon, lat, x_dm, y_dm, False, None, (), None))
    planted = [
        Happened(10**6 + n, "x", END, *PLACEHOLDER, 0, 0, False, None, (), None) for n in range(len(every) // 10)
    ]
    masked = mask(every + planted)
    assert {address, PLACEHOLDER} <= masked
    shown = on_the_map(every + planted, masked)
    assert not {i.coordinate for i in shown} & masked
    ranked = cells(every + planted, masked)
    plain = Counter(i.cell(2_000) for i in shown)
    busiest = {at for at, _ in plain.most_common(10)}
    hottest = {((cell.x_dm - 1_000) // 2_000, (cell.y_dm - 1_000) // 2_000) for cell in ranked[:60]}
    near = {(x + dx, y + dy) for x, y in hottest for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
    assert len(busiest & near) >= 7  # the plain count and the map agree on where it is busy
    assert ranked[0].z > 3
