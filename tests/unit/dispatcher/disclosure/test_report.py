"""What residents read holds what its level names and nothing else, and says who has a matter that was refused."""

from datetime import UTC, date, datetime

import pytest

from dispatcher.disclosure.model import levels_allowed
from dispatcher.disclosure.report import FEWEST, Count, Draft, Names, Returned, TicketFacts, public_body
from registry.disclosures import DisclosureItem, DisclosureLevel, DisclosureMoment

L, M, ITEM = DisclosureLevel, DisclosureMoment, DisclosureItem
# 23:30 in Chengdu is the day before in UTC's evening, and the next day's beginning half an hour later.
OPENED = datetime(2026, 3, 10, 16, 30, tzinfo=UTC)


def named(word: str) -> Names:
    return Names(word, word.title())


FACTS = TicketFacts(
    kind=named("secret-kind"),
    kind_group=named("group"),
    opened_at=OPENED,
    closed_at=OPENED,
    lead=named("lead"),
    co_units=(named("co"),),
    returned=(Returned(named("refuser"), "第三条"),),
)


def draft(level: DisclosureLevel, **more: object) -> Draft:
    columns: dict[str, object] = {
        "item": ITEM.PUBLIC_SAFETY,
        "moment": M.CLOSED,
        "level": level,
        "publisher": named("publisher"),
        "street": named("street"),
        "title": "secret-title",
        "text": "secret-text",
        "facts": FACTS,
    }
    return Draft(**{**columns, **more})  # type: ignore[arg-type]


def test_never_says_nothing() -> None:
    assert public_body(draft(L.NEVER)) == {}


def test_presence_says_group_street_and_day_alone() -> None:
    body = public_body(draft(L.PRESENCE_ONLY))
    assert set(body) == {"level", "item", "moment", "publisher", "street", "kind_group", "opened_on"}
    assert "secret" not in str(body)
    assert "lead" not in str(body)
    assert body["opened_on"] == "2026-03-11"


def test_full_names_who_refused_and_who_has_it_now() -> None:
    body = public_body(draft(L.FULL))
    assert body["returned"] == [
        {"unit": {"zh": "refuser", "en": "Refuser"}, "basis": "第三条", "now_with": {"zh": "lead", "en": "Lead"}}
    ]
    assert (body["title"], body["text"], body["lead"]["zh"]) == ("secret-title", "secret-text", "lead")


def test_statistics_hide_small_numbers() -> None:
    counts = [Count(ITEM.OTHER, named("few"), FEWEST - 1), Count(ITEM.OTHER, named("many"), FEWEST)]
    body = public_body(draft(L.STATISTICS, month=date(2026, 3, 1), counts=counts, moment=M.MONTH))
    assert [(each["tickets"], each["fewer_than"]) for each in body["counts"]] == [(None, FEWEST), (FEWEST, None)]
    assert (body["month"], "text" in body) == ("2026-03", False)


@pytest.mark.parametrize(
    ("item", "moment", "undisclosed", "ticket_open", "allowed"),
    [
        (ITEM.OTHER, M.MONTH, False, False, {L.STATISTICS}),
        (ITEM.PUBLIC_SAFETY, M.MATTER, False, True, {L.PRESENCE_ONLY, L.NEVER}),
        (ITEM.PUBLIC_SAFETY, M.WARNING, False, True, {L.PRESENCE_ONLY, L.FULL, L.NEVER}),
        (ITEM.PUBLIC_SAFETY, M.CLOSED, False, False, {L.PRESENCE_ONLY, L.FULL, L.NEVER}),
        (ITEM.PUBLIC_MANAGEMENT, M.MILESTONE, False, True, {L.PRESENCE_ONLY, L.FULL, L.NEVER}),
        (ITEM.OTHER, M.MATTER, True, False, {L.NEVER}),
    ],
)
def test_levels_that_an_editor_may_choose(
    item: DisclosureItem, moment: DisclosureMoment, undisclosed: bool, ticket_open: bool, allowed: set[DisclosureLevel]
) -> None:
    assert levels_allowed(item, moment, undisclosed=undisclosed, ticket_open=ticket_open) == allowed
