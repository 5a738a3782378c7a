"""The rates stage of a step: counts what is finished, judges it, and proposes; at ticks, on the domain's clock alone.

Everything follows from finished hours, taken one after the other, so it does not matter how many a step finds finished:
the same log gives the same counts, findings and proposals whatever the batches and restarts.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Final, Protocol

from dispatcher.incidents.step import Advanced
from dispatcher.rates import store
from dispatcher.rates.buckets import DAY, HOUR, as_time, dense, ends_day, finished_to, floor_hour, hours_between
from dispatcher.rates.city_map import Happened, mask, on_the_map
from dispatcher.rates.columns import Counted
from dispatcher.rates.counting import CITY_DAY_ORIGIN_MS, DAY_MS, count_by_bucket
from dispatcher.rates.hot_spots import DAYS, scan
from dispatcher.rates.model import Finding, Spot
from dispatcher.rates.online import CHART_WEEKS, LOOKBACK, WEEK, CountSeries, judge_day, judge_hour, judge_week
from dispatcher.rates.recurrence import CallResponse, Causes, recurring
from dispatcher.rules.rulebook import Rulebook
from events.model import CLOCK_STREAM, Event, EventSource
from registry.event_kinds import GROUP_OF_ALL
from registry.recurrence import read_recurrence_rules
from runtime.pool import Connection

# What one step takes of a group that lies far behind; the next tick goes on. Alarms wait behind a step: two nights of
# regressions are enough for one.
HOURS_A_STEP: Final = 48
# A kind whose hot spot was found is looked at again after this.
SCAN_REST: Final = timedelta(hours=24)
TICKETS: Final = "*"


class Moment(Protocol):
    """What this stage reads of a step."""

    @property
    def conn(self) -> Connection: ...

    @property
    def rulebook(self) -> Rulebook: ...

    @property
    def events(self) -> Sequence[Event]: ...

    @property
    def kernels(self) -> Executor: ...


@dataclass(frozen=True, slots=True)
class _Span:
    """Hours of a kind group that are finished now and were not before."""

    kind_group: str
    counted_from: datetime
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be judged, in the order of time; plain values, so that another thread may do it."""

    hours: list[tuple[datetime, CountSeries]] = field(default_factory=list)
    days: list[tuple[datetime, CountSeries]] = field(default_factory=list)
    maps: list[tuple[datetime, str]] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)  # in the order of time, as are all of these
    scanned_at: dict[str, datetime] = field(default_factory=dict)


async def advance(step: Moment) -> Advanced:
    """Count and judge the hours that the step's ticks have finished. Nothing where there was no tick.

    A replay counts nothing: its one group mixes every kind, and it opens no tickets.
    """
    ticks = [event.effective_at for event in step.events if event.source is EventSource.TICK]
    if not ticks or GROUP_OF_ALL in step.rulebook.taxonomy.groups:
        return Advanced(0, 0)
    progress = await step.conn.fetchrow(store.QUERIES.rate_progress_of, TICKETS)
    began_at = progress["counted_from"] if progress else await _began_at(step.conn, ticks[0])
    taken = written = 0
    for span in await _finished(step, began_at):
        findings = await _judge(step, span)
        findings = await store.witnessed(step.conn, span.kind_group, findings)
        written += await store.write(step.conn, findings)
        await step.conn.execute(store.QUERIES.put_progress, span.kind_group, span.counted_from, span.end)
        taken += (span.end - span.begin) // HOUR
    counted_to = progress["counted_to"] if progress else began_at
    return Advanced(taken, written + await _recur(step, max(ticks), began_at, counted_to))


async def _began_at(conn: Connection, tick_at: datetime) -> datetime:
    """The hour from which on an empty hour means that nothing happened: that of the first tick of the log."""
    first: datetime | None = await conn.fetchval(store.QUERIES.first_tick, CLOCK_STREAM)
    return floor_hour(first or tick_at)


async def _finished(step: Moment, began_at: datetime) -> list[_Span]:
    spans = []
    for row in await step.conn.fetch(store.QUERIES.rate_watermarks, step.rulebook.taxonomy.rule_set):
        counted_from = row["counted_from"] or began_at
        begin = row["counted_to"] or began_at
        if floor_hour(row["watermark_at"]) <= begin:
            continue
        earliest_open_at = await step.conn.fetchval(store.QUERIES.earliest_open, row["kind_group"])
        end = min(finished_to(row["watermark_at"], earliest_open_at), begin + HOURS_A_STEP * HOUR)
        if end > begin:
            spans.append(_Span(row["kind_group"], counted_from, begin, end))
    return spans


async def _judge(step: Moment, span: _Span) -> list[Finding]:
    found = await store.finals(step.conn, span.kind_group, span.begin, span.end)
    work = _Work()
    if found.keys:
        hourly = count_by_bucket(found.series, found.at_ms)
        await store.put_counts(step.conn, found.keys, hourly)
        await _prepare_hours(step, span, found.keys, hourly, work)
        kinds = [found.keys[series][0] for series in hourly.series.tolist()]
        await _prepare_maps(step, span, list(zip(_ends(hourly, HOUR), kinds, strict=True)), work)
    await _prepare_days(step, span, work)
    if not (work.hours or work.days or work.maps):
        return []
    # The regressions and scans of a night take their time: sockets and leases go on meanwhile.
    return await asyncio.get_running_loop().run_in_executor(step.kernels, judged, work)


async def _prepare_hours(step: Moment, span: _Span, keys: Sequence[store.Key], hourly: Counted, work: _Work) -> None:
    made = await _series(step, span, keys, span.begin - CHART_WEEKS * WEEK, HOUR)
    work.hours.extend(zip(_ends(hourly, HOUR), (made[series] for series in hourly.series.tolist()), strict=True))


async def _prepare_days(step: Moment, span: _Span, work: _Work) -> None:
    ends = [at for at in hours_between(span.begin, span.end) if ends_day(at)]
    if not ends:
        return
    kinds = [kind.id for kind in step.rulebook.taxonomy.kinds.values() if kind.kind_group == span.kind_group]
    lately = await store.counts_of_kinds(step.conn, kinds, ends[0] - DAY, ends[-1])
    if not lately.keys:
        return
    daily = count_by_bucket(lately.series, lately.at_ms, lately.weight, width_ms=DAY_MS, origin_ms=CITY_DAY_ORIGIN_MS)
    made = await _series(step, span, lately.keys, ends[0] - LOOKBACK, DAY)
    work.days.extend(zip(_ends(daily, DAY), (made[series] for series in daily.series.tolist()), strict=True))


def _ends(counted: Counted, width: timedelta) -> list[datetime]:
    return [as_time(begin_ms) + width for begin_ms in counted.begin_ms.tolist()]


async def _series(
    step: Moment, span: _Span, keys: Sequence[store.Key], first_at: datetime, width: timedelta
) -> list[CountSeries]:
    """What is known of these series from `first_at` to the end of the span, in buckets of this width."""
    counted = await store.counts_of_series(step.conn, keys, first_at, span.end)
    rows = dense(counted, len(keys), first_at, span.end, width)
    areas = step.rulebook.areas
    return [
        CountSeries(kind, Spot.of_area(area_id, areas.path(area_id)), span.counted_from, first_at, width, counts)
        for (kind, area_id), counts in zip(keys, rows, strict=True)
    ]


async def _prepare_maps(step: Moment, span: _Span, maps: Sequence[tuple[datetime, str]], work: _Work) -> None:
    work.maps.extend(sorted(set(maps)))
    origin = step.rulebook.deployment.origin
    work.happened.extend(await store.happened(step.conn, span.kind_group, span.begin - DAYS * DAY, span.end, origin))
    kinds = {kind for _, kind in maps}
    work.scanned_at.update(await store.scanned_lately(step.conn, kinds, span.begin - SCAN_REST))


def judged(work: _Work) -> list[Finding]:
    """Every finding of the work, in the order of time. Pure."""
    found = [finding for end, series in work.hours if (finding := judge_hour(series, end)) is not None]
    for end, series in work.days:
        found += judge_day(series, end)
        weekly = judge_week(series, end)
        if weekly is not None:
            found.append(weekly)
    found += _hot_spots(work)
    return sorted(found, key=lambda f: (f.to_at, f.detector, f.kind, f.spot.key))


def _hot_spots(work: _Work) -> Iterator[Finding]:
    """What the scan finds at each end of an hour, of kinds that are not at rest."""
    scanned_at = dict(work.scanned_at)
    begins = [incident.at for incident in work.happened]
    for end, maps in groupby(work.maps, key=itemgetter(0)):
        kinds = [kind for _, kind in maps if kind not in scanned_at or end - scanned_at[kind] >= SCAN_REST]
        if not kinds:
            continue
        lately = work.happened[bisect_left(begins, end - DAYS * DAY) : bisect_left(begins, end)]
        shown = on_the_map(lately, mask(lately))
        for kind in kinds:
            spot = scan(kind, [incident for incident in shown if incident.kind == kind], end)
            if spot is not None:
                scanned_at[kind] = end
                yield spot


async def _recur(step: Moment, at: datetime, began_at: datetime, begin: datetime) -> int:
    """Once an hour: call-responses that came again by its end."""
    end = floor_hour(at)
    if end <= begin:
        return 0
    # An hour holds its beginning and not its end: at the very instant of a tick tickets may still be opened behind it.
    since, until = begin - timedelta.resolution, end - timedelta.resolution
    causes = Causes(await read_recurrence_rules(step.conn), step.rulebook.taxonomy.kinds)
    named = {kind: cause[0] for kind in causes.kinds if (cause := causes.of(kind)) is not None}
    rows = await step.conn.fetch(
        store.QUERIES.recurring_tickets,
        since,
        until,
        list(named),
        list(named.values()),
        float(causes.reach_m),
        causes.within,
    )
    origin = step.rulebook.deployment.origin
    found = recurring((CallResponse.of(dict(row), origin) for row in rows), since, causes)
    written = await store.write(step.conn, found)
    await step.conn.execute(store.QUERIES.put_progress, TICKETS, began_at, end)
    return written
