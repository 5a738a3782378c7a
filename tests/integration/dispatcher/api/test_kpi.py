"""Indicators over HTTP: figures with their numerators, what stands behind them, schemes that put residents first."""

from datetime import timedelta
from typing import Any

import pytest

from registry.calendar import LOCAL
from runtime.pool import Connection
from tests.integration.dispatcher.api.community import EAST, NOON, WEST, add_ticket
from tests.integration.dispatcher.api.running import Api

TODAY = NOON.astimezone(LOCAL).date()
SPAN = {"since": str(TODAY), "until": str(TODAY + timedelta(days=1))}
WEIGHTS = {"satisfaction": 25, "resident_satisfaction": 15, "response": 30, "completion_in_time": 30}


def scheme(weights: dict[str, int], **more: Any) -> dict[str, Any]:
    names = {"id": "units", "zh_name": "单位考核", "en_name": "Units", "source": "市政府办〔2026〕1号"}
    return names | {"effective_from": str(TODAY), "weights": weights} | more


async def test_figures_show_what_they_were_taken_from_and_only_the_callers_area(api: Api, owner: Connection) -> None:
    for number, area in enumerate((EAST, EAST, WEST)):
        await add_ticket(owner, area, number=f"I-{number}")
    leader, east = await api.as_user("shift_leader"), await api.as_user("east")
    status, whole = await leader.get("kpi", indicators="found_by_devices", **SPAN)
    assert status == 200
    (figure,) = whole["items"]
    shown = (figure["numerator"], figure["denominator"], figure["value"], figure["share_reached"], figure["small"])
    assert shown == (3, 3, 1.0, 1.0, True)
    assert whole["indicators"][0]["zh_name"] == "自动发现率"
    _, by_area = await leader.get("kpi", indicators="found_by_devices", level="community", **SPAN)
    assert {item["member"]: item["numerator"] for item in by_area["items"]} == {EAST: 2, WEST: 1}
    _, theirs = await east.get("kpi", indicators="found_by_devices", **SPAN)
    assert theirs["items"][0]["denominator"] == 2
    assert (await east.get("kpi", area=WEST))[0] == 403
    assert (await east.get("kpi", area="nowhere"))[0] == 404
    assert (await leader.get("kpi", indicators="fame"))[0] == 422
    assert (await leader.get("kpi", level="community", group_by="kind"))[0] == 422
    assert (await leader.get("kpi", since="2025-01-01", until="2026-06-01"))[0] == 422


async def test_every_indicator_answers_in_every_grouping(api: Api, owner: Connection) -> None:
    await add_ticket(owner)
    leader = await api.as_user("shift_leader")
    for group_by in ("area", "organisation", "kind", "grade", "property_area", "courtyard"):
        for period in ("day", "week", "month", "whole"):
            status, answer = await leader.get("kpi", group_by=group_by, period=period)
            assert (status, len(answer["indicators"])) == (200, 22)


async def test_tickets_behind_a_figure_are_walked_through(api: Api, owner: Connection) -> None:
    made = [await add_ticket(owner, number=f"I-{number}") for number in range(3)]
    leader = await api.as_user("shift_leader")
    seen: list[int] = []
    cursor: dict[str, Any] = {}
    while True:
        status, page = await leader.get("kpi/found_by_devices/tickets", limit=2, **SPAN, **cursor)
        assert status == 200
        seen += [item["subject_id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == made[::-1]
    west = await api.as_user("west")
    _, nothing = await west.get("kpi/found_by_devices/tickets", **SPAN)
    assert nothing["items"] == []
    assert (await leader.get("kpi/fame/tickets", **SPAN))[0] == 404


@pytest.mark.parametrize(
    ("weights", "flaw"),
    [
        pytest.param(
            {"satisfaction": 20, "resident_satisfaction": 20, "response": 60}, "residents_not_first", id="less"
        ),
        pytest.param({"satisfaction": 50, "response": 50}, "residents_not_first", id="a tie"),
        pytest.param({"satisfaction": 90}, "weights_not_whole", id="not whole"),
        pytest.param({"satisfaction": 90, "fame": 10}, "unknown_input", id="not measured"),
    ],
)
async def test_scheme_in_which_residents_do_not_weigh_most_is_refused(
    api: Api, weights: dict[str, int], flaw: str
) -> None:
    supervisor = await api.as_user("supervisor")
    status, problem = await supervisor.post("kpi-schemes", scheme(weights))
    assert (status, problem["code"], problem["guard"]) == (422, "guard_refused", flaw)
    assert (await supervisor.get("kpi-schemes"))[1]["items"] == []


async def test_scheme_is_versioned_and_scores_keep_what_they_follow_from(api: Api, owner: Connection) -> None:
    supervisor = await api.as_user("supervisor")
    status, first = await supervisor.post("kpi-schemes", scheme(WEIGHTS))
    assert (status, first["version"], first["weights"]) == (201, 1, WEIGHTS)
    later = scheme({"satisfaction": 100}, effective_from=str(TODAY + timedelta(days=30)))
    assert (await supervisor.post("kpi-schemes", later))[1]["version"] == 2
    survey = {"area": EAST, "organisation": "urban", "from_day": str(TODAY), "to_day": str(TODAY), "drawn": 100}
    survey |= {"reached": 40, "satisfied": 30, "method": "电话抽样", "source": "S-1"}
    assert (await supervisor.post("resident-surveys", survey))[0] == 201
    assert (await supervisor.post("resident-surveys", survey))[1]["guard"] == "resident_surveys_once"
    status, scored = await supervisor.post("kpi-schemes/units/scores", SPAN)
    assert (status, scored) == (201, {"scores": 1})
    _, scores = await supervisor.get("kpi-scores", scheme="units")
    (score,) = scores["items"]
    assert (score["organisation_id"], score["version"], score["score_permille"], score["measured"]) == (
        "urban",
        1,
        750,
        15,
    )
    (sampled,) = [each for each in score["inputs"] if each["input"] == "resident_satisfaction"]
    assert (sampled["numerator"], sampled["denominator"], sampled["population"]) == (30, 40, 100)
    assert (await supervisor.post("kpi-schemes/unknown/scores", SPAN))[0] == 404


async def test_only_the_supervisor_decides_what_is_unreasonable_and_once(api: Api, owner: Connection) -> None:
    ticket_id = await add_ticket(owner)
    decision = {"ticket_id": ticket_id, "reason": "超出法律法规规定"}
    head = await api.as_user("dept_head")
    assert (await head.post("unreasonable-demands", decision))[0] == 403
    supervisor = await api.as_user("supervisor")
    assert (await supervisor.post("unreasonable-demands", decision))[0] == 204
    status, problem = await supervisor.post("unreasonable-demands", decision)
    assert (status, problem["guard"]) == (422, "independent_supervisor")
    _, shown = await head.get("unreasonable-demands")
    assert [item["ticket_id"] for item in shown["items"]] == [ticket_id]
    _, figures = await supervisor.get("kpi", indicators="found_by_devices", **SPAN)
    assert figures["items"][0]["excluded"] == 1
