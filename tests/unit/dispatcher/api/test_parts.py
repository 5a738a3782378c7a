"""Cursors, masks, links and what a watcher sees: pure parts of the api."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.accounts.model import UserRole
from dispatcher.accounts.sessions import Watcher
from dispatcher.api.cursors import CursorInvalid, decode, encode
from dispatcher.api.live.visibility import StreamRow, may_see
from dispatcher.api.reading.links import LINKS_MAX, Located, links
from dispatcher.channels.masking import masked_name, masked_phone, masked_text

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@given(
    st.integers(-(2**63), 2**63 - 1),
    st.text(max_size=20).filter(lambda text: "\x00" not in text),
    st.integers(-(10**9), 10**11).map(lambda second: datetime.fromtimestamp(second, UTC)),
)
def test_cursor_gives_back_what_was_put_in(number: int, text: str, at: datetime) -> None:
    assert decode(encode(number, text, at), int, str, datetime) == (number, text, at)


@given(st.text(alphabet="ABCDEFabcdef0123456789-_", max_size=60))
def test_foreign_cursor_is_refused_and_never_more(cursor: str) -> None:
    with suppress(CursorInvalid):
        decode(cursor, int, datetime)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("打 13812345678 找我", "打 138**** 找我"),
        ("身份证510104199001011234", "身份证510****"),
        ("028-8512 3456", "028****"),
        ("138–1234–5678", "138****"),
        ("见 CR-20261122-00001", "见 CR-20261122-00001"),
        ("3 栋 12 楼 1204", "3 栋 12 楼 1204"),
        ("2026-11-22 和 2019-1-2", "2026-11-22 和 2019-1-2"),
    ],
)
def test_long_numbers_in_a_text_are_cut(text: str, shown: str) -> None:
    assert masked_text(text) == shown


@given(st.from_regex(r"\A[+0-9][0-9 ()-]{2,31}\Z"))
def test_masked_phone_never_shows_the_number(phone: str) -> None:
    shown = masked_phone(phone)
    assert shown is not None
    digits = [c for c in phone if c.isdigit()]
    assert len([c for c in shown if c.isdigit()]) <= max(2, len(digits) - 1)


def test_masks_of_nothing_are_nothing() -> None:
    assert (masked_phone(None), masked_name(None), masked_name("")) == (None, None, None)


def test_links_join_what_is_near_in_place_and_time() -> None:
    def at(minute: int, x_dm: int) -> Located:
        return Located(bytes([minute, x_dm % 256]), NOON + timedelta(minutes=minute), x_dm, 0)

    a, b, late, far = at(0, 0), at(5, 900), at(30, 0), at(6, 5000)
    found = links([far, late, b, a], r_m=100, t_s=600)
    assert [(link.uid_a, link.uid_b, link.distance_dm, link.dt_ms) for link in found] == [(a.uid, b.uid, 900, 300_000)]
    crowd = [at(minute % 10, minute) for minute in range(100)]
    assert len(links(crowd, r_m=100, t_s=600)) == LINKS_MAX


ROW = StreamRow(1, NOON, "ticket.changed", ("city", "east"), ("urban",), {})


@pytest.mark.parametrize(
    ("scope", "organisation", "topic", "path", "sees"),
    [
        (None, None, "ticket.changed", ("city", "east"), True),
        ("city", None, "ticket.changed", ("city", "east"), True),
        ("east", None, "incident.opened", ("city", "east"), True),
        ("west", None, "ticket.changed", ("city", "east"), False),
        ("east", None, "ticket.changed", ("city",), False),
        ("west", "urban", "ticket.changed", ("city", "east"), True),
        ("west", "fire", "ticket.changed", ("city", "east"), False),
        ("west", None, "ticket.changed", (), True),
        (None, None, "secret.told", ("city", "east"), False),
        (None, None, "", (), False),
    ],
)
def test_watcher_sees_its_area_and_its_organisations_rows(
    scope: str | None, organisation: str | None, topic: str, path: tuple[str, ...], sees: bool
) -> None:
    row = StreamRow(1, NOON, topic, path, ("urban",), {})
    assert may_see(row, Watcher(frozenset({UserRole.AUDITOR}), organisation, scope)) is sees


def test_watcher_without_a_role_sees_nothing_but_the_clock() -> None:
    nobody = Watcher(frozenset(), None, None)
    assert not may_see(ROW, nobody)
    assert may_see(StreamRow(2, NOON, "clock.moved", (), (), {}), nobody)
