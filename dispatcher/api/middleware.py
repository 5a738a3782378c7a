"""What happens around every request: its id, its problem document, its headers, its count."""

import asyncio
import secrets
import traceback
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from dispatcher.accounts.errors import TooManyAttempts
from dispatcher.api.keys import METRICS, REQUEST_ID, ROUTE_NAME
from dispatcher.api.models.problems import Problem, ProblemCode
from dispatcher.api.refusals import refusal_of
from dispatcher.api.titles import problem

log = structlog.get_logger(__name__)

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]

CSP: Final = (
    "default-src 'self'; worker-src 'self' blob:; img-src 'self' data: blob:; style-src-attr 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@web.middleware
async def identify(request: web.Request, handler: Next) -> web.StreamResponse:
    """Give the request an id for log and answer, and count it when it ends."""
    request[REQUEST_ID] = secrets.token_hex(8)
    started_s = asyncio.get_running_loop().time()
    structlog.contextvars.bind_contextvars(request_id=request[REQUEST_ID])
    status = 499  # The client went away.
    try:
        response = await handler(request)
        status = response.status
        return response
    finally:
        structlog.contextvars.unbind_contextvars("request_id")
        name = request.get(ROUTE_NAME, "none")
        metrics = request.app[METRICS]
        metrics.requests.labels(request.method if name != "none" else "other", name, str(status)).inc()
        metrics.latency_s.labels(name).observe(asyncio.get_running_loop().time() - started_s)


@web.middleware
async def explain(request: web.Request, handler: Next) -> web.StreamResponse:
    """Answer every error as a problem document; a fault of ours is logged and told without its cause."""
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001 - logged without its words, which log.exception would write
        told = refusal_of(error)
        if told is None:
            _log_fault(error, request.get(ROUTE_NAME))
            told = problem(ProblemCode.INTERNAL, "The log holds the cause under the request id.")
        elif told.code is ProblemCode.DATABASE_UNAVAILABLE:
            log.warning("database_unavailable", fault=type(error).__name__)
        response = problem_response(told, request[REQUEST_ID])
        if isinstance(error, TooManyAttempts):
            response.headers["Retry-After"] = str(error.retry_after_s)
        if isinstance(error, web.HTTPMethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        if told.code is ProblemCode.UNAUTHENTICATED:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response


def _log_fault(error: Exception, route: str | None) -> None:
    """What went wrong and where: never the error's own text, which may quote a caller's name, number or words."""
    log.error(
        "request_failed",
        route=route,
        fault=type(error).__name__,
        sqlstate=getattr(error, "sqlstate", None),
        constraint=getattr(error, "constraint_name", None),
        stack="".join(traceback.format_tb(error.__traceback__)),
    )


def problem_response(told: Problem, request_id: str) -> web.Response:
    shown = told.model_copy(update={"instance": f"urn:rongan:request:{request_id}"})
    return web.Response(
        body=shown.model_dump_json(exclude_none=True).encode(),
        status=shown.status,
        content_type="application/problem+json",
    )


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal on_response_prepare: the headers that every answer carries, errors and streams too."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")
    if REQUEST_ID in request:
        response.headers["X-Request-Id"] = request[REQUEST_ID]
    response.headers.popall("Server", None)
