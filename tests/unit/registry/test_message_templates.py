"""Templates of messages: checked when they are loaded, rendered strictly, in both languages."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import registry
from registry.messages.templates import (
    FieldsWrong,
    Masking,
    Template,
    TemplateInvalid,
    check_languages,
    parse_template,
    placeholders,
)

DATA = Path(next(iter(registry.__path__))) / "data"
ROW = {
    "topic": "ticket.paged",
    "version": "1",
    "language": "en",
    "subject": "{number}",
    "short": "{number}: {place}",
    "long": "{number}\\n{place}, {due_at}",
    "fields": "number:plain;place;due_at",
    "source": "x",
}


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_template_can_be_rendered_and_stands_in_both_languages() -> None:
    templates = [parse_template(row) for row in rows("message_templates")]
    check_languages(templates)
    for template in templates:
        fields = {name: "2026-11-22T02:00:00+00:00" if name.endswith("_at") else "x" for name in template.fields}
        rendered = template.render(fields)
        assert "{" not in rendered.subject + rendered.short + rendered.long
        # A text message of more than three parts is read by nobody.
        assert len(rendered.short) <= 200, template.topic
        assert "\n" not in rendered.subject + rendered.short


def test_rules_cover_every_grade_and_hold_nothing_grave() -> None:
    general = {row["grade"] for row in rows("message_rules") if not row["channel"]}
    assert general == {"1", "2", "3", "4"}
    for row in rows("message_rules"):
        assert row["source"]
        if row["grade"] in ("1", "2"):
            assert (row["bundle_s"], row["quiet_from"], row["quiet_to"]) == ("0", "", "")


def test_limits_of_goalert_are_the_defaults() -> None:
    found = {
        channel: [(int(r["count"]), int(r["per_s"])) for r in rows("message_limits") if r["channel"] == channel]
        for channel in ("voice", "sms", "mail")
    }
    assert found == {
        "voice": [(1, 60), (3, 900), (7, 3600), (15, 10800)],
        "sms": [(1, 60), (5, 900), (11, 3600), (21, 10800)],
        "mail": [(1, 60)],
    }


def test_times_are_told_as_the_wall_clock_shows_them() -> None:
    rendered = parse_template(ROW).render(
        {"number": "CR-1", "place": "3-1", "due_at": datetime(2026, 11, 21, 18, 10, tzinfo=UTC).isoformat()}
    )
    assert rendered.long == "CR-1\n3-1, 11-22 02:10"


@pytest.mark.parametrize("fields", [{"number": "x"}, {"number": "x", "place": "x", "due_at": "", "more": "x"}])
def test_fields_that_are_missing_or_unknown_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(FieldsWrong):
        parse_template(ROW).render(fields)


@pytest.mark.parametrize(
    "changes",
    [
        {"short": "{caller}"},
        {"short": "{place.__class__}"},
        {"short": "{place[0]}"},
        {"short": "{place!r}"},
        {"short": "{place:>99999999}"},
        {"short": "{}"},
        {"short": "{0}"},
        {"short": "{place"},
        {"short": "place}"},
        {"fields": "number;number;place;due_at"},
        {"fields": "number:secret;place;due_at"},
        {"fields": "nu-mber;place;due_at"},
    ],
    ids=str,
)
def test_a_template_that_says_more_than_names_is_not_loaded(changes: dict[str, str]) -> None:
    with pytest.raises(TemplateInvalid):
        parse_template({**ROW, **changes})


def test_a_version_in_one_language_alone_is_refused() -> None:
    with pytest.raises(TemplateInvalid, match="lacks"):
        check_languages([parse_template(ROW)])


def test_languages_declare_the_same_fields() -> None:
    chinese = parse_template({**ROW, "language": "zh-CN", "fields": "number;place;due_at"})
    with pytest.raises(TemplateInvalid, match="other fields"):
        check_languages([parse_template(ROW), chinese])


@given(st.text(alphabet="{}!:.[]ab_1 ", max_size=12))
def test_whatever_is_accepted_renders(text: str) -> None:
    try:
        names = placeholders("a.b", text)
        template = Template(
            "a.b", 1, parse_template(ROW).language, "x", text or "x", "x", dict.fromkeys(names, Masking.TEXT)
        )
    except TemplateInvalid:
        return
    assert template.render(dict.fromkeys(names, "value"))
