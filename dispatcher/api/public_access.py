"""What every public read of residents obeys: so many a minute from one network, and how long an answer may be kept."""

import asyncio
import ipaddress
from typing import Final

from aiohttp import hdrs, web

from dispatcher.api.keys import PUBLIC_READS

READS_PER_NETWORK: Final = 240
"""Public reads a minute: many readers behind one address of a housing estate, few for one who copies everything."""

LISTS_KEPT_S: Final = 60
PAGES_KEPT_S: Final = 300
"""How long anybody on the way may keep an answer: a withdrawal reaches everybody within that."""


def slow_down(request: web.Request) -> None:
    """Count a public read. Raises TooManyAttempts."""
    network = network_of(request.remote or "")
    request.app[PUBLIC_READS].begin(network, network, asyncio.get_running_loop().time())


def network_of(remote: str) -> str:
    """Who asks: of IPv6 the network, for whoever has one address there has 2^64."""
    try:
        ip = ipaddress.ip_address(remote)
    except ValueError:
        return remote
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else remote


def wants_page(request: web.Request) -> bool:
    """Whether a browser asks, which names HTML in Accept; a program gets JSON."""
    return "text/html" in request.headers.get(hdrs.ACCEPT, "")


def keep(response: web.Response, seconds: int) -> web.Response:
    """The answer, which may be kept that long and differs by Accept."""
    response.headers[hdrs.CACHE_CONTROL] = f"public, max-age={seconds}"
    response.headers[hdrs.VARY] = hdrs.ACCEPT
    return response
