"""Seeds of the hotline's desk: legal bases of refusals, when residents are called, how much is looked at again."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from runtime.queries import load

QUERIES = load(__package__)

FILES: Final[tuple[tuple[str, str, Callable[[int, int, Mapping[str, str]], tuple[object, ...]]], ...]] = (
    (
        "refusal_bases",
        QUERIES.upsert_refusal_basis,
        lambda v, _i, r: (
            r["code"],
            v,
            r["refusal"],
            r["zh_text"],
            r["en_text"],
            r["source"],
            date.fromisoformat(r["valid_from"]),
        ),
    ),
    (
        "call_rules",
        QUERIES.upsert_call_rule,
        lambda v, _i, r: (r["name"], v, int(r["value"]), r["unit"], r["source"]),
    ),
    (
        "re_check_rates",
        QUERIES.upsert_re_check_rate,
        lambda v, _i, r: (r["cause"], v, int(r["one_in"]), r["source"]),
    ),
)
"""Each file with its statement and the arguments of a row (version, number, row), as `registry.seed` reads them."""
