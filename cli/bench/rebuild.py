"""How long a dispatcher takes to have its memory back from the rows of the open incidents, as after a crash."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final

from dispatcher.incidents.copied import CopiedEvents
from dispatcher.incidents.memory import Memory
from dispatcher.incidents.step import Step
from dispatcher.patterns.compilation import compile_pattern_kernels
from dispatcher.patterns.memory import recall
from dispatcher.rules.rulebook import read_rulebook
from runtime.clock import RealClock
from runtime.pool import Connection

EVENTS_PER_INCIDENT: Final = 3
RUNS: Final = 3

# Incidents far apart, each of devices 10 m from one another that report within seconds.
_FILL: Final = (
    """
    INSERT INTO cases (id, opened_at) OVERRIDING SYSTEM VALUE
    SELECT 1000000000 + i, {at} FROM generate_series(1, {incidents}) i""",
    """
    INSERT INTO incidents (id, number, case_id, status, kind, kind_group, canonical_at, canonical_uid, grade,
        explanation, source_classes, event_count, first_at, last_at, area_path, late, opened_at)
    OVERRIDING SYSTEM VALUE
    SELECT 1000000000 + i, 'bench-' || i, 1000000000 + i, 'open', $1, $2, {at}, decode(md5(i || '-0'), 'hex'), 4,
        '{{}}', ARRAY['sensor'], 3, {at}, {at} + interval '2 s', '{{}}', false, {at}
    FROM generate_series(1, {incidents}) i""",
    """
    INSERT INTO events (stream, seq, uid, content_hash, source, source_class, kind, severity, raised, subject,
        area_path, lon, lat, x_dm, y_dm, received_at, effective_at, time_quality, body)
    SELECT 'gateway-rebuild', 3 * i + j, decode(md5(i || '-' || j), 'hex'),
        decode(substr(md5(i || '-' || j), 1, 16), 'hex'), 'device_event', 'sensor', $1, 2, true,
        'device ' || i || '-' || j, ARRAY['city', 'district'], 104.06, 30.66,
        20000 * (i % 1000) + 100 * j, 20000 * (i / 1000), {at}, {at} + j * interval '1 s', 'device', '{{"level": 3}}'
    FROM generate_series(1, {incidents}) i, generate_series(0, 2) j""",
    """
    INSERT INTO incident_events (event_uid, incident_id, stream, seq, received_at, effective_at, revision, standing)
    SELECT uid, 1000000000 + seq / 3, stream, seq, received_at, effective_at, revision, 'clustered'
    FROM events WHERE stream = 'gateway-rebuild'""",
    "ANALYZE events, incident_events, incidents",
)
# The kind by which sensors are the anchor of the most patterns: the dearest for the patterns' memory.
_KIND: Final = """
SELECT k.id, k.kind_group FROM event_kinds k JOIN kind_groups g ON g.id = k.kind_group AND g.rule_set = 'default'
JOIN pattern_steps s ON k.id = ANY(s.kinds) AND s.role = 'anchor' AND s.predicate IS NULL AND s.severity_min <= 2
JOIN patterns p ON p.id = s.pattern_id AND p.version = s.version AND p.mode = 'active'
WHERE g.clustered AND g.m = 1 AND (s.source_classes = '{}' OR 'sensor' = ANY(s.source_classes))
GROUP BY k.id, k.kind_group ORDER BY count(*) DESC, k.id LIMIT 1"""


async def measured(conn: Connection, live_events: int) -> dict[str, Any]:
    """Fill the tables with so many live events, then build the memory from them; medians, reading alone beside it.

    All are of one kind that a shipped pattern looks for, so the patterns' memory is built from as many.
    """
    compile_pattern_kernels()
    at = RealClock().now()
    await fill(conn, live_events // EVENTS_PER_INCIDENT, at)
    copied_s, whole_s, cpu_s = [], [], []
    patterns: list[dict[str, float]] = []
    held = 0
    for _ in range(RUNS):
        async with conn.transaction():
            begin = time.perf_counter()
            await CopiedEvents.read(conn)
            copied_s.append(time.perf_counter() - begin)
        async with conn.transaction():
            begin, begin_cpu = time.perf_counter(), time.process_time()
            memory = await Memory.rebuild(conn, await read_rulebook(conn))
            whole_s.append(time.perf_counter() - begin)
            cpu_s.append(time.process_time() - begin_cpu)
            patterns.append(await _patterns(conn, memory, at))
        held = memory.correlator.live_events
    return {
        "live_events": held,
        "seconds": round(statistics.median(whole_s), 2),
        "of_which_reading_s": round(statistics.median(copied_s), 2),
        "own_cpu_s": round(statistics.median(cpu_s), 2),
        "patterns": {name: round(statistics.median(each[name] for each in patterns), 2) for name in patterns[0]},
    }


async def _patterns(conn: Connection, memory: Memory, at: datetime) -> dict[str, float]:
    """Build what the patterns stage remembers beside the memory."""
    with ThreadPoolExecutor(1) as kernels:
        step = Step(conn, at, 0, await read_rulebook(conn), [], kernels, memory)
        begin, begin_cpu = time.perf_counter(), time.process_time()
        rows = (await recall(step)).matcher.rows
        return {
            "rows": rows,
            "seconds": time.perf_counter() - begin,
            "own_cpu_s": time.process_time() - begin_cpu,
        }


async def fill(conn: Connection, incidents: int, at: datetime) -> None:
    """Write so many open incidents of three events each, with the events that the log would hold."""
    (found,) = await conn.fetch(_KIND)
    kind, group = found
    for statement in _FILL:
        asked = [value for value, place in ((kind, "$1"), (group, "$2")) if place in statement]
        await conn.execute(statement.format(incidents=incidents, at=f"'{at.isoformat()}'::timestamptz"), *asked)
