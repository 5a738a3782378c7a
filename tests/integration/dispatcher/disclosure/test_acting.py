"""Two persons make something public; nobody approves his own work, no box is skipped, nothing changes in between."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from dispatcher.accounts.model import User
from dispatcher.admission.errors import ActRefused, EntryRefused, Outpaced, SubjectNotFound
from dispatcher.admission.procedures import Act, Refusal
from dispatcher.disclosure import acting, matters
from dispatcher.disclosure.matters import Matter
from dispatcher.disclosure.model import MatterOutcome
from dispatcher.disclosure.reading import QUERIES, Sight, read, read_known
from registry.disclosures import DisclosureItem
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.disclosure.openness import (
    APPROVER,
    BOTH,
    CHAIR,
    CHECKED,
    EDITOR,
    MEMBER,
    STRANGER,
    advance,
    closed_ticket,
    done,
    only,
    published,
)
from tests.integration.dispatcher.tickets.town import ACCEPT as TAKE_IN
from tests.integration.dispatcher.tickets.town import AT, DISPATCH, HEAD, LEADER, VERIFIER, E, act, new_ticket


@pytest.fixture
async def draft(pool: Pool) -> int:
    """The id of the disclosure of a closed ticket."""
    await closed_ticket(pool, calls=1)
    await advance(pool, AT)
    disclosure_id: int = (await only(pool))["id"]
    return disclosure_id


async def refused(pool: Pool, disclosure_id: int, event: str, who: User, **fields: Any) -> Refusal:
    with pytest.raises(ActRefused) as told:
        await done(pool, disclosure_id, event, who, **fields)
    return told.value.refused.reason


async def wrong(pool: Pool, disclosure_id: int, event: str, who: User, **fields: Any) -> str:
    with pytest.raises(EntryRefused) as told:
        await done(pool, disclosure_id, event, who, **fields)
    return told.value.field


async def test_two_persons_publish_and_nobody_alone(pool: Pool, owner: Connection, draft: int) -> None:
    await done(pool, draft, "edit", BOTH, text="路灯已修复")
    await done(pool, draft, "check", EDITOR, **CHECKED)
    assert await refused(pool, draft, "approve", EDITOR) is Refusal.NOT_THIS_PARTY
    # Who wrote it once may not approve it, though somebody else checked it.
    assert await refused(pool, draft, "approve", BOTH) is Refusal.NOT_THIS_PARTY
    row = await done(pool, draft, "approve", APPROVER)
    assert (row["state"], row["approver"], row["public_body"]["text"]) == ("approved", APPROVER.actor, "路灯已修复")
    row = await done(pool, draft, "publish", EDITOR)
    assert row["published_at"] == AT
    events = await owner.fetch(
        "SELECT event, actor FROM disclosure_records WHERE disclosure_id = $1 ORDER BY version", draft
    )
    assert [tuple(each) for each in events] == [
        ("open", "rule:disclosure"),
        ("edit", BOTH.actor),
        ("check", EDITOR.actor),
        ("approve", APPROVER.actor),
        ("publish", EDITOR.actor),
    ]


@pytest.mark.parametrize(
    "change",
    [
        "approver = editors[1]",
        "state = 'published', published_at = opened_at",
        "state = 'approved', approver = 'user:9', public_body = '{}', privacy_checked = false",
        "state = 'withheld', approver = 'user:9'",
        "level = 'never'",
        "level = 'never', never_reason = 'minors', published_at = opened_at, public_body = '{}'",
        "state = 'withdrawn', withdrawn_at = opened_at",
    ],
)
async def test_database_itself_holds_the_rule_of_two_persons_and_the_boxes(
    pool: Pool, owner: Connection, draft: int, change: str
) -> None:
    await done(pool, draft, "check", EDITOR, **CHECKED)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(f"UPDATE disclosures SET {change} WHERE id = $1", draft)  # noqa: S608


@pytest.mark.parametrize("box", sorted(CHECKED))
async def test_no_box_is_skipped(pool: Pool, draft: int, box: str) -> None:
    assert await wrong(pool, draft, "check", EDITOR, **(CHECKED | {box: False})) == box
    left = {name: value for name, value in CHECKED.items() if name != box}
    assert await refused(pool, draft, "check", EDITOR, **left) is Refusal.FIELD_MISSING


async def test_edit_after_the_check_is_checked_and_approved_anew(pool: Pool, draft: int) -> None:
    await done(pool, draft, "check", EDITOR, **CHECKED)
    row = await done(pool, draft, "edit", EDITOR, text="另一说法")
    assert (row["state"], row["privacy_checked"]) == ("draft", False)
    assert await refused(pool, draft, "approve", APPROVER) is Refusal.NOT_IN_THIS_STATE


async def test_what_changed_since_the_approval_is_not_published(pool: Pool, owner: Connection, draft: int) -> None:
    await done(pool, draft, "edit", EDITOR, text="清水苑阿宽报修,路灯已修复")
    await done(pool, draft, "check", EDITOR, **CHECKED)
    row = await done(pool, draft, "approve", APPROVER)
    assert "阿宽" in row["public_body"]["text"]
    # A reporter of that name turns up after the approval.
    await owner.execute("UPDATE hotline_calls SET caller_name = '阿宽'")
    assert await wrong(pool, draft, "publish", EDITOR) == "public_body"
    await done(pool, draft, "send_back", APPROVER, reason="有报修人姓名")
    await done(pool, draft, "check", EDITOR, **CHECKED)
    row = await done(pool, draft, "approve", APPROVER)
    assert "阿宽" not in row["public_body"]["text"]
    assert (await done(pool, draft, "publish", APPROVER))["state"] == "published"


async def test_required_redaction_is_taken_back_with_a_reason_and_a_reporters_never(pool: Pool, draft: int) -> None:
    text = "业务电话028-87654321,报修人13812345678。"
    office = {"start": 4, "end": 16, "reason": "政府公开电话"}
    caller = {"start": 20, "end": 31, "reason": "x"}
    assert await wrong(pool, draft, "edit", EDITOR, text=text, waivers=[office, caller]) == "waivers"
    assert await wrong(pool, draft, "edit", EDITOR, text=text, waivers=[{**office, "reason": " "}]) == "waivers"
    await done(pool, draft, "edit", EDITOR, text=text, waivers=[office])
    await done(pool, draft, "check", EDITOR, **CHECKED)
    shown = (await done(pool, draft, "approve", APPROVER))["public_body"]["text"]
    assert shown == "业务电话028-87654321,报修人〔号码〕。"


async def test_less_than_the_rule_wants_needs_a_reason_and_never_is_withheld_by_two(
    pool: Pool, owner: Connection, draft: int
) -> None:
    assert await refused(pool, draft, "edit", EDITOR, level="presence_only") is Refusal.FIELD_MISSING
    assert await wrong(pool, draft, "edit", EDITOR, level="never", reason="x") == "never_reason"
    assert await wrong(pool, draft, "edit", EDITOR, level="statistics", reason="x") == "level"
    await done(pool, draft, "edit", EDITOR, level="never", never_reason="ongoing_police", reason="警方侦办中")
    await done(pool, draft, "check", EDITOR, **CHECKED)
    assert await wrong(pool, draft, "approve", APPROVER) == "level"
    assert await refused(pool, draft, "withhold", EDITOR, reason="x") is Refusal.NOT_THIS_PARTY
    row = await done(pool, draft, "withhold", APPROVER, reason="警方侦办中")
    assert (row["state"], row["published_at"]) == ("withheld", None)
    await advance(pool, row["law_due_at"] + timedelta(days=1))
    assert await owner.fetchval("SELECT count(*) FROM breach_records WHERE source_key LIKE 'disclosure:%'") == 0


async def test_wrong_publication_is_withdrawn_with_a_reason_and_is_due_again(pool: Pool, draft: int) -> None:
    await published(pool, draft)
    assert await wrong(pool, draft, "withdraw", APPROVER, reason="x", code="reopened") == "code"
    row = await done(pool, draft, "withdraw", APPROVER, AT + timedelta(days=7), reason="单位名称有误", code="error")
    assert (row["state"], row["reason"]) == ("withdrawn", "单位名称有误")
    again = await only(pool, state="draft")
    assert (again["replaces"], again["ticket_id"]) == (draft, row["ticket_id"])
    assert again["due_at"] > row["due_at"]


async def test_what_should_never_have_been_public_is_not_due_again(pool: Pool, owner: Connection, draft: int) -> None:
    await published(pool, draft)
    await done(pool, draft, "withdraw", APPROVER, reason="涉及未成年人", code="not_public")
    assert await owner.fetchval("SELECT count(*) FROM disclosures") == 1


async def test_nothing_that_is_due_is_dropped(pool: Pool, draft: int) -> None:
    assert await wrong(pool, draft, "drop", EDITOR, reason="x") == "event"


async def test_second_action_at_one_version_is_outpaced(pool: Pool, draft: int) -> None:
    await done(pool, draft, "edit", EDITOR, text="甲")
    with pytest.raises(Outpaced):
        async with transaction(pool, scope=SYSTEM) as conn:
            await acting.act(conn, draft, Act("edit", 1, None, {"text": "乙"}), EDITOR, AT)


async def test_drafts_are_seen_by_those_who_look_after_the_area_and_by_their_publisher(pool: Pool, draft: int) -> None:
    async with pool.acquire() as conn:
        assert await read(conn, draft, Sight.of(APPROVER))
        assert await read(conn, draft, Sight(False, "tt-east", "t-fire"))
        for other in (Sight.of(STRANGER), Sight.of(CHAIR), Sight(False, "tt", "t-police")):
            with pytest.raises(SubjectNotFound):
                await read(conn, draft, other)


async def test_unit_that_is_complained_of_sees_no_draft_that_would_tell_it_who_did(
    pool: Pool, owner: Connection, draft: int
) -> None:
    async with pool.acquire() as conn:
        assert await read(conn, draft, Sight(True, "tt-east", "t-police"))
        await owner.execute("UPDATE hotline_calls SET complained_of = 't-police'")
        with pytest.raises(SubjectNotFound):
            await read(conn, draft, Sight(True, "tt-east", "t-police"))
        assert await read(conn, draft, Sight(True, "tt-east", None))


async def test_unit_that_refused_is_named_with_who_has_it_now(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    asked = (E.REQUEST_RETURN, HEAD, {"basis": "职责清单第三条,经办人王建国", "suggested_unit": "t-urban"})
    await act(pool, ticket_id, TAKE_IN, DISPATCH, asked, (E.ACCEPT_RETURN, LEADER, {}))
    await act(pool, ticket_id, (E.DISPATCH, LEADER, {"lead": "t-urban"}))
    async with transaction(pool, scope=SYSTEM) as conn:
        matter = Matter(
            item=DisclosureItem.OTHER, title="路灯", text="处置中", publisher_id="t-gov", ticket_id=ticket_id
        )
        disclosure_id = await matters.open_matter(conn, matter, EDITOR, AT)
    await done(pool, disclosure_id, "check", EDITOR, **CHECKED)
    body = (await done(pool, disclosure_id, "approve", APPROVER))["public_body"]
    (returned,) = body["returned"]
    assert (returned["unit"]["zh"], returned["now_with"]["zh"]) == ("t-fire", "t-urban")
    assert returned["basis"].startswith("职责清单第三条")
    assert "王建国" not in str(body)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"outcome": MatterOutcome.MEDIATED}, "both_consent"),
        ({"outcome": MatterOutcome.RESOLUTION}, "minutes"),
        ({"publisher_id": "t-gov"}, "publisher"),
        ({"publisher_id": "nobody"}, "publisher"),
        ({"ticket_id": 1}, "ticket_id"),
        ({"duty_id": 999}, "duty_id"),
    ],
)
async def test_matter_of_a_committee_that_cannot_be(pool: Pool, more: dict[str, Any], field: str) -> None:
    await new_ticket(pool)
    columns: dict[str, Any] = {"item": DisclosureItem.RESIDENT_RIGHTS, "title": "议事", "text": "决议"}
    matter = Matter(**{**columns, "publisher_id": "committee-tt", **more})
    with pytest.raises(EntryRefused) as told:
        async with transaction(pool, scope=SYSTEM) as conn:
            await matters.open_matter(conn, matter, CHAIR, AT)
    assert told.value.field == field


async def test_editors_of_the_government_have_no_hand_in_a_committees_matter(pool: Pool) -> None:
    matter = Matter(
        item=DisclosureItem.RESIDENT_RIGHTS,
        title="坝坝会决议",
        text="同意加装电梯",
        publisher_id="committee-tt",
        outcome=MatterOutcome.RESOLUTION,
        minutes="2026年第3次议事会",
    )
    async with transaction(pool, scope=SYSTEM) as conn:
        disclosure_id = await matters.open_matter(conn, matter, CHAIR, AT)
        assert await conn.fetchval("SELECT due_at FROM disclosures WHERE id = $1", disclosure_id) is None
    await done(pool, disclosure_id, "check", CHAIR, **CHECKED)
    assert await refused(pool, disclosure_id, "approve", CHAIR) is Refusal.NOT_THIS_PARTY
    assert await refused(pool, disclosure_id, "approve", APPROVER) is Refusal.NOT_THIS_PARTY
    await done(pool, disclosure_id, "approve", MEMBER)
    assert (await done(pool, disclosure_id, "publish", MEMBER))["public_body"]["outcome"] == "resolution"


async def test_public_query_selects_what_was_published_alone(pool: Pool, draft: int) -> None:
    async with pool.acquire() as conn:
        assert await conn.fetch(QUERIES.list_public, None, None, None, None, 10) == []
        assert await conn.fetchrow(QUERIES.read_public, draft) is None
        await published(pool, draft)
        (row,) = await conn.fetch(QUERIES.list_public, None, "tt-east", None, None, 10)
        assert not {"text", "redactions", "waivers", "editors", "ticket_id"} & set(row.keys())
        assert await conn.fetch(QUERIES.list_public, None, "tt-west", None, None, 10) == []


async def test_kind_that_is_corrected_later_stops_what_was_written_before(
    pool: Pool, owner: Connection, draft: int
) -> None:
    ticket_id = (await only(pool))["ticket_id"]
    await done(pool, draft, "edit", EDITOR, text="邻里纠纷已调解")
    await done(pool, draft, "check", EDITOR, **CHECKED)
    await owner.execute(
        "INSERT INTO undisclosed_kinds (version, kind, reason, source)"
        " SELECT max(version), 'streetlight_out', 'minors', 'x' FROM undisclosed_kinds"
    )
    assert await wrong(pool, draft, "approve", APPROVER) == "level"
    await done(pool, draft, "send_back", APPROVER, reason="类别已更正")
    assert await wrong(pool, draft, "check", EDITOR, **CHECKED) == "level"
    await done(pool, draft, "edit", EDITOR, level="never", never_reason="minors", reason="类别已更正")
    await done(pool, draft, "check", EDITOR, **CHECKED)
    row = await done(pool, draft, "withhold", APPROVER, reason="类别已更正")
    assert (row["ticket_id"], row["state"], row["published_at"]) == (ticket_id, "withheld", None)


async def test_matter_of_public_safety_is_told_by_its_presence_once_its_ticket_is_open_again(
    pool: Pool, owner: Connection, draft: int
) -> None:
    await owner.execute("UPDATE event_kinds SET disclosure_category = 'public_safety' WHERE id = 'streetlight_out'")
    ticket_id = (await only(pool))["ticket_id"]
    async with transaction(pool, scope=SYSTEM) as conn:
        matter = Matter(
            item=DisclosureItem.PUBLIC_SAFETY, title="路灯", text="详情", publisher_id="t-gov", ticket_id=ticket_id
        )
        matter_id = await matters.open_matter(conn, matter, EDITOR, AT)
    await done(pool, matter_id, "check", EDITOR, **CHECKED)
    await act(pool, ticket_id, (E.REOPEN, VERIFIER, {}))
    assert await wrong(pool, matter_id, "approve", APPROVER) == "level"


async def test_reason_of_a_withdrawal_is_told_without_the_datum_that_it_speaks_of(
    pool: Pool, owner: Connection, draft: int
) -> None:
    await published(pool, draft)
    reason = "误含报修人张三丰(138 1234 5678)的信息"
    row = await done(pool, draft, "withdraw", APPROVER, reason=reason, code="personal_datum")
    assert "张三丰" not in row["reason"]
    assert "5678" not in row["reason"]
    kept = await owner.fetchval("SELECT reason FROM disclosure_records WHERE event = 'withdraw'")
    assert kept == reason


async def test_correction_keeps_what_was_blacked_out_and_whose_words_they_are(pool: Pool, draft: int) -> None:
    text = "老井旁路灯已修复"
    await done(pool, draft, "edit", BOTH, text=text, redactions=[{"start": 0, "end": 2}])
    await done(pool, draft, "check", EDITOR, **CHECKED)
    await done(pool, draft, "approve", APPROVER)
    await done(pool, draft, "publish", EDITOR)
    await done(pool, draft, "withdraw", APPROVER, reason="单位名称有误", code="error")
    again = (await only(pool, state="draft"))["id"]
    await done(pool, again, "check", EDITOR, **CHECKED)
    assert await refused(pool, again, "approve", BOTH) is Refusal.NOT_THIS_PARTY
    body = (await done(pool, again, "approve", APPROVER))["public_body"]
    assert "老井" not in body["text"]


@pytest.mark.parametrize(
    "change",
    [
        "editors = '{}'",
        'public_body = \'{"text": "x"}\'',
        "published_at = published_at - interval '1 day'",
        "state = 'draft'",
        "level = 'presence_only'",
        "approver = 'user:9'",
    ],
)
async def test_what_was_published_stands_as_it_was_approved(
    pool: Pool, owner: Connection, draft: int, change: str
) -> None:
    await published(pool, draft)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(f"UPDATE disclosures SET {change} WHERE id = $1", draft)  # noqa: S608


async def test_reporter_of_a_linked_ticket_and_a_number_with_a_prefix_are_known(
    pool: Pool, owner: Connection, draft: int
) -> None:
    ticket_id = (await only(pool))["ticket_id"]
    other = await new_ticket(pool, calls=1)
    await owner.execute(
        "UPDATE hotline_calls SET caller_name = '阿宽', caller_phone = '+86 139-8765-4321' WHERE id = ("
        "SELECT call_id FROM ticket_reports WHERE ticket_id = $1)",
        other,
    )
    async with pool.acquire() as conn:
        assert "阿宽" not in await read_known(conn, ticket_id)
        await owner.execute(
            "INSERT INTO ticket_links (ticket_id, other_id, relation, linked_at) VALUES ($1, $2, 'converted', $3)",
            other,
            ticket_id,
            AT,
        )
        known = await read_known(conn, ticket_id)
    assert {"阿宽", "13987654321", "87654321"} <= set(known)
