"""Backtests as jobs: ask for one, follow it, stop it."""

from dataclasses import asdict

from dispatcher.api.cursors import decode, encode
from dispatcher.api.errors import AlreadyDecided, FieldRefused, NotFound
from dispatcher.api.models import backtests as models
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.backtests import jobs
from dispatcher.rules.rulebook import read_rulebook
from registry.deployment import read_deployment
from runtime.pool import Connection


async def list_backtests(call: Call[None, models.BacktestList, None]) -> models.Backtests:
    key = decode(call.query.cursor, int)
    rows = await jobs.page(
        call.conn, await _rule_set(call.conn), before_id=key[0] if key else None, limit=call.query.limit
    )
    following = encode(rows[-1].id) if len(rows) == call.query.limit else None
    return models.Backtests(items=[_row(row) for row in rows], next=following)


async def read_backtest(call: Call[ById, None, None]) -> models.BacktestDetail:
    return _detail(await _found(call.conn, call.params.id))


async def request_backtest(call: Call[None, None, models.NewBacktest]) -> models.BacktestDetail:
    if call.body.from_at >= call.body.to_at:
        raise FieldRefused(("body", "to_at"), "not after from_at")
    rulebook = await read_rulebook(call.conn)
    job_id = await jobs.add(
        call.conn,
        rulebook.deployment.rule_set,
        version=call.body.version,
        against=call.body.against or rulebook.version,
        from_at=call.body.from_at,
        to_at=call.body.to_at,
        at=call.at,
        by=call.viewer.actor,
    )
    return _detail(await _found(call.conn, job_id))


async def cancel_backtest(call: Call[ById, None, None]) -> models.BacktestDetail:
    found = await _found(call.conn, call.params.id)
    if not await jobs.cancel(call.conn, await _rule_set(call.conn), call.params.id):
        raise AlreadyDecided("the backtest", found.state)
    return _detail(await _found(call.conn, call.params.id))


async def _rule_set(conn: Connection) -> str:
    return (await read_deployment(conn)).rule_set


async def _found(conn: Connection, job_id: int) -> jobs.Backtest:
    rows = await jobs.page(conn, await _rule_set(conn), only_id=job_id, limit=1)
    if not rows:
        raise NotFound("backtest")
    return rows[0]


def _row(row: jobs.Backtest) -> models.Backtest:
    fields = asdict(row)
    del fields["result"]
    return models.Backtest(**fields)


def _detail(row: jobs.Backtest) -> models.BacktestDetail:
    return models.BacktestDetail(**asdict(row))
