"""The code on a receipt: how it is spelt, typed and kept."""

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.desk import codes

KEY = b"k" * 32


def test_code_is_ten_letters_nobody_mistakes_and_no_two_are_alike() -> None:
    made = {codes.new_code() for _ in range(200)}
    assert len(made) == 200
    assert {len(code) for code in made} == {codes.LENGTH}
    assert not set("".join(made)) & set("01IO")


def test_code_is_found_however_it_is_typed() -> None:
    code = codes.new_code()
    for typed in (code, codes.spoken(code), codes.spoken(code).lower(), f" {code[:5]} {code[5:]}\n"):
        assert codes.typed(typed) == code


@given(st.text(max_size=40))
def test_what_is_no_code_is_none(text: str) -> None:
    found = codes.typed(text)
    assert found is None or (len(found) == codes.LENGTH and set(found) <= set(codes.ALPHABET))


def test_hash_depends_on_the_key_and_on_every_letter() -> None:
    code = "2" * codes.LENGTH
    assert len(codes.code_hash(KEY, code)) == 32
    assert codes.code_hash(KEY, code) != codes.code_hash(b"other", code)
    assert codes.code_hash(KEY, code) != codes.code_hash(KEY, code[:-1] + "3")
    assert code.encode() not in codes.code_hash(KEY, code)
