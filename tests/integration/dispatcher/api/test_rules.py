"""The rules through the api: who may, what is refused and where, activation, dry run, backtests as jobs."""

import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from dispatcher.rules.document import RuleDocument
from events import log
from runtime.pool import Connection
from tests.harness.log import START, draft
from tests.harness.waiting import until_true
from tests.integration.dispatcher.api.running import Api, Client

DAY = {"from_at": "2026-11-22T00:00:00Z", "to_at": "2026-11-23T00:00:00Z"}


@pytest.fixture
async def engineer(api: Api) -> Client:
    return await api.as_user("engineer")


async def content_of(client: Client, version: int = 1) -> dict[str, Any]:
    status, answer = await client.get(f"rules/{version}")
    assert status == 200
    content: dict[str, Any] = answer["content"]
    return content


async def add(client: Client, change: Callable[[dict[str, Any]], object], note: str = "wider") -> tuple[int, Any]:
    content = await content_of(client)
    change(content)
    return await client.post("rules", {"content": content, "note": note})


def wider(content: dict[str, Any]) -> None:
    content["groups"]["fire"]["r_m"] = 300


async def test_release_rules_are_version_one_and_in_force(engineer: Client) -> None:
    status, answer = await engineer.get("rules")
    assert status == 200
    (version,) = answer["items"]
    assert (version["id"], version["state"], version["source"]) == (1, "active", "release")
    content = await content_of(engineer)
    assert RuleDocument.model_validate(content).sha256 == version["sha256"]


async def test_a_version_is_added_compared_and_asked_for(engineer: Client) -> None:
    status, added = await add(engineer, wider)
    assert (status, added["id"], added["state"]) == (201, 2, "draft")
    status, changes = await engineer.get("rules/2/difference")
    assert changes["items"] == [{"path": "groups.fire.r_m", "before": 150, "after": 300}]
    status, asked = await engineer.post("rules/2/activate", {"reason": "wider fires"})
    assert (status, asked["state"]) == (202, "waiting")
    status, refused = await engineer.post("rules/2/activate", {"reason": "again"})
    assert (status, refused["code"]) == (409, "activation_refused")
    status, refused = await engineer.post("rules/1/activate", {"reason": "back"})
    assert (status, refused["code"]) == (409, "activation_refused")


async def test_version_shows_the_points_of_evidence_that_it_counts(engineer: Client) -> None:
    status, told = await engineer.get("rules/1/grade-points")
    assert (status, told["version"]) == (200, (await content_of(engineer))["references"]["grade_points"])
    agree = [row for row in told["points"] if row["rule"] == "independent_sources"]
    assert [(row["level"], row["axis"], row["points"]) for row in agree] == [
        (2, "likelihood", 1000),
        (3, "likelihood", 2000),
    ]
    assert told["parameters"]
    assert any(row["life_at_risk"] for row in told["kinds"])
    assert (await engineer.get("rules/99/grade-points"))[0] == 404


async def test_the_same_content_again_is_refused_with_its_version(engineer: Client) -> None:
    await add(engineer, wider)
    status, refused = await add(engineer, wider, note="once more")
    assert (status, refused["code"], refused["version"]) == (409, "already_exists", 2)


@pytest.mark.parametrize(
    ("change", "loc", "code"),
    [
        (lambda c: c["groups"]["fire"].update(r_m=0), ["groups", "fire", "r_m"], "out_of_range"),
        (lambda c: c["groups"].update(empty=c["groups"]["fire"]), ["groups", "empty"], "group_without_kinds"),
        (
            lambda c: c["kinds"]["outdoor_fire"].update(group="nowhere"),
            ["kinds", "outdoor_fire", "group"],
            "unknown_group",
        ),
        (lambda c: c["kinds"].update(no_such=c["kinds"]["outdoor_fire"]), ["kinds", "no_such"], "unknown_kind"),
        (lambda c: c["matrix"]["3"].pop(), ["matrix", "3"], "matrix_incomplete"),
        (lambda c: c["matrix"]["5"].__setitem__(4, 4), ["matrix", "5", 4], "matrix_not_monotone"),
        (lambda c: c["references"].update(grade_points=99), ["references", "grade_points"], "unknown_reference"),
        (lambda c: c["groups"]["fire"].pop("t_s"), ["groups", "fire", "t_s"], "shape"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_document_is_refused_at_the_exact_path(
    engineer: Client, change: Callable[[dict[str, Any]], object], loc: list[str | int], code: str
) -> None:
    status, refused = await add(engineer, change)
    assert (status, refused["code"]) == (422, "rules_invalid")
    assert (["body", "content", *loc], code) in [(one["loc"], one["type"]) for one in refused["errors"]]
    content = await content_of(engineer)
    change(content)
    status, checked = await engineer.post("rules/validate", {"content": content})
    assert (status, checked["valid"]) == (200, False)
    assert code in {found["code"] for found in checked["findings"]}


async def test_traffic_on_record_warns_of_a_reach_that_percolates(api: Api, engineer: Client) -> None:
    status, clock = await engineer.get("clock")
    async with api.pool.acquire() as conn, conn.transaction():
        await log.append(
            conn, "gateway-0", [draft(f"{n}", -n, 0.0, received_at=START, subject=f"s {n}") for n in range(200)]
        )
    content = await content_of(engineer)
    content["groups"]["fire"] |= {"r_m": 5000, "t_s": 86_400}
    assert status == 200, clock
    status, checked = await engineer.post("rules/validate", {"content": content})
    assert checked["valid"]
    assert [(found["path"], found["code"], found["weight"]) for found in checked["findings"]] == [
        ("groups.fire", "percolates", "warning")
    ]


async def test_the_file_of_a_version_is_its_document(engineer: Client) -> None:
    async with engineer.session.get("/api/v1/rules/1/file", headers=engineer.headers()) as answer:
        assert (answer.status, answer.content_type) == (200, "application/toml")
        text = await answer.text()
    assert tomllib.loads(text) == await content_of(engineer)


async def test_only_engineers_and_supervisors_change_rules_and_few_read_them(api: Api) -> None:
    for login, reads, changes in (
        ("engineer", 200, 202),
        ("supervisor", 200, 202),
        ("auditor", 200, 403),
        ("duty_officer", 403, 403),
        ("dept_handler", 403, 403),
        ("committee", 403, 403),
    ):
        client = await api.as_user(login)
        assert (await client.get("rules"))[0] == reads, login
        status, answer = await client.post("backtests", {"version": 1, **DAY})
        assert status == changes, login
        if status == 202:
            await client.post(f"backtests/{answer['id']}/cancel")
    assert (await api.nobody.get("rules"))[0] == 401


async def test_another_state_of_a_pattern_is_a_draft_of_the_rules_that_is_tried_as_any_other(
    api: Api, engineer: Client, owner: Connection
) -> None:
    asked = {"mode": "monitor", "reason": "too many false ones"}
    status, kept = await engineer.post("patterns/gas_leak/draft", asked)
    assert (status, kept["id"], kept["state"], kept["source"]) == (201, 2, "draft", "api")
    assert (await engineer.post("patterns/gas_leak/draft", asked))[1]["id"] == 2
    _, changes = await engineer.get("rules/2/difference")
    assert changes["items"] == [{"path": "patterns.gas_leak.mode", "before": "active", "after": "monitor"}]
    status, told = await engineer.post("rules/2/dry-run")
    assert (status, told["difference"]["is_empty"]) == (200, True)
    for path, body, code in (
        ("gas_leak", {"mode": "active", "reason": "x"}, (409, "already_exists")),
        ("no_such", asked, (404, "not_found")),
        ("gas_leak", asked | {"version": 9}, (422, "rules_invalid")),
        ("gas_leak", asked | {"mode": "loud"}, (422, "invalid_request")),
    ):
        status, refused = await engineer.post(f"patterns/{path}/draft", body)
        assert (status, refused["code"]) == code
    officer = await api.as_user("duty_officer")
    assert (await officer.post("patterns/gas_leak/draft", asked))[0] == 403
    # It counts where the rules that say so are in force, and the list shows it.
    await owner.execute(
        "INSERT INTO rule_activations (rule_set, version, requested_at, requested_by, reason, seq, effective_at)"
        " VALUES ('default', 2, $1, 'test', '', 9, $1)",
        START,
    )
    _, listed = await officer.get("patterns")
    assert {item["id"]: item["mode"] for item in listed["items"]}["gas_leak"] == "monitor"


async def test_kinds_are_shown_as_the_rules_in_force_have_them(api: Api, engineer: Client, owner: Connection) -> None:
    await add(engineer, lambda content: content["kinds"]["outdoor_fire"].update(likelihood=5, mode="review"))
    await owner.execute(
        "INSERT INTO rule_activations (rule_set, version, requested_at, requested_by, reason, seq, effective_at)"
        " VALUES ('default', 2, $1, 'test', '', 9, $1)",
        START,
    )
    _, kinds = await engineer.get("event-kinds")
    fire = next(kind for kind in kinds["items"] if kind["id"] == "outdoor_fire")
    assert (fire["likelihood"], fire["mode"], fire["version"]) == (5, "review", 2)


async def test_a_dry_run_tells_what_the_takeover_would_do_now(engineer: Client) -> None:
    await add(engineer, wider)
    status, told = await engineer.post("rules/2/dry-run")
    assert status == 200, told
    assert (told["version"], told["in_force"], told["open_incidents"]) == (2, 1, 0)
    assert told["difference"]["is_empty"]
    assert (await engineer.post("rules/9/dry-run"))[0] == 404


async def test_a_backtest_runs_as_a_job_and_keeps_its_result(api: Api, engineer: Client, owner: Connection) -> None:
    async with api.pool.acquire() as conn, conn.transaction():
        await log.append(conn, "gateway-0", [draft(f"{n}", n, 200.0 * n) for n in range(5)])
    await add(engineer, wider)
    status, job = await engineer.post("backtests", {"version": 2, **DAY})
    assert (status, job["against"], job["result"]) == (202, 1, None)
    await until_true(
        owner, "SELECT state NOT IN ('queued', 'running') FROM backtests WHERE id = $1", job["id"], limit_s=60
    )
    status, done = await engineer.get(f"backtests/{job['id']}")
    assert (done["state"], done["failure"], done["taken"], done["total"]) == ("done", None, 10, 10)
    assert done["result"]["difference"]["outcomes"]["merged"] == 1
    status, listed = await engineer.get("backtests")
    assert [one["id"] for one in listed["items"]] == [job["id"]]
    status, refused = await engineer.post(f"backtests/{job['id']}/cancel")
    assert (status, refused["code"]) == (409, "already_decided")


async def test_a_backtest_that_waits_is_cancelled_at_once(engineer: Client, owner: Connection) -> None:
    # While one runs elsewhere no other is begun.
    await owner.execute(
        "INSERT INTO backtests (rule_set, version, against, from_at, to_at, requested_at, requested_by, state, seen_at)"
        " VALUES ('default', 1, 1, $1, $1::timestamptz + interval '1 h', $1, 'test', 'running', clock_timestamp())",
        START,
    )
    status, job = await engineer.post("backtests", {"version": 1, **DAY})
    status, cancelled = await engineer.post(f"backtests/{job['id']}/cancel")
    assert (status, cancelled["state"]) == (200, "cancelled")
    status, refused = await engineer.post("backtests", {"version": 7, **DAY})
    assert (status, refused["code"]) == (404, "not_found")
    status, refused = await engineer.post("backtests", {"version": 1, "from_at": DAY["to_at"], "to_at": DAY["from_at"]})
    assert (status, refused["errors"][0]["loc"]) == (422, ["body", "to_at"])
