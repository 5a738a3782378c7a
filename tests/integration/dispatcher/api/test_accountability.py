"""Art. 50 over HTTP: who must know sees a file, supervisors move it, the bundle is downloaded, petitioners stay hid."""

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest

from dispatcher.accountability import stage
from dispatcher.accounts.model import UserRole
from dispatcher.tickets.breaches import Breach, BreachType, open_breach
from runtime.pool import SYSTEM, Connection, transaction
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import DISTRICT
from tests.integration.dispatcher.api.running import Api
from tests.integration.dispatcher.tickets.town import StepOfTown

AT = datetime(2026, 11, 20, 2, tzinfo=UTC)


@pytest.fixture
async def filed(east: Api, owner: Connection) -> Api:
    """A statutory limit that the fire brigade missed, and its file; `check` looks after the district."""
    await community.add_user(owner, "audit", UserRole.AUDITOR, DISTRICT, None)
    await community.add_user(owner, "fire-hand", UserRole.DEPT_HANDLER, DISTRICT, "fire")
    async with transaction(east.pool, scope=SYSTEM) as conn:
        for clock in ("d_publish_law", "d_publish"):
            await open_breach(
                conn,
                Breach(
                    source_key=f"test:{clock}",
                    type=BreachType.OVERDUE_DISCLOSE,
                    clock=clock,
                    unit_id="fire",
                    area_path=("city", DISTRICT),
                    happened_at=AT,
                    due_at=AT,
                    explanation={},
                ),
            )
        await stage.advance(await StepOfTown.begin(conn, datetime(2026, 11, 23, 2, tzinfo=UTC)))
    return east


async def act(api: Api, login: str, event: str, version: int, **said: Any) -> tuple[int, Any]:
    reason = said.pop("reason", None)
    body = {"version": version, "reason": reason, "fields": said}
    return await (await api.as_user(login)).post(f"accountability-files/1/actions/{event}", body)


async def test_only_who_must_know_reads_a_file(filed: Api) -> None:
    seen = {}
    for login in ("governor", "audit", "fire-head", "urban-head", "fire-hand", "east-committee", "street"):
        status, told = await (await filed.as_user(login)).get("accountability-files")
        seen[login] = len(told["items"]) if status == 200 else status
    assert seen == {
        "governor": 1,
        "audit": 1,
        "fire-head": 1,
        "urban-head": 0,
        "fire-hand": 403,
        "east-committee": 403,
        "street": 403,
    }
    status, _ = await (await filed.as_user("urban-head")).get("accountability-files/1")
    assert status == 404


async def test_file_goes_its_way_and_auditors_read_it_without_names(filed: Api) -> None:
    status, told = await act(filed, "fire-head", "take_up", 1)
    assert (status, told["code"]) == (403, "forbidden")
    status, told = await act(filed, "governor", "take_up", 1)
    assert (status, told["state"], told["version"]) == (200, "for_review", 2)
    status, told = await act(filed, "governor", "take_up", 1)
    assert (status, told["code"]) == (409, "version_conflict")
    status, told = await act(filed, "governor", "forward", 2, reason="多次", organ="supervision")
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "event"])
    _, told = await act(filed, "fire-head", "state_side", 2, statement="当日暴雨,请联系13812345678")
    status, told = await act(filed, "governor", "forward", 3, reason="多次", organ="supervision")
    assert (status, told["state"], told["organ_id"]) == (200, "forwarded", "supervision")
    _, told = await (await filed.as_user("audit")).get("accountability-files/1")
    assert told["actions"] == []
    assert "13812345678" not in str(told)
    actors = [seal["content"]["actor"] for seal in told["seals"]]
    assert all(actor["id"] is None and actor["name"].endswith("**") for actor in actors)
    _, organs = await (await filed.as_user("governor")).get("competent-organs")
    assert {"supervision", "appointing"} <= {each["id"] for each in organs["items"]}


async def test_supervisor_takes_the_bundle_out_and_nobody_else(filed: Api) -> None:
    for login, wanted in (("fire-head", 403), ("audit", 403), ("governor", 200)):
        client = await filed.as_user(login)
        async with client.session.get("/api/v1/accountability-files/1/export", headers=client.headers()) as answer:
            assert answer.status == wanted
            packed = await answer.read()
    assert answer.content_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert set(archive.namelist()) == {"file.json", "file.html", "manifest.json"}


async def test_supervisor_opens_a_file_on_a_breach_of_an_own_limit_once(filed: Api) -> None:
    governor = await filed.as_user("governor")
    _, breaches = await governor.get("breaches")
    own = next(each for each in breaches["items"] if each["file_id"] is None)
    assert own["judgement"] == "internal_limit"
    status, told = await governor.post("accountability-files", {"breach_id": own["id"], "reason": "屡次"})
    assert (status, told["ground"]) == (201, "supervisor_decision")
    status, told = await governor.post("accountability-files", {"breach_id": own["id"], "reason": "屡次"})
    assert (status, told["code"]) == (409, "already_exists")
    fact = {"type": "false_closure", "unit": "urban", "reason": "现场与照片不符"}
    status, told = await governor.post("accountability-files", fact)
    assert (status, told["type"], told["unit_organisation_id"]) == (201, "false_closure", "urban")
    status, told = await governor.post("accountability-files", fact | {"unit": "committee-east"})
    assert status == 422
    status, _ = await (await filed.as_user("fire-head")).post("accountability-files", fact)
    assert status == 403


async def test_petitioner_is_read_by_who_handles_it_alone(filed: Api) -> None:
    said = {
        "kind": "complaint",
        "about": "fire",
        "receiver": "urban",
        "matter": "不作为",
        "petitioner": "李四",
        "contact": "1",
    }
    status, told = await (await filed.as_user("governor")).post("petitions", said)
    assert (status, told["petitioner"], told["actions"]) == (201, None, ["withdraw"])
    status, told = await (await filed.as_user("urban-head")).get("petitions/1")
    assert (status, told["petitioner"]) == (200, "李四")
    assert (await (await filed.as_user("fire-head")).get("petitions/1"))[0] == 404
    status, told = await (await filed.as_user("urban-head")).post("petitions/1/actions/accept", {"version": 1})
    assert (status, told["state"], len(told["records"])) == (200, "accepted", 2)
    status, _ = await (await filed.as_user("governor")).post("petitions", said | {"receiver": "fire"})
    assert status == 422
