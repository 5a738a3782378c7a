"""Removes fields that could name a person before anything of a message is kept; cheap where there are none."""

from typing import Any, Final

from sensors.personal import strip

_REMEMBERED_MAX: Final = 20_000
# Per set of dropped fields: whether a name, in the spelling of the wire, is one of them.
_verdicts: dict[frozenset[str], dict[str, bool]] = {}


def without_personal(value: Any, dropped: frozenset[str]) -> tuple[Any, bool]:
    """The value without the dropped fields at any depth, and whether there were any; the same object if not."""
    if not _holds_personal(value, dropped):
        return value, False
    kept, _ = strip(value, dropped)
    return kept, True


def _holds_personal(root: Any, dropped: frozenset[str]) -> bool:
    verdicts = _verdicts.get(dropped)
    if verdicts is None or len(verdicts) > _REMEMBERED_MAX:
        verdicts = _verdicts[dropped] = {}
    pending = [root]
    while pending:
        value = pending.pop()
        if type(value) is dict:
            for name, member in value.items():
                verdict = verdicts.get(name)
                if verdict is None:
                    verdict = verdicts[name] = strip({name: None}, dropped)[1] > 0
                if verdict:
                    return True
                if type(member) is dict or type(member) is list:
                    pending.append(member)
        elif type(value) is list:
            pending.extend(member for member in value if type(member) is dict or type(member) is list)
    return False
