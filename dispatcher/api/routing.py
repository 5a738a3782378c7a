"""The route table's vocabulary: what a route declares, and what its handler is given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel

from dispatcher.accounts.model import Authenticated, User
from dispatcher.api.permissions import Permission
from runtime.pool import Connection

API: Final = "/api/v1"

P = TypeVar("P")
Q = TypeVar("Q")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Call(Generic[P, Q, B]):
    """One request, parsed: path, query and body as the models that the route declares (None where it declares none)."""

    request: web.Request
    params: P
    query: Q
    body: B
    at: datetime  # Domain time of the request.
    caller: Authenticated | None
    transaction: Connection | None

    @property
    def viewer(self) -> User:
        """Who asks. Only routes that need a log-in may read it."""
        if self.caller is None:
            raise RuntimeError("a public route has no viewer")
        return self.caller.user

    @property
    def conn(self) -> Connection:
        """The request's one transaction, committed when the handler returns."""
        if self.transaction is None:
            raise RuntimeError("the route declares opens_transaction=False")
        return self.transaction


Handler = Callable[[Call[P, Q, B]], Awaitable[BaseModel | web.StreamResponse | None]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status that only some routes answer with, for the published document."""

    status: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Route(Generic[P, Q, B]):
    """One path and method: who may call it, what it takes, what it answers, and the function that does it."""

    method: str
    path: str
    permission: Permission
    handler: Handler[P, Q, B]
    summary: str
    params: type[P] | None = None
    query: type[Q] | None = None
    body: type[B] | None = None
    response: type[BaseModel] | None = None
    status: int = 200
    media_type: str = "application/json"
    refusals: tuple[Refusal, ...] = field(default=())
    also: tuple[Refusal, ...] = field(default=())  # Other good answers with the same response model.
    opens_transaction: bool = True
    exports: bool = False  # Also answers as CSV, XLSX or Parquet, as `format` or Accept asks.
    uploads: bool = False  # Takes multipart/form-data with one part `file`, which the handler reads as it comes.

    @property
    def name(self) -> str:
        """The operation id."""
        return getattr(self.handler, "__name__", repr(self.handler))


AnyRoute = Route[Any, Any, Any]


class RouteTableInvalid(ValueError):
    """The table contradicts itself; the process does not start."""

    def __init__(self, route: str, reason: str) -> None:
        super().__init__(f"{route}: {reason}")
        self.route = route
        self.reason = reason


def check_table(routes: tuple[AnyRoute, ...]) -> None:
    """Raise RouteTableInvalid on a route without a permission, a twin, or models that do not fit its path."""
    seen: set[tuple[str, str]] = set()
    names: set[str] = set()
    for route in routes:
        title = f"{route.method} {route.path}"
        if not isinstance(route.permission, Permission):
            raise RouteTableInvalid(title, "declares no permission")
        if (route.method, route.path) in seen:
            raise RouteTableInvalid(title, "stands twice")
        if route.name in names:
            raise RouteTableInvalid(title, f"shares the handler {route.name}")
        if ("{" in route.path) != (route.params is not None):
            raise RouteTableInvalid(title, "path and params model do not agree")
        if route.method == "GET" and route.body is not None:
            raise RouteTableInvalid(title, "a GET takes no body")
        seen.add((route.method, route.path))
        names.add(route.name)
