"""The webhook of the outage alarm: it reaches nothing inside that nobody allowed, and follows no redirect there."""

import pytest
from structlog.testing import capture_logs

from gateway.intake.metrics import IntakeMetrics
from gateway.intake.outage_alarm import OutageAlarm
from tests.harness.receiver import Receiver, answer, running_receiver


async def sounded(receiver: Receiver, host: str, *, private_allowed: bool) -> list[object]:
    """What the log says of one alarm that goes to the receiver by that name."""
    url = receiver.url.replace("127.0.0.1", host) + "/siren"
    alarm = OutageAlarm(frozenset(), IntakeMetrics(), url, private_allowed=private_allowed)
    alarm._posts.append({"kind": "public_help_point_sos"})
    with capture_logs() as logs:
        await alarm._post_all(url)
    return [entry.get("fault", entry.get("status")) for entry in logs]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
async def test_inner_address_is_refused_unless_it_is_allowed(host: str) -> None:
    async with running_receiver() as receiver:
        receiver.answers["/siren"] = answer(200)
        assert len(await sounded(receiver, host, private_allowed=False)) == 3
        assert receiver.requests == []
        assert await sounded(receiver, "127.0.0.1", private_allowed=True) == []
        assert len(receiver.requests) == 1


async def test_redirect_is_not_followed_and_is_a_failure() -> None:
    async with running_receiver() as receiver:
        receiver.answers["/siren"] = answer(302, headers={"Location": "/inside"})
        receiver.answers["/inside"] = answer(200)
        assert await sounded(receiver, "127.0.0.1", private_allowed=True) == [302, 302, 302]
        assert receiver.of("/inside") == []
