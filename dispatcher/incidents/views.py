"""Why an incident has its grade, as the api, the stream and the messages show it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]*$")]
"""Bytes in lower-case hexadecimal."""


class View(BaseModel):
    """What readers get: frozen, nothing beyond what is declared."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_inf_nan="null", json_schema_mode_override="serialization"
    )


class RiskPoint(View):
    likelihood: int
    consequence: int


class Evidence(View):
    rule: str
    rule_version: int
    moves: Literal["likelihood", "consequence"]
    delta: int
    witnesses: list[Hex]
    zh: str
    en: str


class Explanation(View):
    """Why the matrix gave this grade."""

    kind: str
    kind_version: int
    matrix_version: int
    base: RiskPoint
    evidence: list[Evidence]
    likelihood: int
    consequence: int
    grade: int
