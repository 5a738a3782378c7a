"""Text messages and calls: one signed HTTP request to the operator's gateway, which tells back what became of each.

There is no common protocol of Chinese SMS gateways; docs/reference/channels.md fixes this one, an adapter is a page.
"""

import orjson

from dispatcher.channels import signing
from dispatcher.channels.outbox import Parcel
from dispatcher.channels.ways import (
    FAULTS,
    Outcome,
    Provider,
    Verdict,
    Ways,
    verdict_of_fault,
    verdict_of_status,
)


async def deliver_sms(ways: Ways, parcel: Parcel) -> Verdict:
    """A 2xx says that the gateway took it; what became of it comes as a receipt."""
    return await _hand_over(ways, parcel, ways.settings.sms)


async def deliver_voice(ways: Ways, parcel: Parcel) -> Verdict:
    """A 2xx says that the gateway took it; whether somebody answered comes as a receipt."""
    return await _hand_over(ways, parcel, ways.settings.voice)


async def _hand_over(ways: Ways, parcel: Parcel, provider: Provider | None) -> Verdict:
    if provider is None:
        return Verdict(Outcome.IMPOSSIBLE, f"no gateway is set for {parcel.channel}")
    try:
        body = orjson.dumps(
            {
                "id": parcel.idempotency_key,
                "channel": parcel.channel,
                "to": parcel.address,
                "text": parcel.body["text"],
                "language": parcel.body["language"],
                "topic": parcel.topic,
            }
        )
        headers = signing.headers(provider.secret, parcel.idempotency_key, ways.real_now(), body)
        headers["Content-Type"] = "application/json"
        async with ways.trusted.post(provider.url, data=body, headers=headers, allow_redirects=False) as answer:
            return verdict_of_status(answer.status, answer.headers.get("Retry-After"), Outcome.SENT)
    except FAULTS as error:
        return verdict_of_fault(error)
