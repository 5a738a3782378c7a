"""What the bench of a rebuilt memory fills the tables with is live afterwards, each of its incidents one cluster."""

from cli.bench import rebuild
from dispatcher.incidents.memory import Memory
from dispatcher.rules.rulebook import read_rulebook
from runtime.pool import Connection


async def test_memory_holds_as_many_events_as_were_written_and_disputes_none(owner: Connection) -> None:
    figures = await rebuild.measured(owner, 90)
    assert figures["live_events"] == 90
    assert figures["patterns"]["rows"] >= 90
    async with owner.transaction():
        memory = await Memory.rebuild(owner, await read_rulebook(owner))
    assert len(memory.incidents) == 30
    assert memory.disputed == []
