"""Whether this process lives and is ready, what it counts, and what it offers."""

from importlib import resources
from typing import Literal

import orjson
from aiohttp import web

from dispatcher.api.answering import json_response
from dispatcher.api.keys import METRICS, POOL
from dispatcher.api.models.health import Health, Readiness
from dispatcher.api.refusals import DATABASE_AWAY
from dispatcher.api.routing import Call
from runtime.migrations import MigrationRefused, plan_for


async def read_health(call: Call[None, None, None]) -> Health:
    del call
    return Health(status="ok")


async def read_readiness(call: Call[None, None, None]) -> web.Response:
    """200 when requests can be answered; 503 with the same body, saying what is missing, when not."""
    migrations: Literal["current", "behind", "unknown"] = "unknown"
    database: Literal["reachable", "unreachable"] = "unreachable"
    try:
        async with call.request.app[POOL].acquire(timeout=5) as conn:
            plan = await plan_for(conn, resources.files("deploy.migrations"))
        database, migrations = "reachable", "behind" if plan.pending else "current"
    except MigrationRefused:
        database, migrations = "reachable", "behind"
    except DATABASE_AWAY:
        pass  # said in the answer
    ready = migrations == "current"
    body = Readiness(status="ready" if ready else "not_ready", database=database, migrations=migrations)
    return json_response(body, status=200 if ready else 503)


async def read_metrics(call: Call[None, None, None]) -> web.Response:
    return web.Response(body=call.request.app[METRICS].rendered(), content_type="text/plain", charset="utf-8")


async def read_openapi(call: Call[None, None, None]) -> web.Response:
    from dispatcher.api.openapi import document  # noqa: PLC0415 - it reads the table that this handler stands in

    del call
    return web.Response(body=orjson.dumps(document()), content_type="application/json")
