"""Which of the five elements a call leaves open, and how it is asked for."""

from dataclasses import replace

import pytest

from dispatcher.desk.elements import Element, Said, missing, prompts, still_missing

WHOLE = Said(text="路灯不亮", wanted="修好", named=True, anonymous=False, timed=True, placed=True)


def test_call_that_says_everything_misses_nothing() -> None:
    assert missing(WHOLE) == ()


@pytest.mark.parametrize(
    ("said", "open_elements"),
    [
        (replace(WHOLE, named=False), (Element.WHO,)),
        (replace(WHOLE, named=False, anonymous=True), ()),
        (replace(WHOLE, timed=False), (Element.WHEN,)),
        (replace(WHOLE, placed=False), (Element.WHERE,)),
        (replace(WHOLE, text=" \n"), (Element.WHAT,)),
        (replace(WHOLE, wanted=None), (Element.WANTED,)),
        (replace(WHOLE, wanted="  "), (Element.WANTED,)),
        (Said(text="", wanted=None, named=False, anonymous=False, timed=False, placed=False), tuple(Element)),
    ],
)
def test_what_is_left_open_is_named_in_the_order_of_asking(said: Said, open_elements: tuple[Element, ...]) -> None:
    assert missing(said) == open_elements


def test_what_came_later_is_not_asked_for_again() -> None:
    assert still_missing((Element.WHEN, Element.WHERE), (Element.WHERE,)) == (Element.WHEN,)
    assert [prompt.element for prompt in prompts((Element.WHEN,))] == [Element.WHEN]


def test_every_element_has_a_question_in_both_languages() -> None:
    for prompt in prompts(Element):
        assert prompt.zh_text
        assert prompt.en_text.isascii()
