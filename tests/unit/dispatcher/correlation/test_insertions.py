"""What one event may do to dense clusters, by the cases of Ester 1998 and those that it left out: noise, absorption,
creation, merger, and several of them at once."""

from itertools import count
from typing import Final

import pytest

from tests.unit.dispatcher.correlation.drive import Pair
from tests.unit.dispatcher.correlation.oracle import Delivery, Group

Place = tuple[int, int]
R: Final = 10
ORIGIN: Final = [(0, 0)]
ARM: Final = [(R, 0), (2 * R, 0), (2 * R, 0)]  # one neighbour short of a cluster where m = 4
CHAIN: Final = [(R, 0), (2 * R, 0), (3 * R, 0)]
# Two clusters with m = 4 whose cores lie above and below a border that both reach and that is one neighbour short.
HOURGLASS: Final = [(R, R), (R, 2 * R), (R, 2 * R), (R, -R), (R, -2 * R), (R, -2 * R), (R, 0)]


def mirrored(places: list[Place]) -> list[Place]:
    return [(-x, y) for x, y in places]


def clusters(m: int, *batches: list[Place]) -> list[tuple[int, list[int]]]:
    """After each batch: how many events are noise, and the sizes of the clusters. The oracle is compared at each."""
    pair = Pair([Group(R, 100, 0, 0, m)])
    numbers = count()
    told = []
    for batch in batches:
        pair.apply([Delivery(uid=n, t=0, x=x, y=y, subject=n) for (x, y), n in zip(batch, numbers, strict=False)])
        noise = sum(role == "noise" for role in pair.oracle.roles().values())
        sizes = [len(part) for handle, part in pair.known.items() if not pair.noise[handle]]
        told.append((noise, sorted(sizes)))
    return told


@pytest.mark.parametrize(
    ("m", "batches", "expected"),
    [
        pytest.param(4, [ORIGIN], [(1, [])], id="a first event is noise"),
        pytest.param(4, [CHAIN[:1] * 4, [(99, 99)]], [(0, [4]), (1, [4])], id="far from a cluster it is noise"),
        pytest.param(4, [[(R, R)] * 4, [(2 * R, R)]], [(0, [4]), (0, [5])], id="at R from a core it is a border"),
        pytest.param(
            4, [ORIGIN] * 4, [(1, []), (2, []), (3, []), (0, [4])], id="noise until the neighbours are enough"
        ),
        pytest.param(3, [ORIGIN * 3, [(30, 0)] * 3, [(60, 0)] * 3], [(0, [3]), (0, [3, 3]), (0, [3, 3, 3])], id="many"),
        pytest.param(3, [CHAIN, [(0, R)], ORIGIN], [(0, [3]), (1, [3]), (0, [5])], id="a new core absorbs noise"),
        pytest.param(
            3,
            [[*CHAIN, (4 * R, 0)], mirrored([*CHAIN, (4 * R, 0)]), ORIGIN],
            [(0, [4]), (0, [4, 4]), (0, [9])],
            id="merger",
        ),
        pytest.param(
            4,
            [ARM, mirrored(ARM), ORIGIN],
            [(3, []), (6, []), (0, [3, 4])],
            id="two creations",
        ),
        pytest.param(
            4, [HOURGLASS, mirrored(ARM), ORIGIN], [(0, [3, 4]), (3, [3, 4]), (0, [3, 8])], id="merger and creation"
        ),
        pytest.param(
            4,
            [HOURGLASS, mirrored(HOURGLASS), ORIGIN],
            [(0, [3, 4]), (0, [3, 3, 4, 4]), (0, [7, 8])],
            id="two mergers",
        ),
        pytest.param(
            3,
            [[(0, R), (0, R), (0, -R), (R, 0), (-R, 0), (-R, 0)], ORIGIN],
            [(6, []), (0, [7])],
            id="more neighbours than enough",
        ),
    ],
)
def test_one_event_does_what_it_must(m: int, batches: list[list[Place]], expected: list[tuple[int, list[int]]]) -> None:
    assert clusters(m, *batches) == expected
