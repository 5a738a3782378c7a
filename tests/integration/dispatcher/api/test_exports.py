"""Lists as files over HTTP: whole, as the viewer sees them, recorded; and briefs."""

import csv
import io

import pyarrow.parquet
import pytest
from docx import Document

from dispatcher.api.briefs.document import MEDIA_TYPE
from dispatcher.api.exports import sources
from dispatcher.api.exports.writing import MEDIA_TYPES, Format
from dispatcher.api.keys import EXPORTS, RECEPTION
from runtime.pool import Connection
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.running import Api, Client


async def taken(client: Client, path: str, accept: str = "*/*", **query: str) -> tuple[int, bytes, str]:
    headers = {**client.headers(), "Accept": accept}
    async with client.session.get(f"/api/v1/{path}", params=query, headers=headers) as answer:
        return answer.status, await answer.read(), answer.headers["Content-Type"]


def lines(body: bytes) -> list[list[str]]:
    return list(csv.reader(body.decode("utf-8-sig").splitlines(keepends=True)))


async def test_whole_list_comes_as_a_file_page_by_page(
    api: Api, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "PAGE_ROWS", 2)
    tickets = [await community.add_ticket(owner, community.EAST, number=f"I-{number}") for number in range(5)]
    officer = await api.as_user("duty_officer")
    status, body, kind = await taken(officer, "tickets", format="csv")
    assert (status, kind) == (200, "text/csv; charset=utf-8")
    head, *rows = lines(body)
    assert [int(row[head.index("序号")]) for row in rows] == sorted(tickets, reverse=True)
    assert {row[head.index("状态")] for row in rows} == {"待受理"}
    status, body, _ = await taken(officer, "tickets", MEDIA_TYPES[Format.PARQUET], area=community.EAST)
    assert pyarrow.parquet.read_table(io.BytesIO(body)).num_rows == 5
    status, body, kind = await taken(officer, "tickets", MEDIA_TYPES[Format.XLSX])
    assert (status, body[:2], kind) == (200, b"PK", MEDIA_TYPES[Format.XLSX])
    status, body, _ = await taken(officer, "incidents", format="csv")
    assert (status, len(lines(body))) == (200, 6)
    # The last one goes just behind its last byte.
    assert len(list(api.app[RECEPTION].folder.drafts.iterdir())) <= 1


async def test_export_holds_what_its_viewer_sees_and_nothing_else(api: Api, owner: Connection) -> None:
    await community.add_ticket(owner, community.EAST)
    for login, count in (("east", 2), ("west", 1)):
        status, body, _ = await taken(await api.as_user(login), "tickets", format="csv")
        assert (status, len(lines(body))) == (200, count)
    assert (await taken(api.nobody, "tickets", format="csv"))[0] == 401


async def test_place_that_a_spreadsheet_would_run_is_text(api: Api, owner: Connection) -> None:
    ticket_id = await community.add_ticket(owner, community.EAST)
    await owner.execute("UPDATE tickets SET place = '=HYPERLINK(\"http://x\")' WHERE id = $1", ticket_id)
    _, body, _ = await taken(await api.as_user("duty_officer"), "tickets", format="csv")
    head, row = lines(body)
    assert row[head.index("地点")].startswith("'=")


@pytest.mark.parametrize("kind", ["domestic_violence_report", "medical_emergency"])
async def test_file_that_is_handed_on_does_not_say_whose_home_it_is(api: Api, owner: Connection, kind: str) -> None:
    ticket_id = await community.add_ticket(owner, community.EAST)
    place = "锦华苑 3-1204"
    await owner.execute(
        "UPDATE tickets SET place = $2, kind = $3, overdue = true WHERE id = $1", ticket_id, place, kind
    )
    await owner.execute("UPDATE incidents SET place = $1, kind = $2", place, kind)
    officer = await api.as_user("duty_officer")
    assert (await officer.get(f"tickets/{ticket_id}"))[1]["place"] == place  # Who has to go there reads it.
    for subject in ("tickets", "incidents"):
        _, body, _ = await taken(officer, subject, format="csv")
        head, row = lines(body)
        assert [row[head.index(name)] for name in ("地点", "经度", "纬度")] == ["", "", ""]
    _, told = await officer.get("reports/daily")
    assert place not in str(told)
    assert len([part for part in told["parts"] if part["kind"] == "grid"][2]["rows"]) == 1


async def test_lists_taken_out_leave_connections_to_others(api: Api) -> None:
    officer, room = await api.as_user("duty_officer"), api.app[EXPORTS]
    async with room, room:
        assert (await taken(officer, "tickets", format="csv"))[0] == 429
        assert (await officer.get("tickets"))[0] == 200
    assert (await taken(officer, "tickets", format="csv"))[0] == 200


async def test_every_export_is_recorded(api: Api, owner: Connection) -> None:
    await community.add_ticket(owner, community.EAST)
    officer, auditor = await api.as_user("east"), await api.as_user("auditor")
    await taken(officer, "tickets", format="csv", grade="3")
    await taken(officer, "kpi", format="csv")
    await taken(officer, "reports/daily", format="docx")
    status, told = await auditor.get("exports")
    assert status == 200
    shown = [(row["subject"], row["format"], row["row_count"]) for row in told["items"]]
    assert shown[0] == ("brief", "docx", 1)
    assert shown[1][:2] == ("indicators", "csv")
    assert shown[2] == ("tickets", "csv", 1)
    assert told["items"][2]["asked"] == {"grade": 3}
    assert (await officer.get("exports"))[0] == 403


async def test_brief_is_told_as_parts_and_as_a_document(api: Api, owner: Connection) -> None:
    await community.add_ticket(owner, community.EAST)
    officer = await api.as_user("duty_officer")
    status, told = await officer.get("reports/weekly", day="2026-11-22")
    assert (status, told["title"]) == (200, "社区安全与诉求工作周报")
    assert "发生案件 1 起" in next(part["text"] for part in told["parts"] if part["kind"] == "paragraph")
    status, body, kind = await taken(officer, "reports/daily", MEDIA_TYPE)
    assert (status, kind) == (200, MEDIA_TYPE)
    assert Document(io.BytesIO(body)).paragraphs[0].text == "社区安全与诉求工作日报"
