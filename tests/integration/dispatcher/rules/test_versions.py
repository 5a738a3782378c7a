"""Versions of the rules in the database: seeded, never changed, numbered without a hole, and who may say what."""

import asyncio
import csv
from enum import StrEnum
from importlib import resources

import asyncpg
import pytest

from dispatcher.backtests.jobs import BacktestState
from dispatcher.rules import activation
from dispatcher.rules.document import RuleDocument, RuleSource, parse
from dispatcher.rules.rulebook import read_rulebook
from dispatcher.rules.seeding import seed_rules
from dispatcher.rules.versions import add_version, list_versions, parse_and_check, read_document
from runtime.pool import Connection, Pool
from tests.harness.log import START


async def test_version_one_is_what_the_release_ships(owner: Connection) -> None:
    folder = resources.files("registry").joinpath("data")

    def rows(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(folder.joinpath(f"{name}.csv").read_text(encoding="utf-8").splitlines()))

    document = await read_document(owner, "default", 1)
    for row in rows("kind_groups"):
        group = document.groups[row["id"]].model_dump()
        assert {name: str(value).lower() if name == "clustered" else str(value) for name, value in group.items()} == {
            name: row[name] for name in group
        }
    for row in rows("event_kinds"):
        kind = document.kinds[row["kind_id"]]
        told = (kind.group, str(kind.likelihood), str(kind.consequence), kind.mode)
        assert told == (row["kind_group"], row["likelihood_1_5"], row["consequence_1_5"], row["mode"])
    for row in rows("risk_matrix"):
        grade = document.grade(consequence=int(row["consequence"]), likelihood=int(row["likelihood"]))
        assert grade == int(row["grade"])
    assert len(document.kinds) == len(rows("event_kinds"))
    assert document.content()["patterns"] == {
        row["id"]: {"version": int(row["version"]), "mode": row["mode"]} for row in rows("patterns")
    }


@pytest.mark.parametrize("rule_set", ["default", "replay"])
async def test_seeded_rules_have_no_error_and_are_in_force_from_the_beginning(owner: Connection, rule_set: str) -> None:
    await owner.execute("UPDATE deployment SET rule_set = $1", rule_set)
    document = await read_document(owner, rule_set, 1)
    assert (await parse_and_check(owner, document.content()))[1] == []
    assert (await read_rulebook(owner, clock_seq=0)).version == 1


async def test_seeding_again_adds_nothing(owner: Connection) -> None:
    before = await owner.fetch("SELECT * FROM rule_versions ORDER BY rule_set, version")
    assert await seed_rules(owner) == {"default": 1, "replay": 1}
    assert await owner.fetch("SELECT * FROM rule_versions ORDER BY rule_set, version") == before


async def test_a_later_release_succeeds_a_release_and_never_the_citys_own_rules(owner: Connection, pool: Pool) -> None:
    await owner.execute("UPDATE kind_groups SET r_m = 160 WHERE id = 'fire'")
    assert (await seed_rules(owner))["default"] == 2
    waiting = await activation.read_waiting(owner, "default")
    assert waiting is not None
    assert waiting.version == 2
    await owner.execute("UPDATE rule_activations SET seq = 5, effective_at = $1 WHERE seq IS NULL", START)
    own = await _add(owner, pool, r_m=170)
    await owner.execute(
        "INSERT INTO rule_activations (rule_set, version, requested_at, requested_by, reason, seq, effective_at)"
        " VALUES ('default', $1, $2, 'city', '', 6, $2)",
        own,
        START,
    )
    await owner.execute("UPDATE kind_groups SET r_m = 180 WHERE id = 'fire'")
    assert (await seed_rules(owner))["default"] == 4
    assert await activation.read_waiting(owner, "default") is None
    assert [(row.version, row.state.value) for row in await list_versions(owner, "default")] == [
        (4, "draft"),
        (3, "active"),
        (2, "retired"),
        (1, "retired"),
    ]


async def test_the_citys_rules_from_before_patterns_were_ruled_name_them_with_the_next_release(
    owner: Connection, pool: Pool
) -> None:
    named = (await read_document(owner, "default", 1)).patterns
    own = await _add(owner, pool, r_m=170)
    await owner.execute(
        "UPDATE rule_versions SET content = content - 'patterns', sha256 = lpad(version::text, 64, '0')"
        " WHERE rule_set = 'default'"
    )
    await owner.execute(
        "INSERT INTO rule_activations (rule_set, version, requested_at, requested_by, reason, seq, effective_at)"
        " VALUES ('default', $1, $2, 'city', '', 6, $2)",
        own,
        START,
    )
    assert (await read_rulebook(owner)).patterns == named  # in the meantime as they are in the master data
    await owner.execute("UPDATE kind_groups SET r_m = 180 WHERE id = 'fire'")
    await seed_rules(owner)
    waiting = await activation.read_waiting(owner, "default")
    assert waiting is not None
    successor = await read_document(owner, "default", waiting.version)
    assert (successor.patterns, successor.groups["fire"].r_m) == (named, 170)


async def test_where_the_city_changed_patterns_alone_a_later_release_keeps_what_it_said_of_them(
    owner: Connection,
) -> None:
    for name, mode in (("gas_leak", "inactive"), ("unanswered_sos", "active")):
        content = (await _document_in_force(owner)).content()
        content["patterns"][name]["mode"] = mode
        await _put_in_force(owner, await _keep(owner, (await parse_and_check(owner, content))[0]))
    await owner.execute("UPDATE kind_groups SET r_m = 180 WHERE id = 'fire'")
    await owner.execute(
        "INSERT INTO patterns SELECT id, 2, zh_name, en_name, mode, r_m, t_s, by_place, step_order, effective_from,"
        " effective_to, source FROM patterns WHERE id IN ('gas_leak', 'bin_fire')"
    )
    for _ in range(2):  # and so does the one after it
        released = await read_document(owner, "default", (await seed_rules(owner))["default"])
        waiting = await activation.read_waiting(owner, "default")
        assert waiting is not None
        await _put_in_force(owner, waiting.version)
        assert released.patterns is not None
        named = (await _document_in_force(owner)).content()["patterns"]
        assert named.pop("gas_leak") == {"version": 1, "mode": "inactive"}
        assert named.pop("unanswered_sos") == {"version": 1, "mode": "active"}
        assert named["bin_fire"] == {"version": 2, "mode": "active"}
        assert named.items() <= released.content()["patterns"].items()
        assert (await _document_in_force(owner)).groups == released.groups
        await owner.execute("UPDATE kind_groups SET r_m = r_m + 1 WHERE id = 'fire'")


async def _document_in_force(owner: Connection) -> RuleDocument:
    return await read_document(owner, "default", (await read_rulebook(owner)).version)


async def _put_in_force(owner: Connection, version: int) -> None:
    await owner.execute("UPDATE rule_activations SET refused = 'a test' WHERE seq IS NULL AND refused IS NULL")
    await owner.execute(
        "INSERT INTO rule_activations (rule_set, version, requested_at, requested_by, reason, seq, effective_at)"
        " SELECT 'default', $1, $2, 'city', '', max(seq) + 1, $2 FROM rule_activations WHERE rule_set = 'default'",
        version,
        START,
    )


async def test_a_document_that_does_not_speak_of_patterns_is_kept_with_those_in_force(owner: Connection) -> None:
    content = (await read_document(owner, "default", 1)).content()
    content["patterns"]["gas_leak"]["mode"] = "monitor"
    document, _ = await parse_and_check(owner, content)
    version = await _keep(owner, document)
    await owner.execute(
        "INSERT INTO rule_activations (rule_set, version, requested_at, requested_by, reason, seq, effective_at)"
        " VALUES ('default', $1, $2, 'city', '', 6, $2)",
        version,
        START,
    )
    del content["patterns"]
    assert (await parse_and_check(owner, content))[0] == document


async def test_a_kind_without_rules_is_treated_as_unclassified(owner: Connection) -> None:
    content = (await read_document(owner, "default", 1)).content()
    del content["kinds"]["outdoor_fire"]
    document, findings = await parse_and_check(owner, content)
    assert [found.path for found in findings] == ["kinds.outdoor_fire"]
    version = await _keep(owner, document)
    taxonomy = (await read_rulebook(owner, version=version)).taxonomy
    assert taxonomy.group_of("outdoor_fire") == taxonomy.group_of("unclassified")
    assert taxonomy.mode_of("outdoor_fire") is taxonomy.mode_of("unclassified")
    assert taxonomy.kinds["outdoor_fire"].zh_name != taxonomy.kinds["unclassified"].zh_name


async def test_rules_in_force_are_those_of_the_place_in_the_log(owner: Connection, pool: Pool) -> None:
    version = await _add(owner, pool, r_m=300)
    await owner.execute(
        "INSERT INTO rule_activations (rule_set, version, requested_at, requested_by, reason, seq, effective_at)"
        " VALUES ('default', $1, $2, 'test', '', 7, $2)",
        version,
        START,
    )
    for clock_seq, expected in ((0, 1), (6, 1), (7, 2), (8, 2), (None, 2)):
        rulebook = await read_rulebook(owner, clock_seq=clock_seq)
        assert (rulebook.version, rulebook.taxonomy.groups["fire"].r_m) == (expected, 150 if expected == 1 else 300)


async def test_versions_added_at_once_are_numbered_without_a_hole(owner: Connection, pool: Pool) -> None:
    numbers = await asyncio.gather(*(_add(owner, pool, r_m=r_m) for r_m in (201, 202, 203)))
    assert sorted(numbers) == [2, 3, 4]


async def test_an_activation_ends_once(owner: Connection, pool: Pool) -> None:
    version = await _add(owner, pool, r_m=300)
    async with pool.acquire() as conn:
        async with conn.transaction():
            await activation.request(conn, "default", version, by="test", reason="", at=START)
        waiting = await activation.read_waiting(conn, "default")
        assert waiting is not None
        await activation.refuse(conn, waiting, "a test")
        with pytest.raises(asyncpg.CheckViolationError, match="has ended"):
            await conn.execute("UPDATE rule_activations SET refused = 'again' WHERE id = $1", waiting.id)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute("UPDATE rule_versions SET note = 'other'")


@pytest.mark.parametrize(("name", "members"), [("rule_source", RuleSource), ("backtest_state", BacktestState)])
async def test_enum_of_the_database_has_the_same_members(owner: Connection, name: str, members: type[StrEnum]) -> None:
    labels = await owner.fetch(
        "SELECT enumlabel FROM pg_enum WHERE enumtypid = $1::text::regtype ORDER BY enumsortorder", name
    )
    assert [row["enumlabel"] for row in labels] == [member.value for member in members]


async def _add(owner: Connection, pool: Pool, *, r_m: int) -> int:
    content = (await read_document(pool, "default", 1)).content()  # type: ignore[arg-type]
    content["groups"]["fire"]["r_m"] = r_m
    document = parse(content)
    assert isinstance(document, RuleDocument)
    async with pool.acquire() as conn, conn.transaction():
        return await _keep(conn, document)


async def _keep(conn: Connection, document: RuleDocument) -> int:
    return await add_version(
        conn, "default", document, source=RuleSource.IMPORT, author="test", note="a test", at=START
    )
