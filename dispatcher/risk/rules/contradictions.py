"""What speaks against it: devices that report normal again, and a person who looked and found nothing.

Both wait for the watermark: until then a report may still come that the set must be judged with.
"""

from typing import Final

from dispatcher.risk.model import Verdict
from dispatcher.risk.rules.seen import WITNESSES_MAX, Found, Rule, Seen


def _cleared(seen: Seen) -> Found | None:
    cleared = seen.facts.cleared
    if not cleared:
        return None
    return Found(
        level=len(cleared),
        witnesses=cleared[:WITNESSES_MAX],
        zh=f"{len(cleared)} 个设备报告已恢复正常",
        en=f"{len(cleared)} devices report that it is normal again",
    )


def _judged_false(seen: Seen) -> Found | None:
    judgement = seen.facts.judgement
    if judgement is None or judgement.verdict is not Verdict.FALSE:
        return None
    return Found(1, (), zh=f"{judgement.by} 核实为误报", en=f"{judgement.by} looked and found it false")


RULES: Final = (Rule("cleared", _cleared), Rule("judged_false", _judged_false))
