"""What a replay proves: nothing lost between the door and the table, and how many components were found."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from simulators.api import Api


@dataclass(frozen=True, slots=True)
class Sums:
    """The intake's counts since the database began."""

    received: int
    stored: int
    duplicate: int
    quarantined: int
    holds: bool


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """`sent` was acknowledged by a door; the sums are of this replay, the incidents of the whole database."""

    sent: int
    refused: int
    received: int
    stored: int
    duplicate: int
    quarantined: int
    holds: bool
    components: int
    located: int  # components with a position
    open: int
    final: int
    merged: int
    late: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def with_calls(self, taken: int, known: int) -> "ReplayReport":
        """The same report for calls over HTTP, which are counted by their answers."""
        return replace(self, received=taken, stored=taken - known, duplicate=known, quarantined=0)


async def sums(api: Api, product: str | None = None) -> Sums:
    """Read `GET /conservation`, of one product or of all."""
    told = await api.conservation()
    rows = [row for row in told["by_product"] if product is None or row["product"] == product]
    return Sums(
        received=sum(int(row["received"]) for row in rows),
        stored=sum(int(row["stored"]) for row in rows),
        duplicate=sum(int(row["duplicate"]) for row in rows),
        quarantined=sum(int(row["quarantined"]) for row in rows),
        holds=bool(told["holds"]),
    )


async def report(
    api: Api, before: Sums, *, product: str | None, sent: int, refused: int, seconds: float
) -> ReplayReport:
    """Compare with the sums `before`. Without a product (calls over HTTP) only the sums of the whole must hold."""
    after = await sums(api, product)
    found = await api.incidents()
    received = after.received - before.received
    stored = after.stored - before.stored
    duplicate = after.duplicate - before.duplicate
    quarantined = after.quarantined - before.quarantined
    complete = received == stored + duplicate + quarantined and (product is None or received >= sent)
    return ReplayReport(
        sent=sent,
        refused=refused,
        received=received,
        stored=stored,
        duplicate=duplicate,
        quarantined=quarantined,
        holds=after.holds and complete,
        components=int(found["components"]),
        located=int(found["located"]),
        open=int(found["open"]),
        final=int(found["final"]),
        merged=int(found["merged"]),
        late=int(found["late"]),
        seconds=round(seconds, 1),
    )
