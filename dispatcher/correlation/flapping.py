"""Flapping (O3): which reports of a subject come while its state changes too often. A kernel over many series at once.

A series is the reports of one subject about one kind, raised or returned to normal, in the order of (t, uid). A report
that differs from the one before it, at most a window earlier, is a change; equal ones in a row are none, and after a
longer silence a series begins anew. With `fl` changes in (t - window, t] flapping begins where fl >= on, and ends where
fl <= off. It is looked at with every report, so a device that only repeats itself later is believed again.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatcher.correlation.columns import Flags, Int64
from dispatcher.correlation.kernels.jit import compiled

NOTHING: Final = -1  # no report yet


class Limits(NamedTuple):
    """When a series begins to flap, and when it ends."""

    window_ms: int
    on: int
    off: int


class Begun(NamedTuple):
    """What is final of a series: where its state machine stands before the reports that may still change."""

    flapping: bool = False
    last_ms: int = 0
    last_raised: int = NOTHING  # 1, 0, or NOTHING
    changes_ms: tuple[int, ...] = ()  # of the last window, ascending


class Report(NamedTuple):
    """One report of a series."""

    t_ms: int
    uid: bytes
    raised: bool


class Judged(NamedTuple):
    """What the kernel found for each report of a series, in its order."""

    reports: list[Report]
    flapping: list[bool]
    changed: list[bool]


def judge(series: Sequence[tuple[Limits, Begun, Sequence[Report]]]) -> list[Judged]:
    """The state of every report of every series; a function of the set of its reports."""
    ordered = [sorted(reports) for _, _, reports in series]
    starts = _starts([len(reports) for reports in ordered])
    change_starts = _starts([len(begun.changes_ms) for _, begun, _ in series])
    t = np.array([report.t_ms for reports in ordered for report in reports], np.int64)
    raised = np.array([report.raised for reports in ordered for report in reports], np.int8)
    flapping, changed = np.empty((2, t.size), np.bool_)
    find_flapping(
        t,
        raised,
        starts,
        np.array([limits for limits, _, _ in series], np.int64).reshape(-1, 3),
        np.array([(begun.flapping, begun.last_ms, begun.last_raised) for _, begun, _ in series], np.int64).reshape(
            -1, 3
        ),
        np.array([at for _, begun, _ in series for at in begun.changes_ms], np.int64),
        change_starts,
        flapping,
        changed,
    )
    return [
        Judged(reports, flapping[a:b].tolist(), changed[a:b].tolist())
        for reports, a, b in zip(ordered, starts[:-1].tolist(), starts[1:].tolist(), strict=True)
    ]


@compiled
def find_flapping(
    t: Int64,
    raised: NDArray[np.int8],
    starts: Int64,
    limits: Int64,
    begun: Int64,
    changes: Int64,
    change_starts: Int64,
    flapping: Flags,
    changed: Flags,
) -> None:
    """For each report whether its series flaps at it, and whether it is a change; series k begins at starts[k]."""
    for k in range(starts.size - 1):
        window, on, off = limits[k, 0], limits[k, 1], limits[k, 2]
        state = begun[k, 0] != 0
        last, was = begun[k, 1], begun[k, 2]
        old, old_end = change_starts[k], change_starts[k + 1]  # changes of before that are in the window
        new = starts[k]  # the first report whose change may be in the window
        count = old_end - old
        for i in range(starts[k], starts[k + 1]):
            changed[i] = was >= 0 and raised[i] != was and t[i] - last <= window
            if changed[i]:
                count += 1
            while old < old_end and changes[old] <= t[i] - window:
                old += 1
                count -= 1
            while new < i and t[new] <= t[i] - window:
                if changed[new]:
                    count -= 1
                new += 1
            if count >= on:
                state = True
            elif count <= off:
                state = False
            flapping[i] = state
            last, was = t[i], raised[i]


def fold(limits: Limits, begun: Begun, judged: Judged, watermark_ms: int) -> tuple[Begun, list[Report]]:
    """What is final of a series by this watermark, and the reports that may still change."""
    final = sum(report.t_ms < watermark_ms for report in judged.reports)
    if not final:
        return begun, judged.reports
    last = judged.reports[final - 1]
    changes = [*begun.changes_ms]
    changes += [report.t_ms for report, changed in zip(judged.reports[:final], judged.changed, strict=False) if changed]
    kept = tuple(at for at in changes if at > watermark_ms - limits.window_ms)
    return Begun(judged.flapping[final - 1], last.t_ms, int(last.raised), kept), judged.reports[final:]


def _starts(lengths: Sequence[int]) -> Int64:
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts
