"""Every route of the table: who may use it, what every answer carries, and that nothing makes it fall over."""

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from dispatcher.accounts.model import UserRole
from dispatcher.api import app
from dispatcher.api.app import TABLE
from dispatcher.api.permissions import OPEN_TO_ALL, holds
from dispatcher.api.routes import ROUTES
from dispatcher.api.routing import AnyRoute
from runtime.pool import Connection
from tests.harness.postgres import Database
from tests.integration.dispatcher.api.community import FAILURE_S
from tests.integration.dispatcher.api.running import Api, running_api

CLOSED = [route for route in ROUTES if route.permission not in OPEN_TO_ALL]
CSP = "default-src 'self'"


GIVEN = {"event": "accept", "path": "", "period": "daily"}


def address(route: AnyRoute) -> str:
    """The route's path with every parameter filled: an open brace matches no route, so it would ask nothing."""
    return re.sub(r"\{(\w+)(?::[^}]*)?\}", lambda found: GIVEN.get(found[1], "987654"), route.path)


def body(route: AnyRoute) -> dict[str, Any]:
    return {"json": {}} if route.body is not None else {}


def test_every_mounted_route_stands_in_the_table(api: Api) -> None:
    mounted = {
        (route.method, route.resource.canonical) for route in api.app.router.routes() if route.resource is not None
    }
    assert mounted == {(route.method, route.path.replace(":(?!api/).*", "")) for route in TABLE}


async def test_closed_route_without_a_session_is_refused(api: Api) -> None:
    nobodies: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic eA=="},
        {"Cookie": "__Host-rongan=x", "Sec-Fetch-Site": "same-origin"},
    )
    for route in CLOSED:
        for headers in nobodies:
            async with api.http.request(route.method, address(route), headers=headers, **body(route)) as answer:
                told = await answer.json(content_type="application/problem+json")
                title = f"{route.method} {route.path} {headers}"
                assert (answer.status, told["code"]) == (401, "unauthenticated"), title
                assert answer.headers["WWW-Authenticate"] == "Bearer", title


async def test_role_gets_what_it_was_granted_and_nothing_else(api: Api) -> None:
    for role in UserRole:
        client = await api.as_user(role)
        for route in ROUTES:
            # Signed routes ask for no role: what they answer to who signs nothing is said of them alone.
            if route.path.endswith(("/sessions/current", "/stream")) or route.path.startswith("/api/v1/exchange/"):
                continue
            async with api.http.request(
                route.method, address(route), headers=client.headers(), **body(route)
            ) as answer:
                title = f"{role}: {route.method} {route.path} -> {answer.status}"
                assert answer.status < 500, f"{title}: {await answer.text()}"
                if holds(route.permission, frozenset({role})):
                    assert answer.status not in (401, 403), title
                else:
                    told = await answer.json(content_type="application/problem+json")
                    assert (answer.status, told["code"]) == (403, "forbidden"), title
                    assert told["missing_role"] in told["any_of"], title
                    assert role not in told["any_of"], title


async def test_every_answer_carries_the_security_headers(api: Api) -> None:
    client = await api.as_user("engineer")
    for route in TABLE:
        if route.path.endswith("/stream"):
            continue
        for headers in ({}, client.headers()):
            async with api.http.request(route.method, address(route), headers=headers, **body(route)) as answer:
                title = f"{route.method} {route.path} -> {answer.status}"
                assert answer.headers["Content-Security-Policy"].startswith(CSP), title
                assert answer.headers["X-Content-Type-Options"] == "nosniff", title
                assert answer.headers["Referrer-Policy"] == "no-referrer", title
                assert "max-age" in answer.headers["Strict-Transport-Security"], title
                assert answer.headers["X-Request-Id"], title
                assert "Server" not in answer.headers, title
                if route.path.startswith("/api/"):
                    assert answer.headers["Cache-Control"] == "no-store", title


async def test_unknown_path_and_method_are_told_as_problems(api: Api) -> None:
    status, told = await api.nobody.get("/api/v1/nothing")
    assert (status, told["code"]) == (404, "not_found")
    status, told = await api.nobody.delete("/api/v1/tickets")
    assert (status, told["code"]) == (405, "method_not_allowed")


async def test_cookie_of_another_site_changes_nothing(api: Api) -> None:
    token = (await api.as_user("engineer")).token
    cookie = {"Cookie": f"__Host-rongan={token}"}
    unsafe = [route for route in CLOSED if route.method != "GET"]
    for route in unsafe:
        for foreign in (
            {},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
        ):
            async with api.http.request(
                route.method, address(route), headers={**cookie, **foreign}, **body(route)
            ) as answer:
                told = await answer.json(content_type="application/problem+json")
                assert (answer.status, told["code"]) == (403, "cross_site"), f"{route.method} {route.path} {foreign}"
    async with api.http.get("/api/v1/me", headers=cookie) as answer:
        assert answer.status == 200
    async with api.http.delete("/api/v1/sessions/current", headers={**cookie, "Origin": api.url}) as answer:
        assert answer.status == 204


async def test_oversized_compressed_and_foreign_bodies_are_refused(api: Api) -> None:
    client = await api.as_user("call_taker")
    url, bearer = "/api/v1/hotline/calls", client.headers()
    async with api.http.post(url, json={"text": "x" * 300_000}, headers=bearer) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (413, "payload_too_large")
    async with api.http.post(url, data=b"text=x", headers=bearer | {"Content-Type": "text/plain"}) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (415, "unsupported_media_type")
    gzipped = bearer | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    async with api.http.post(url, data=b"\x1f\x8b\x08\x00", headers=gzipped) as answer:
        assert answer.status == 415


async def test_body_that_is_no_object_of_the_model_is_refused(api: Api) -> None:
    client = await api.as_user("call_taker")
    headers = client.headers() | {"Content-Type": "application/json"}
    for raw in (b"", b"[", b"[1]", b"nul", b'{"text": NaN}', b"\xff", b'{"text":"\\ud800"}', b"[" * 5000):
        async with api.http.post("/api/v1/hotline/calls", data=raw, headers=headers) as answer:
            told = await answer.json(content_type=None)
            assert (answer.status, told["code"]) == (422, "invalid_request"), raw[:20]
            assert told["errors"][0]["loc"][0] == "body"


async def test_health_readiness_metrics_and_document_are_open(api: Api) -> None:
    assert await api.nobody.get("/healthz") == (200, {"status": "ok"})
    status, ready = await api.nobody.get("/readyz")
    assert (status, ready) == (200, {"status": "ready", "database": "reachable", "migrations": "current"})
    async with api.http.get("/metrics") as answer:
        assert 'api_requests_total{method="GET",route="read_health",status="200"} 1.0' in await answer.text()
    status, document = await api.nobody.get("/api/v1/openapi.json")
    assert (status, document["openapi"]) == (200, "3.1.1")


async def test_malformed_path_or_query_says_where(api: Api) -> None:
    client = await api.as_user("duty_officer")
    for path, loc in (
        ("tickets?limit=0", ["query", "limit"]),
        ("tickets?grade=9", ["query", "grade"]),
        ("tickets?colour=red", ["query", "colour"]),
        ("tickets?limit=1&limit=2", ["query", "limit"]),
        ("tickets?cursor=bm9uZQ", ["query", "cursor"]),
        ("events?cursor=bm9uZQ", ["query", "cursor"]),
        ("events?since=yesterday", ["query", "since"]),
        ("devices/none", ["path", "id"]),
        ("devices/99999999999999999999", ["path", "id"]),
    ):
        async with api.http.get(f"/api/v1/{path}", headers=client.headers()) as answer:
            told = await answer.json(content_type=None)
            assert (answer.status, told["code"]) == (422, "invalid_request"), path
            assert told["errors"][0]["loc"] == loc


async def test_connection_lost_in_the_middle_of_a_request_is_told_as_unavailable(api: Api, owner: Connection) -> None:
    client = await api.as_user("auditor")
    waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with owner.transaction():
        await owner.execute("LOCK TABLE devices IN ACCESS EXCLUSIVE MODE")
        asking = asyncio.create_task(client.get("devices"))
        async with asyncio.timeout(FAILURE_S):
            while (pid := await owner.fetchval(waiting)) is None:
                await owner.execute("SELECT pg_stat_clear_snapshot()")
        await owner.execute("SELECT pg_terminate_backend($1)", pid)
        status, told = await asking
    assert (status, told["code"]) == (503, "database_unavailable")
    assert (await client.get("devices"))[0] == 200


FORGED = (
    "tickets?open=true&cursor=999999-1-1",
    "tickets?open=true&cursor=1-999999999999999999-1",
    "tickets?cursor=9223372036854775808",
    "tickets?q=%ED%A0%80",
    "tickets?q=%00",
    "tickets?limit=100000",
    "tickets?limit=-1",
    "tickets/-1",
    "tickets/9223372036854775808",
    "incidents?cursor=bnVsbA",
    "incidents?cursor=WzFlOTk5XQ",
    "events?cursor=WyIyMDI2LTExLTIyVDEyOjAwOjAwWiIsIlx1ZDgwMCIsMV0",
    "events?since=99999-01-01T00:00:00Z",
    "devices?cursor=WyIxIl0",
    "devices/1/readings?limit=0",
)


async def test_forged_query_is_refused_or_finds_nothing(api: Api) -> None:
    client = await api.as_user("engineer")
    for path in FORGED:
        async with api.http.get(URL(f"{api.url}/api/v1/{path}", encoded=True), headers=client.headers()) as answer:
            told = await answer.json(content_type=None)
            assert answer.status in (404, 422) or told["items"] == [], f"{path}: {told}"


async def test_forged_last_event_id_is_refused(api: Api) -> None:
    client = await api.as_user("auditor")
    for last_id in ("0" * 5000, "9" * 20, "-1", "1.5", "\u0661"):
        async with api.http.get("/api/v1/stream", headers=client.headers() | {"Last-Event-ID": last_id}) as answer:
            told = await answer.json(content_type=None)
            assert (answer.status, told["code"]) == (422, "invalid_request"), last_id


async def test_kernels_are_compiled_before_the_api_listens_and_beside_its_loop(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled_in: list[str] = []
    for kernels in ("compile_explanations", "compile_surprise"):
        monkeypatch.setattr(app, kernels, lambda: compiled_in.append(threading.current_thread().name))
    async with running_api(database, tmp_path):
        assert len(compiled_in) == 2
    assert threading.main_thread().name not in compiled_in
