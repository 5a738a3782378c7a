"""A version of the rules as one document: groups, what is ruled about each kind, the risk matrix, the patterns."""

import hashlib
from enum import StrEnum
from typing import Annotated, Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from dispatcher.rules.findings import Finding, FindingCode, Weight
from registry.event_kinds import KindMode

FORMAT: Final = 1
AXIS: Final = range(1, 6)
GRADE_POINTS: Final = "grade_points"  # a reference: which version of the points of evidence counts

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
# Wide on purpose: what is sensible is checked with a reason, this only keeps numbers storable.
Whole = Annotated[int, Field(ge=-(2**31), lt=2**31)]


class RuleSource(StrEnum):
    """Where a version came from; equal to the SQL enum `rule_source`."""

    RELEASE = "release"  # The master data of a release.
    IMPORT = "import"  # A file that a person brought.
    API = "api"  # A program or the console.


class PatternMode(StrEnum):
    """Equal to the SQL enum `pattern_mode`."""

    ACTIVE = "active"  # Matches join incidents into cases and are evidence for the grade.
    MONITOR = "monitor"  # Matches are recorded; nothing is joined and nobody is told.
    INACTIVE = "inactive"  # Not looked for; may be switched on again.
    EXPIRED = "expired"  # Not looked for any more; stands for the record.


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class GroupRules(_Part):
    """What belongs together among the kinds of a group."""

    zh_name: Name
    en_name: Name
    clustered: bool = Field(description="false: every event of the group stands alone")
    r_m: Whole = Field(description="two events are linked within so many metres")
    t_s: Whole = Field(description="and so many seconds")
    g_s: Whole = Field(description="reports of one subject with gaps up to this are one occurrence")
    m: Whole = Field(description="least number of neighbours, itself included, of a core")
    lateness_s: Whole = Field(description="how far the watermark stays behind the clock")
    tile_s: Whole = Field(default=0, description="an incident is cut at multiples of it; 0: never")
    follow_s: Whole = Field(default=0, description="so long after another began an incident may follow it; 0: never")
    flap_window_s: Whole = Field(default=0, description="state changes are counted over so long; 0: nothing flaps")
    flap_on: Whole = Field(default=3, description="so many begin an episode of flapping")
    flap_off: Whole = Field(default=1, description="and so few end it")


class KindRules(_Part):
    """What is ruled about one kind; its names and departments are master data."""

    group: Key
    likelihood: Whole
    consequence: Whole
    mode: Annotated[KindMode, Field(strict=False)]


class PatternRules(_Part):
    """Which version of a pattern counts, and for what; its steps, radius and time are master data."""

    version: Whole
    mode: Annotated[PatternMode, Field(strict=False)]


class RuleDocument(_Part):
    """All rules of one rule set. The matrix holds a row a consequence, 1 to 5, of grades by likelihood 1 to 5."""

    format: int = FORMAT
    groups: dict[Key, GroupRules]
    kinds: dict[Key, KindRules]
    matrix: dict[str, list[Whole]]
    references: dict[Key, Whole] = Field(
        default_factory=dict, description="versions of rules that are kept elsewhere, such as points of evidence"
    )
    patterns: dict[Key, PatternRules] | None = Field(
        default=None,
        description="one that is not named is not looked for; where all are missing, those in force are taken",
    )

    def content(self) -> dict[str, Any]:
        """As JSON values; what the database keeps. Versions from before patterns were ruled keep their digest."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def sha256(self) -> str:
        """Of the content with its names in order: the same for the same rules, however they were written down."""
        return hashlib.sha256(orjson.dumps(self.content(), option=orjson.OPT_SORT_KEYS)).hexdigest()

    def grade(self, *, consequence: int, likelihood: int) -> int:
        return self.matrix[str(consequence)][likelihood - 1]


def parse(content: object) -> RuleDocument | list[Finding]:
    """The document, or where it has not the shape of one."""
    try:
        return RuleDocument.model_validate(content)
    except ValidationError as error:
        return [
            Finding(
                path=path_of(tuple(step for step in one["loc"] if step != "[key]")),
                code=FindingCode.SHAPE,
                weight=Weight.ERROR,
                zh=f"格式不符：{one['msg']}",
                en=one["msg"],
            )
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        ]


def path_of(loc: tuple[str | int, ...]) -> str:
    """Where in the document, as people write it: `matrix.4[2]`."""
    said = ""
    for step in loc:
        said += f"[{step}]" if isinstance(step, int) else f".{step}" if said else str(step)
    return said
