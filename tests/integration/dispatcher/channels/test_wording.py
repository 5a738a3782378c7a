"""What messages say: masked, in the reader's language, marked in an exercise, with exactly the declared fields."""

from datetime import timedelta

import pytest

from dispatcher.channels.errors import TopicUnknown
from dispatcher.channels.model import User
from registry.messages.templates import FieldsWrong, Language
from runtime.pool import Connection, Pool
from tests.integration.dispatcher.channels.addressees import (
    AT,
    FIELDS,
    REMINDER,
    add_point,
    add_user,
    attempts,
    build,
    message,
    plan,
    tell,
)


@pytest.fixture
async def wang(owner: Connection) -> User:
    await build(owner)
    return await add_user(owner)


async def test_what_is_personal_is_masked_before_it_is_stored(wang: User, pool: Pool, owner: Connection) -> None:
    await add_point(pool, wang, "mail", "wang@example.org")
    await tell(pool, wang, fields={**REMINDER, "place": "3-1，电话13800138000"})
    await plan(pool)
    (sent,) = await attempts(owner)
    found = await message(owner)
    assert "13800138000" not in f"{sent['body']}{found['fields']}"
    assert "CR-20261122-00001" in sent["body"]["text"]
    assert "11-22 12:00" in sent["body"]["text"]


async def test_each_contact_point_reads_its_own_language(wang: User, pool: Pool, owner: Connection) -> None:
    await add_point(pool, wang, "sms")
    await add_point(pool, wang, "mail", "wang@example.org", language=Language.EN)
    await tell(pool, wang, grade=2, topic="ticket.paged", fields=FIELDS)
    chinese, english = await attempts(owner)
    assert "请于11-22 12:00前签收" in chinese["body"]["text"]
    assert "Sign by 11-22 12:00" in english["body"]["text"]


async def test_an_exercise_is_marked_on_every_message(wang: User, pool: Pool, owner: Connection) -> None:
    await owner.execute("UPDATE deployment SET simulated_at = $1", AT)
    await add_point(pool, wang, "sms")
    await add_point(pool, wang, "mail", "wang@example.org", language=Language.EN)
    await tell(pool, wang, grade=2)
    for n in range(3):
        await tell(pool, wang, f"k{n}", grade=4, at=AT + timedelta(hours=1))
    await plan(pool, 3600)
    sent = await attempts(owner)
    assert len(sent) == 3
    for row in sent:
        mark = "【演练】" if row["body"]["language"] == "zh-CN" else "[EXERCISE] "
        assert row["body"]["text"].startswith(mark)
        assert row["body"]["subject"].startswith(mark)
        assert row["body"]["exercise"] is True


@pytest.mark.parametrize("fields", [{}, {**REMINDER, "more": "x"}])
async def test_fields_that_do_not_fit_are_refused_before_anything_is_written(
    wang: User, pool: Pool, owner: Connection, fields: dict[str, str]
) -> None:
    with pytest.raises(FieldsWrong):
        await tell(pool, wang, fields={**fields, "x": "y"})
    with pytest.raises(TopicUnknown):
        await tell(pool, wang, topic="no.topic")
    assert await owner.fetchval("SELECT count(*) FROM messages") == 0
