"""O3 in plain Python: the specification of the flapping kernel."""

from collections.abc import Iterable

from dispatcher.correlation.flapping import Limits, Report


def flapping(reports: Iterable[Report], limits: Limits) -> dict[bytes, bool]:
    """For every event whether its series flaps at it."""
    return {report.uid: state for report, state in flapping_states(reports, limits)}


def flapping_states(reports: Iterable[Report], limits: Limits) -> list[tuple[Report, bool]]:
    """Every report in the order of (t, uid), with whether its series flaps at it."""
    ordered = sorted(reports)
    changes: list[int] = []
    state = False
    found = []
    for before, report in zip([None, *ordered], ordered, strict=False):
        if before and before.raised != report.raised and report.t_ms - before.t_ms <= limits.window_ms:
            changes.append(report.t_ms)
        fl = sum(report.t_ms - limits.window_ms < at <= report.t_ms for at in changes)
        state = fl >= limits.on or (state and fl > limits.off)
        found.append((report, state))
    return found
