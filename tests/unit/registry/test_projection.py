"""The local plane: integers, order-free, near enough to the earth."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.projection import CHENGDU, EARTH_RADIUS_M, project


def haversine_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    p1, p2 = math.radians(lat1), math.radians(lat2)
    a = math.sin((p2 - p1) / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(a))


def test_the_origin_is_zero() -> None:
    assert project(CHENGDU.lon, CHENGDU.lat, CHENGDU) == (0, 0)


@given(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_distances_within_the_city_are_true_to_half_a_percent(dlon: float, dlat: float) -> None:
    x_dm, y_dm = project(CHENGDU.lon + dlon, CHENGDU.lat + dlat, CHENGDU)
    true_m = haversine_m(CHENGDU.lon, CHENGDU.lat, CHENGDU.lon + dlon, CHENGDU.lat + dlat)
    assert math.hypot(x_dm, y_dm) / 10 == pytest.approx(true_m, rel=0.005, abs=0.1)


@pytest.mark.parametrize(("lon", "lat"), [(181, 0), (0, 91), (math.nan, 0), (0, math.inf)])
def test_what_is_not_on_earth_is_refused(lon: float, lat: float) -> None:
    with pytest.raises(ValueError, match="not a position on earth"):
        project(lon, lat, CHENGDU)
