"""One step of ladder and pages as a process that dies by SIGKILL: `escalation_program DSN ISO before|behind`.

`before` its commit, or `behind` it, when nothing that is in memory knows of it.
"""

import asyncio
import os
import signal
import sys
from datetime import datetime

from dispatcher.channels import planning
from dispatcher.escalation import pages, stage
from runtime.pool import SYSTEM, open_pool, transaction
from tests.integration.dispatcher.tickets.town import StepOfTown


async def main(dsn: str, at: datetime, place: str) -> None:
    pool = await open_pool(dsn, application_name="rongan-test-escalation", max_size=1)
    async with transaction(pool, scope=SYSTEM) as conn:
        step = await StepOfTown.begin(conn, at)
        await stage.advance(step)
        await pages.advance(step)
        await planning.plan_due(conn, at)
        if place == "before":
            os.kill(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], datetime.fromisoformat(sys.argv[2]), sys.argv[3]))
