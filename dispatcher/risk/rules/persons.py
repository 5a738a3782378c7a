"""A person looked and found it so."""

from typing import Final

from dispatcher.risk.model import Verdict
from dispatcher.risk.rules.seen import Found, Rule, Seen


def _human_confirmed(seen: Seen) -> Found | None:
    judgement = seen.facts.judgement
    if judgement is None or judgement.verdict is not Verdict.CONFIRMED:
        return None
    return Found(1, (), zh=f"{judgement.by} 已核实属实", en=f"{judgement.by} looked and confirmed it")


RULES: Final = (Rule("human_confirmed", _human_confirmed),)
