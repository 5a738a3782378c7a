"""The rules that move a grade: each looks at the tally and the facts and says which level it reached.

A rule is two functions of one set: up to which level it applies, and by which witnesses and in which words. What the
level is worth is a row of `grade_points`. Rules whose points are negative and that grow with the set must wait for the
watermark (`waits`), so that a grade never sinks while its incident can still grow.
"""

from typing import Final

from dispatcher.risk.rules import contradictions, exposure, history, patterns, persons, sources
from dispatcher.risk.rules.seen import Rule, Seen, Told

RULES: Final[tuple[Rule, ...]] = (
    *sources.RULES,
    *persons.RULES,
    *patterns.RULES,
    *history.RULES,
    *exposure.RULES,
    *contradictions.RULES,
)

__all__ = ["RULES", "Rule", "Seen", "Told"]
