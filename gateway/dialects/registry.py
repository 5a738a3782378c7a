"""Every dialect that the gateway speaks, in the order of trial; adding one is its file and one line here."""

from typing import Final

from gateway.dialects import alink
from gateway.dialects.model import Route

DIALECTS: Final = (alink,)

_REMEMBERED_MAX: Final = 65_536
_remembered: dict[str, Route | None] = {}


def find_route(topic: str) -> Route | None:
    """What the topic says in the first dialect that knows it; None where none does."""
    try:
        return _remembered[topic]
    except KeyError:
        pass
    found = next((route for dialect in DIALECTS if (route := dialect.route(topic)) is not None), None)
    if len(_remembered) >= _REMEMBERED_MAX:
        _remembered.clear()  # A stranger's invented topics must not fill the memory.
    _remembered[topic] = found
    return found
