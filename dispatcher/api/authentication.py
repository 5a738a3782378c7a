"""Who sends a request, and whether a browser was made to send it by another site."""

from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from dispatcher.accounts import sessions
from dispatcher.accounts.model import Authenticated
from dispatcher.api.errors import CrossSite, Forbidden, Unauthenticated
from dispatcher.api.permissions import OPEN_TO_ALL, Permission, holds, roles_that_hold
from runtime.pool import Pool

COOKIE: Final = "__Host-rongan"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER: Final = "Bearer "


async def caller_of(request: web.Request, pool: Pool) -> Authenticated:
    """The holder of the request's token. Raises Unauthenticated or CrossSite.

    A cookie is sent by the browser itself, so unsafe requests with one must prove that our own page made them; a bearer
    token is sent by whoever knows it.
    """
    header = request.headers.get("Authorization")
    if header is not None:
        token = header.removeprefix(_BEARER) if header.startswith(_BEARER) else ""
    else:
        token = request.cookies.get(COOKIE, "")
        if token and request.method not in _SAFE_METHODS and not _is_own_page(request):
            raise CrossSite
    if not token:
        raise Unauthenticated
    async with pool.acquire() as conn:
        caller = await sessions.authenticate(conn, token)
    if caller is None:
        raise Unauthenticated
    return caller


def refuse_other_sites(request: web.Request) -> None:
    """For log-in, where there is no cookie yet: programs pass, pages of other sites do not. Raises CrossSite."""
    if is_browser(request) and not _is_own_page(request):
        raise CrossSite


def is_browser(request: web.Request) -> bool:
    return "Sec-Fetch-Site" in request.headers or "Origin" in request.headers


def authorise(permission: Permission, caller: Authenticated | None) -> None:
    """Refuse unless the caller's roles hold the permission; what nobody was granted is refused to everybody."""
    if permission in OPEN_TO_ALL:
        return
    if caller is None:
        raise Unauthenticated
    if not holds(permission, caller.user.roles):
        raise Forbidden(roles=roles_that_hold(permission))


def _is_own_page(request: web.Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc == request.host
