"""Kind groups: the parameters of what belongs together, one row a group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from dispatcher.correlation.errors import GroupInvalid

RADIUS_DM_MAX: Final = 100_000_000
WINDOW_MS_MAX: Final = (1 << 31) - 2  # 24 days; a block keeps 32-bit times within its bucket
SPAN_MS_MAX: Final = 1 << 53
M_MAX: Final = 250  # a block counts its members in a byte


@dataclass(frozen=True, slots=True)
class Group:
    """Two occurrences of a group are linked within `radius_dm` and `window_ms`; two events repeat within `gap_ms`."""

    radius_dm: int
    window_ms: int
    gap_ms: int = 0
    m: int = 1  # a core has at least so many neighbours, itself included
    lateness_ms: int = 0  # how far the watermark stays behind the latest time
    remember_ms: int | None = None  # how long after its time the uid of a final event is known; None: as lateness_ms

    @property
    def memory_ms(self) -> int:
        return self.lateness_ms if self.remember_ms is None else self.remember_ms

    @property
    def hold_ms(self) -> int:
        """How long after its last occurrence a component can still change (O10).

        With m > 1 a contested border may yet turn core and bridge. Where occurrences last, one that begins after the
        watermark may move to an earlier place: then a core within T is core no more, and frees a border one T away.
        """
        windows = 1 if self.m == 1 else 2 if self.gap_ms == 0 else 3
        return windows * self.window_ms


class GroupTable(tuple[Group, ...]):
    """The groups by number; raises GroupInvalid where a parameter is outside its range."""

    __slots__ = ()

    def __new__(cls, groups: Sequence[Group]) -> Self:
        for number, group in enumerate(groups):
            _check(number, group)
        return super().__new__(cls, groups)

    def watermark_ms(self, group: int, latest_ms: int) -> int:
        """The watermark that leaves events of this group their lateness behind the latest time."""
        return latest_ms - self[group].lateness_ms


def _check(number: int, group: Group) -> None:
    ranges = (
        ("radius_dm", group.radius_dm, 0, RADIUS_DM_MAX),
        ("window_ms", group.window_ms, 0, WINDOW_MS_MAX),
        ("gap_ms", group.gap_ms, 0, SPAN_MS_MAX),
        ("m", group.m, 1, M_MAX),
        ("lateness_ms", group.lateness_ms, 0, SPAN_MS_MAX),
        ("remember_ms", group.memory_ms, 0, SPAN_MS_MAX),
    )
    for parameter, value, minimum, maximum in ranges:
        if not minimum <= value <= maximum:
            raise GroupInvalid(number, parameter, value, minimum, maximum)
