"""The tickets that `rongan bench api` fills in are a record that the platform itself could have written."""

from datetime import timedelta

from cli.bench.api import p_ms
from cli.bench.tickets import fill
from dispatcher.tickets.records import read_log, read_ticket
from runtime.clock import RealClock
from runtime.pool import Connection


async def test_tickets_of_the_bench_are_consistent_and_readable(owner: Connection) -> None:
    await owner.execute("INSERT INTO areas VALUES ('bench', NULL, 'city', '压测', 'Bench', ARRAY['bench'], NULL)")
    heard: list[int] = []
    await fill(owner, 300, RealClock().now(), timedelta(days=10), heard.append)
    assert heard == [300]
    counts = await owner.fetchrow(
        "SELECT count(*), count(*) FILTER (WHERE closed_at IS NULL) AS open,"
        " (SELECT count(*) FROM ticket_clocks WHERE breached_at IS NOT NULL) AS late,"
        " (SELECT count(*) FROM breach_records) AS breaches,"
        " (SELECT count(*) FROM ticket_transitions) AS transitions FROM tickets"
    )
    assert counts is not None
    assert counts["count"] == 300
    assert 0 < counts["open"] < 200
    assert counts["late"] == counts["breaches"] > 0
    for ticket_id in (1, 150, 300):
        ticket = await read_ticket(owner, ticket_id)
        assert len(await read_log(owner, ticket_id)) >= ticket.version
        assert ticket.open == bool(ticket.running)


def test_percentile_is_in_milliseconds() -> None:
    assert p_ms([0.001] * 99 + [1.0], 95) == 1.0
    assert p_ms([0.001] * 50 + [1.0] * 50, 99) == 1000.0
