"""The rules that move a grade: each looks at the tally and the facts and returns its evidence, or nothing.

A rule is one function of one set: it says which level it reached, who the witnesses are and how to say so. What the
level is worth is a row of `grade_points`. Rules whose points are negative and that grow with the set must wait for the
watermark (`waits`), so that a grade never sinks while its incident can still grow.
"""

from typing import Final

from dispatcher.risk.rules import contradictions, exposure, history, patterns, persons, sources
from dispatcher.risk.rules.seen import Found, Rule, Seen

RULES: Final[tuple[Rule, ...]] = (
    *sources.RULES,
    *persons.RULES,
    *patterns.RULES,
    *history.RULES,
    *exposure.RULES,
    *contradictions.RULES,
)

__all__ = ["RULES", "Found", "Rule", "Seen"]
