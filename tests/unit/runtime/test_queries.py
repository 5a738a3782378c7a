"""A `queries.sql` is read without a doubt about which text belongs to which name."""

import pytest

from runtime.queries import QueryFileInvalid, parse

GOOD = """-- Tickets: the only SQL about them.

-- name: lock_ticket :one
-- Held until the transition is written.
SELECT id, version FROM tickets WHERE id = $1 FOR UPDATE;

-- name: open_tickets :many
SELECT id
FROM tickets
"""


def test_queries_are_attributes_without_the_semicolon() -> None:
    queries = parse(GOOD, source="x.sql")
    assert list(queries) == ["lock_ticket", "open_tickets"]
    assert queries.lock_ticket.endswith("FOR UPDATE")
    assert queries.open_tickets == "SELECT id\nFROM tickets"
    assert queries.yields("lock_ticket") == "one"


def test_unknown_query_is_an_attribute_error_that_names_the_file() -> None:
    with pytest.raises(AttributeError, match=r"x\.sql has no query named closed_tickets"):
        _ = parse(GOOD, source="x.sql").closed_tickets


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("SELECT 1\n-- name: a :one\nSELECT 1", 1, id="SQL before the first name"),
        pytest.param("-- name: a :one\nSELECT 1\n-- name: a :one\nSELECT 2", 3, id="a name twice"),
        pytest.param("-- name: a :one\n-- name: b :one\nSELECT 2", 1, id="an empty query"),
        pytest.param("-- name: a :one\n-- only words", 1, id="a query of comments"),
        pytest.param("-- name: a :few\nSELECT 1", 1, id="an unknown yield"),
        pytest.param("-- name: a\nSELECT 1", 1, id="no yield"),
        pytest.param("-- name: A :one\nSELECT 1", 1, id="no lower snake name"),
    ],
)
def test_ambiguous_file_is_refused_at_its_line(text: str, line: int) -> None:
    with pytest.raises(QueryFileInvalid) as refusal:
        parse(text, source="x.sql")
    assert refusal.value.line == line
