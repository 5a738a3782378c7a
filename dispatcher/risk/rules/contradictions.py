"""What speaks against it: devices that report normal again, and a person who looked and found nothing.

Both wait for the watermark: until then a report may still come that the set must be judged with.
"""

from typing import Final

from dispatcher.risk.model import Verdict
from dispatcher.risk.rules.seen import WITNESSES_MAX, Rule, Seen, Told


def _cleared(seen: Seen) -> int:
    return len(seen.facts.cleared)


def _tell_cleared(seen: Seen) -> Told:
    cleared = seen.facts.cleared
    return Told(
        witnesses=cleared[:WITNESSES_MAX],
        zh=f"{len(cleared)} 个设备报告已恢复正常",
        en=f"{len(cleared)} devices report that it is normal again",
    )


def _judged_false(seen: Seen) -> int:
    judgement = seen.facts.judgement
    return int(judgement is not None and judgement.verdict is Verdict.FALSE)


def _tell_false(seen: Seen) -> Told:
    by = seen.facts.judgement and seen.facts.judgement.by
    return Told((), zh=f"{by} 核实为误报", en=f"{by} looked and found it false")


RULES: Final = (Rule("cleared", _cleared, _tell_cleared), Rule("judged_false", _judged_false, _tell_false))
