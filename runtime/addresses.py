"""Which network addresses a webhook may call: public ones, unless a setting opens the inside."""

import asyncio
import ipaddress
import socket
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class AddressNotAllowed(OSError):
    """The endpoint's name leads to an address inside the platform's own network."""


class PublicResolver(AbstractResolver):
    """Resolves names and refuses every address that is not public, so that a webhook cannot reach inwards.

    What it checked is what the connection is made to: a name that changes its mind in between gains nothing.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        results: list[ResolveResult] = []
        for address_family, _type, proto, _name, address in found:
            ip = ipaddress.ip_address(address[0])
            if not is_public(ip):
                raise AddressNotAllowed(f"{host} leads to {ip}, which is not a public address")
            results.append(
                ResolveResult(
                    hostname=host,
                    host=str(ip),
                    port=port,
                    family=address_family,
                    proto=proto,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return results

    async def close(self) -> None:
        """Nothing is held."""


def refuse_private_literal(url: str) -> None:
    """A literal address is not resolved, so it is checked here. Raises AddressNotAllowed."""
    host = URL(url).host or ""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        if host.replace(".", "").isdigit():  # 2130706433 and 127.1, which the system would read as addresses.
            raise AddressNotAllowed(f"{host} is not a public address") from None
        return
    if not is_public(ip):
        raise AddressNotAllowed(f"{ip} is not a public address")


def is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    # Python counts group addresses, and IPv6 addresses that carry a private IPv4 one, as global.
    inner = None
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ipaddress.IPv4Address(ip.packed[-4:]) if ip in _NAT64 else None)
    return ip.is_global and not ip.is_multicast and (inner is None or inner.is_global)
