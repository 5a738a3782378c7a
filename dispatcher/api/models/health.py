"""Whether this process is alive and ready."""

from typing import Literal

from dispatcher.api.models.wire import Answer


class Health(Answer):
    status: Literal["ok"]


class Readiness(Answer):
    status: Literal["ready", "not_ready"]
    database: Literal["reachable", "unreachable"]
    migrations: Literal["current", "behind", "unknown"]
