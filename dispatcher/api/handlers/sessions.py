"""Logging in and out, and who one is."""

import asyncio

from aiohttp import web

from dispatcher.accounts import login, sessions
from dispatcher.accounts.errors import CredentialsWrong, TooManyAttempts
from dispatcher.api.answering import json_response
from dispatcher.api.authentication import COOKIE, is_browser, refuse_other_sites
from dispatcher.api.keys import ATTEMPTS, METRICS, POOL
from dispatcher.api.models.sessions import Login, Session, User
from dispatcher.api.routing import Call


async def log_in(call: Call[None, None, Login]) -> web.Response:
    """Open a session; what failed is not said, and failures are slowed down per account and address."""
    refuse_other_sites(call.request)
    app, address = call.request.app, call.request.remote or ""
    metrics = app[METRICS]
    try:
        app[ATTEMPTS].begin(call.body.login, address, asyncio.get_running_loop().time())
        opened = await login.log_in(
            app[POOL], login=call.body.login, password=call.body.password, browser=is_browser(call.request)
        )
    except (CredentialsWrong, TooManyAttempts) as refused:
        metrics.log_ins.labels("refused" if isinstance(refused, CredentialsWrong) else "slowed_down").inc()
        raise
    metrics.log_ins.labels("opened").inc()
    app[ATTEMPTS].succeeded(call.body.login, address)
    session = Session(token=opened.token, expires_at=opened.expires_at, user=User.of(opened.user))
    response = json_response(session, status=201)
    response.set_cookie(COOKIE, opened.token, secure=True, httponly=True, samesite="Strict", path="/")
    return response


async def log_out(call: Call[None, None, None]) -> web.Response:
    if call.caller is not None:
        await sessions.end_session(call.conn, call.caller.token_hash)
    response = web.Response(status=204)
    response.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
    return response


async def read_me(call: Call[None, None, None]) -> User:
    return User.of(call.viewer)
