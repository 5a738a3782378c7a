"""A person looked and found it so."""

from typing import Final

from dispatcher.risk.model import Verdict
from dispatcher.risk.rules.seen import Rule, Seen, Told


def _human_confirmed(seen: Seen) -> int:
    judgement = seen.facts.judgement
    return int(judgement is not None and judgement.verdict is Verdict.CONFIRMED)


def _tell_confirmed(seen: Seen) -> Told:
    by = seen.facts.judgement and seen.facts.judgement.by
    return Told((), zh=f"{by} 已核实属实", en=f"{by} looked and confirmed it")


RULES: Final = (Rule("human_confirmed", _human_confirmed, _tell_confirmed),)
