"""The webhook channel: CloudEvents in a Standard-Webhooks envelope, at least once, always with the same key."""

from typing import Final

import orjson

from dispatcher.channels import signing
from dispatcher.channels.outbox import Parcel
from dispatcher.channels.ways import FAULTS, Outcome, Verdict, Ways, verdict_of_fault, verdict_of_status
from runtime.addresses import refuse_private_literal

EVENT_TYPE_PREFIX: Final = "cn.chengdu.community."


async def deliver(ways: Ways, parcel: Parcel) -> Verdict:
    """A 2xx or 409 of the receiver's own system is delivery."""
    try:
        body = cloud_event(parcel)
        headers = signing.headers(parcel.secret or "", parcel.idempotency_key, ways.real_now(), body)
        headers["Content-Type"] = "application/cloudevents+json"
        if not ways.settings.allow_private:
            refuse_private_literal(parcel.address)
        async with ways.outward.post(parcel.address, data=body, headers=headers, allow_redirects=False) as answer:
            return verdict_of_status(answer.status, answer.headers.get("Retry-After"), Outcome.DELIVERED)
    except FAULTS as error:
        return verdict_of_fault(error)


def cloud_event(parcel: Parcel) -> bytes:
    """The message as a structured CloudEvents 1.0 document."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": parcel.idempotency_key,
            "source": "/rongan",
            "type": f"{EVENT_TYPE_PREFIX}{parcel.topic}.v1",
            "time": parcel.created_at,
            "datacontenttype": "application/json",
            "data": parcel.body,
        }
    )
