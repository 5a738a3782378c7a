"""At which steps the stages that only look for what is due do so."""

from typing import Any, cast

import pytest

from dispatcher.engine.looking import LEADING, LOOKING, Lookout
from dispatcher.engine.stages import STAGES
from dispatcher.incidents.step import Advanced, Step
from events.feed import POLL_S
from events.model import Event, EventSource

NAMES = [name for name, _ in STAGES]
NOTHING = Advanced(0, 0)


class Taken:
    """Of a step what the look-out sees."""

    def __init__(self, *sources: EventSource) -> None:
        self.events = [cast("Event", _Of(source)) for source in sources]


class _Of:
    def __init__(self, source: EventSource) -> None:
        self.source = source


def run(lookout: Lookout, at_s: float, *sources: EventSource, did: dict[str, Advanced] | None = None) -> list[str]:
    """A step that is committed; the stages that ran."""
    lookout.begin(cast("Step", Taken(*sources)), at_s)
    ran = [name for name in NAMES if not lookout.skips(name) and note(lookout, name, did or {})]
    lookout.end()
    return ran


def note(lookout: Lookout, name: str, did: dict[str, Advanced]) -> bool:
    lookout.note(name, did.get(name, NOTHING))
    return True


@pytest.fixture
def looked() -> Lookout:
    """A leader that has just looked, and found nothing."""
    lookout = Lookout()
    assert run(lookout, 0.0, EventSource.DEVICE_EVENT) == NAMES
    return lookout


def test_every_named_stage_is_one_and_none_that_leads_only_looks() -> None:
    assert set(NAMES) >= LOOKING | LEADING
    assert not LOOKING & LEADING
    assert max(map(NAMES.index, LEADING)) < min(map(NAMES.index, LOOKING))


def test_events_alone_lead_to_no_look_for_a_second(looked: Lookout) -> None:
    without = [name for name in NAMES if name not in LOOKING]
    assert run(looked, 0.9 * POLL_S, EventSource.DEVICE_EVENT) == without
    assert run(looked, POLL_S, EventSource.DEVICE_EVENT) == NAMES
    assert run(looked, 1.9 * POLL_S, EventSource.DEVICE_EVENT) == without


@pytest.mark.parametrize("sources", [(), (EventSource.DEVICE_EVENT, EventSource.TICK), (EventSource.OVERLAY,)])
def test_an_idle_leader_a_tick_and_an_officer_lead_to_a_look(looked: Lookout, sources: tuple[Any, ...]) -> None:
    assert run(looked, 0.1, *sources) == NAMES


@pytest.mark.parametrize("stage", sorted(LEADING - {"rates"}))
def test_what_a_stage_led_to_is_looked_for_in_the_same_step(looked: Lookout, stage: str) -> None:
    ran = run(looked, 0.1, EventSource.DEVICE_EVENT, did={stage: Advanced(1, 1)})
    assert set(ran) == set(NAMES)


def test_who_found_something_looks_again_until_nothing_is_left(looked: Lookout) -> None:
    run(looked, POLL_S, EventSource.DEVICE_EVENT, did={"messages": Advanced(200, 0)})
    assert run(looked, POLL_S + 0.01, EventSource.DEVICE_EVENT) == NAMES
    assert "messages" not in run(looked, POLL_S + 0.02, EventSource.DEVICE_EVENT)


def test_a_step_that_failed_has_looked_for_nothing(looked: Lookout) -> None:
    looked.begin(cast("Step", Taken(EventSource.DEVICE_EVENT)), POLL_S)  # and is never ended
    assert run(looked, 1.1 * POLL_S, EventSource.DEVICE_EVENT) == NAMES
