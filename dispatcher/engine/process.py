"""The dispatcher's process: warm the kernels, lead or wait as standby, then step; send what the outbox holds."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import structlog

from dispatcher.channels.sender import Sender
from dispatcher.channels.setting import channel_settings
from dispatcher.correlation.compilation import compile_kernels
from dispatcher.engine import leadership
from dispatcher.engine.failpoints import Failpoints
from dispatcher.engine.metrics import metrics_door
from dispatcher.engine.steps import Stepper, give_up
from dispatcher.incidents.copied_rows import compile_copied_rows
from dispatcher.patterns.compilation import compile_pattern_kernels
from dispatcher.rates.compilation import compile_rate_kernels
from dispatcher.risk.compilation import compile_grading_kernels
from events.feed import Feed
from runtime import readiness
from runtime.clock import Clock, follow_clock
from runtime.pool import Pool, open_pool
from runtime.settings import Settings

LOG = structlog.get_logger(__name__)

STANDBY_POLL_S: Final = 0.5


async def main(settings: Settings) -> None:
    """Run until cancelled. Raises leadership.Fenced when another process took over: then this one must end."""
    dsn = settings.app_dsn()
    with ThreadPoolExecutor(1, thread_name_prefix="kernels") as kernels:
        # Never on the first event: the leadership is taken only after the kernels stand ready.
        await asyncio.get_running_loop().run_in_executor(kernels, compile_all)
        pool = await open_pool(dsn, application_name="rongan dispatcher", max_size=6)
        try:
            async with (
                metrics_door(settings.http_host, settings.dispatcher_metrics_port),
                follow_clock(dsn, process=settings.dispatcher_slot) as clock,
                Feed(pool) as feed,
            ):
                make_stepper = partial(
                    Stepper,
                    pool,
                    clock,
                    feed,
                    kernels,
                    batch_events=settings.dispatcher_step_events,
                    failpoints=Failpoints.from_environment(),
                )
                await _lead(pool, settings, clock, make_stepper)
        finally:
            pool.terminate()


def compile_all() -> None:
    """Compile, or load from the cache, every kernel that a step calls."""
    compile_kernels()
    compile_pattern_kernels()
    compile_rate_kernels()
    compile_grading_kernels()
    compile_copied_rows()


async def _lead(pool: Pool, settings: Settings, clock: Clock, make_stepper: "partial[Stepper]") -> None:
    epoch = await _become_leader(pool, settings.dispatcher_slot)
    sender = Sender(pool, channel_settings(settings), now=clock.now)
    stepper = make_stepper(epoch, on_message=sender.wake)
    try:
        await stepper.go_on()
        readiness.announce()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(sender.run(), name="sender")
            tasks.create_task(stepper.run(), name="leader")
    finally:
        await asyncio.shield(give_up(pool, epoch))


async def _become_leader(pool: Pool, holder: str) -> int:
    while True:
        async with pool.acquire() as conn:
            epoch = await leadership.take(conn, holder)
        if epoch is not None:
            LOG.info("leadership_taken", epoch=epoch, holder=holder)
            return epoch
        readiness.announce()  # a standby is healthy too
        await asyncio.sleep(STANDBY_POLL_S)
