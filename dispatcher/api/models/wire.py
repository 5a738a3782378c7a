"""The two sorts of wire model: Ask (what clients send, strict and bounded) and Answer (what they get)."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from dispatcher.incidents.views import View

INT64_MAX = 2**63 - 1


def storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("text holds NUL")
    return text


def _in_calendar(at: datetime) -> datetime:
    # PostgreSQL and Python agree on these years; one day off either end survives every time zone.
    if not 1900 <= at.year <= 9998:
        raise ValueError("the year is not between 1900 and 9998")
    return at


class Ask(BaseModel):
    """What a client sends: no unknown field, no text for numbers, every text bounded and without NUL."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Filter(BaseModel):
    """What stands in a query string or path: text that is read as numbers and times."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Answer(View):
    """What a client gets."""


Line = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(storable)]
"""One line of text."""

Passage = Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(storable)]
"""A longer text."""

AreaId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
KindId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
OrganisationId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]
ProductKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,64}$")]
DeviceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
RowId = Annotated[int, Field(ge=1, le=INT64_MAX)]
Grade = Annotated[int, Field(ge=1, le=4, description="I to IV; 1 is the gravest")]
Longitude = Annotated[float, Field(ge=-180, le=180, description="WGS-84 degrees east")]
Latitude = Annotated[float, Field(ge=-89, le=89, description="WGS-84 degrees north")]
Instant = Annotated[AwareDatetime, AfterValidator(_in_calendar)]
"""A time with its offset, between the years 1900 and 9998."""


class AskWithPosition(Ask):
    """What may lie somewhere: longitude and latitude, both or neither."""

    lon: Longitude | None = None
    lat: Latitude | None = None

    @model_validator(mode="after")
    def _position_is_a_pair(self) -> Self:
        if (self.lon is None) != (self.lat is None):
            raise ValueError("lon and lat come together")
        return self


class Paged(Filter):
    """The part of every list's query string that walks through it."""

    cursor: Annotated[
        str | None, Field(max_length=512, description="`next` of the page before; opaque", pattern=r"^[A-Za-z0-9_-]+$")
    ] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ById(Filter):
    """A path that ends in a number."""

    id: RowId
