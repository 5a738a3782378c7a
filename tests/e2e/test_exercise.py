"""An exercise: the whole system's time is moved by one command, and everything due by then happens, once."""

from datetime import UTC, datetime

import pytest

from tests.e2e.test_fire_case import hot
from tests.e2e.test_independent_client import rongan
from tests.harness.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


async def test_an_unsigned_ticket_is_reminded_and_escalated_when_the_clock_is_advanced(stack: Stack) -> None:
    officer = await stack.user("officer")
    async with officer.stream() as stream:
        await stack.publish("bin-07", "thing/event/property/post", hot(72, datetime.now(UTC)))
        ticket_id = (await stream.until("ticket.opened")).body["ticket"]["id"]
        before = (await officer.get("/clock"))["now"]
        code, _, complained = await rongan(stack, "clock", "advance", "30m")
        assert code == 0, complained
        # The command returned, so the rules have passed the new time: nothing needs to be waited for.
        ticket = await officer.get(f"/tickets/{ticket_id}")
        assert ticket["overdue"]
        breached = {clock["clock"] for clock in ticket["clocks"] if clock["breached_at"]}
        assert "c_sign" in breached
        timeline = (await officer.get(f"/tickets/{ticket_id}/timeline"))["items"]
        entries = [item["entry"] for item in timeline]
        assert "reminder" in entries
        assert "escalation" in entries
        await stream.until("ticket.reminder")
        told = await officer.get("/clock")
        assert told["simulated"]
        assert told["now"] > before
        code, _, _ = await rongan(stack, "clock", "advance", "1s")
        assert code == 0
        again = [item["entry"] for item in (await officer.get(f"/tickets/{ticket_id}/timeline"))["items"]]
        assert again == entries
        code, _, complained = await rongan(stack, "clock", "advance", "--to", before)
        assert code == 1
        assert "only forwards" in complained


async def test_a_simulated_clock_keeps_its_limit_across_a_restart_of_the_dispatcher(stack: Stack) -> None:
    officer = await stack.user("officer")
    async with officer.stream() as stream:
        await stack.publish("bin-07", "thing/event/property/post", hot(72, datetime.now(UTC)))
        ticket_id = (await stream.until("ticket.opened")).body["ticket"]["id"]
        assert (await rongan(stack, "clock", "advance", "30m"))[0] == 0
        entries = (await officer.get(f"/tickets/{ticket_id}/timeline"))["items"]
        await stack.kill("dispatcher")
        assert (await rongan(stack, "clock", "advance", "1s"))[0] == 0
        assert (await officer.get(f"/tickets/{ticket_id}/timeline"))["items"] == entries
