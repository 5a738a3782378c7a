"""The five elements of a call (何人 何时 何地 何事 何诉求): which are missing, and how they are asked for. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Element(StrEnum):
    """Equal to the SQL enum `call_element`."""

    WHO = "who"  # 何人: unless the caller chose to stay unnamed.
    WHEN = "when"  # 何时: since when it is so, not when the call came.
    WHERE = "where"  # 何地: an address or a position; an area alone sends nobody anywhere.
    WHAT = "what"  # 何事
    WANTED = "wanted"  # 何诉求: what the caller wants to be done.


class Urgency(StrEnum):
    """How long a call may wait; equal to the SQL enum `call_urgency`."""

    ORDINARY = "ordinary"  # 一般
    URGENT = "urgent"  # 紧急: somebody waits for help; no life is at stake.
    LIFE_DANGER = "life_danger"  # 危及生命: acted on at once, grade II at least.


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """As much of a call as the elements ask for."""

    text: str
    wanted: str | None
    named: bool  # Left a name or a number.
    anonymous: bool
    timed: bool  # Said since when.
    placed: bool  # Gave an address or a position.


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the call taker asks, in both languages."""

    element: Element
    zh_text: str
    en_text: str


_PROMPTS: Final[Mapping[Element, tuple[str, str]]] = {
    Element.WHO: (
        "请问您怎么称呼、用哪个电话联系您？也可以不留姓名。",
        "What is your name and number? You may stay unnamed.",
    ),
    Element.WHEN: ("这个情况是从什么时候开始的？", "Since when has it been so?"),
    Element.WHERE: (
        "请说一下具体地址，例如小区、楼栋、单元或附近的标志。",
        "Where exactly is it: estate, building, landmark?",
    ),
    Element.WHAT: ("请说一下发生了什么事。", "What has happened?"),
    Element.WANTED: ("您希望怎么处理？", "What would you like to be done?"),
}


def missing(said: Said) -> tuple[Element, ...]:
    """The elements that the call leaves open, in the order in which they are asked. Nothing is made up for them."""
    given = {
        Element.WHO: said.named or said.anonymous,
        Element.WHEN: said.timed,
        Element.WHERE: said.placed,
        Element.WHAT: bool(said.text.strip()),
        Element.WANTED: bool((said.wanted or "").strip()),
    }
    return tuple(element for element in Element if not given[element])


def still_missing(at_intake: Iterable[Element], supplied: Iterable[Element]) -> tuple[Element, ...]:
    """What is open after what was asked for later came in."""
    come = set(supplied)
    return tuple(element for element in at_intake if element not in come)


def prompts(open_elements: Iterable[Element]) -> tuple[Prompt, ...]:
    """The questions for elements that are open."""
    return tuple(Prompt(element, *_PROMPTS[element]) for element in open_elements)
