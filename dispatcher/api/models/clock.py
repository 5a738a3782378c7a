"""What time the rules live in, and moving it in an exercise."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dispatcher.api.models.wire import Answer, Ask, Instant


class ClockReading(Answer):
    now: datetime
    simulated: bool
    mode: Literal["production", "exercise"]
    tick_seq: int = Field(description="position of the newest tick in the stream `clock`; 0 before the first")


class AdvanceClock(Ask):
    at: Instant | None = None
    advance_s: Annotated[int | None, Field(ge=1, le=366 * 86_400)] = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.at is None) == (self.advance_s is None):
            raise ValueError("give either at or advance_s")
        return self
