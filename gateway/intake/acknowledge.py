"""What the doors are told after a commit: acknowledgements in order of receipt, then the receipts asked for."""

from collections.abc import Sequence

import orjson

from gateway.intake.arrivals import Arrival, Outcome
from gateway.intake.failpoints import Failpoint, Failpoints
from gateway.intake.model import Source

COMMITTED_CODE = 200
QUARANTINED_CODE = 460
"""Alink's code for bad parameters: do not send it again."""


def acknowledge(arrivals: Sequence[Arrival], failpoints: Failpoints) -> None:
    """Tell each source its committed tokens, in order. The transaction has committed; nothing here may fail it."""
    tokens: dict[Source, list[int]] = {}
    for arrival in arrivals:
        delivery = arrival.delivery
        if delivery.token:
            found = tokens.get(delivery.source)
            if found is None:
                tokens[delivery.source] = [delivery.token]
            else:
                found.append(delivery.token)
    half = len(tokens) // 2
    for place, (source, committed) in enumerate(tokens.items()):
        if place == half:
            failpoints.reach(Failpoint.HALF_ACKNOWLEDGED)
        if not source.closed():
            source.committed(committed)
    for arrival in arrivals:
        if arrival.receipt_topic is not None and not arrival.delivery.source.closed():
            arrival.delivery.source.publish(arrival.receipt_topic, receipt(arrival))


def receipt(arrival: Arrival) -> bytes:
    """The `_reply` to a device that asked for one: what became of its message."""
    rx = round(arrival.delivery.received_at.timestamp() * 1000)
    if arrival.quarantine is not None:
        told = {
            "id": arrival.message_id,
            "code": QUARANTINED_CODE,
            "message": arrival.quarantine.reason.value,
            "data": {"rx": rx, "reason": arrival.quarantine.reason.value, "detail": arrival.quarantine.detail},
        }
    else:
        dup = arrival.outcome is Outcome.DUPLICATE
        told = {
            "id": arrival.message_id,
            "code": COMMITTED_CODE,
            "message": "committed",
            "data": {"rx": rx, "dup": dup},
        }
    return orjson.dumps(told)
