"""Geocoder stacks: coordinates that carry so many incidents that they are no place but a placeholder."""

from collections import Counter
from collections.abc import Iterable
from typing import Final, TypeAlias

Coordinate: TypeAlias = tuple[float, float]

# A coordinate that a geocoder gave is a stack above so many incidents, or from so many on when they are such a share.
STACK_ABOVE: Final = 20
STACK_FROM: Final = 5
STACK_SHARE: Final = 0.04


def stacks(geocoded: Iterable[Coordinate]) -> frozenset[Coordinate]:
    """The coordinates that are stacks among those that came from addresses.

    Positions of devices are surveyed and must not be given: a bin that is full each day is a place like any other.
    What lies on a stack is known by its community only: it is counted there and stays off the map.
    """
    counts = Counter(geocoded)
    total = counts.total()
    return frozenset(
        at for at, n in counts.items() if n > STACK_ABOVE or (n >= STACK_FROM and n >= STACK_SHARE * total)
    )
