"""Posts the messages of residents as hotline calls, the message's number being the idempotency key."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

import aiohttp

from simulators.api import Api, ApiRefused
from simulators.reconnect import pause_s
from simulators.replay.files import Letter, letters
from simulators.replay.report import ReplayReport, report, sums

_ATTEMPTS: Final = 6


@dataclass(slots=True)
class _Progress:
    taken: int = 0
    known: int = 0
    refused: int = 0


async def replay_hotline(
    path: Path,
    api: Api,
    *,
    callers: int = 8,
    limit: int | None = None,
    on_call: Callable[[int], None] = lambda _count: None,
) -> ReplayReport:
    """Post the file with `callers` lines at once. `sent` counts calls that were taken, `duplicate` those known before.

    Raises FeedUnreadable; a group with ApiRefused when the api answers nothing but errors.
    """
    loop = asyncio.get_running_loop()
    before = await sums(api)
    started = loop.time()
    progress = _Progress()
    rows = islice(letters(path), limit)

    async def dial() -> None:
        for letter in rows:
            await _post(api, letter, progress)
            on_call(progress.taken + progress.refused)

    async with asyncio.TaskGroup() as tasks:
        for number in range(callers):
            tasks.create_task(dial(), name=f"caller {number}")
    told = await report(
        api, before, product=None, sent=progress.taken, refused=progress.refused, seconds=loop.time() - started
    )
    return told.with_calls(progress.taken, progress.known)


async def _post(api: Api, letter: Letter, progress: _Progress) -> None:
    rng = Random(letter.number)
    for attempt in range(_ATTEMPTS):
        try:
            _, known = await api.call(letter.number, {"text": letter.text})
        except ApiRefused as refusal:
            if refusal.status < 500 and refusal.status != 429:
                progress.refused += 1
                return
            if attempt == _ATTEMPTS - 1:
                raise
        except (aiohttp.ClientError, TimeoutError):
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            progress.taken += 1
            progress.known += known
            return
        await asyncio.sleep(pause_s(rng, attempt, first_s=0.5, longest_s=20))
