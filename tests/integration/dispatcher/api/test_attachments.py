"""Uploads and downloads over HTTP: streamed, typed refusals, and shown to whoever sees what they serve."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import aiohttp
import pytest
from PIL import Image

from dispatcher.accounts.model import UserRole
from dispatcher.attachments import store
from dispatcher.attachments.folder import Folder
from dispatcher.attachments.model import Use
from runtime.pool import Connection
from tests.harness.photos import jpeg, upload
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.running import Api, Client

FORM = "multipart/form-data; boundary=x"
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


async def sent(client: Client, content: bytes | None = None, name: str = "现场.jpg") -> int:
    status, told = await upload(client.session, client.headers(), content, name)
    assert status == 201, told
    found: int = told["id"]
    return found


async def note(client: Client, ticket_id: int, *ids: int) -> int:
    body = {"version": 1, "fields": {"text": "见图", "attachments": list(ids)}}
    status, _ = await client.post(f"tickets/{ticket_id}/actions/note", body)
    return status


async def test_upload_is_told_with_what_the_camera_said_and_serves_its_clean_file(api: Api) -> None:
    officer = await api.as_user("duty_officer")
    content = jpeg(1, taken="2026:11:22 19:59:00", position=(104.5, 30.5))
    status, told = await upload(officer.session, officer.headers(), content, "C:\\照片\\../..\\现场.jpg")
    assert status == 201
    assert (told["name"], told["kind"], told["media_type"]) == ("现场.jpg", "photo", "image/jpeg")
    assert (told["taken_at"], told["lon"]) == ("2026-11-22T11:59:00Z", 104.5)
    assert await officer.get(f"attachments/{told['id']}") == (200, told)
    async with api.http.get(f"/api/v1/attachments/{told['id']}/content", headers=officer.headers()) as answer:
        body = await answer.read()
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E7%8E%B0")
    assert len(body) == told["size_bytes"]
    assert b"Exif" not in body
    async with api.http.get(f"/api/v1/attachments/{told['id']}/thumbnail", headers=officer.headers()) as answer:
        with Image.open(io.BytesIO(await answer.read())) as small:
            assert max(small.size) == 320


async def test_part_of_a_file_is_served(api: Api) -> None:
    officer = await api.as_user("duty_officer")
    attachment_id = await sent(officer, PDF, "决定.pdf")
    path = f"/api/v1/attachments/{attachment_id}/content"
    async with api.http.get(path, headers={**officer.headers(), "Range": "bytes=0-7"}) as answer:
        assert (answer.status, await answer.read()) == (206, b"%PDF-1.7")
        assert answer.headers["Content-Range"] == f"bytes 0-7/{len(PDF)}"
    async with api.http.get(path, headers={**officer.headers(), "Range": "bytes=9999-"}) as answer:
        assert answer.status == 416
    assert (await officer.get(f"attachments/{attachment_id}/thumbnail"))[0] == 404


@pytest.mark.parametrize(
    ("content", "code", "why"),
    [
        (b"", "file_refused", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "file_type_refused", "type_unknown"),
        (b"<!doctype html><script>alert(1)</script>", "file_type_refused", "type_unknown"),
        (b"PK\x03\x04" + bytes(100), "file_type_refused", "type_unknown"),
        (jpeg(1) + b"PK\x05\x06" + bytes(18), "file_type_refused", "two_types_at_once"),
        (PDF.replace(b"/Catalog", b"/JavaScript"), "file_type_refused", "active_content"),
        (jpeg(1)[:1500], "file_refused", "damaged"),
        (b"\xff\xd8\xff" + bytes(21 << 20), "file_too_large", "too_large"),
    ],
    ids=["empty", "svg", "html", "zip", "polyglot", "script", "damaged", "large"],
)
async def test_refused_upload_says_why(api: Api, content: bytes, code: str, why: str) -> None:
    officer = await api.as_user("duty_officer")
    status, told = await upload(officer.session, officer.headers(), content, "photo.jpg")
    assert (status, told["code"], told["upload"]) == (told["status"], code, why)


async def test_upload_that_is_no_form_is_refused(api: Api) -> None:
    officer = await api.as_user("duty_officer")
    path, head = "/api/v1/attachments", officer.headers()
    async with api.http.post(path, json={}, headers=head) as answer:
        assert answer.status == 415
    for body, kind in (
        (b"no boundary", "multipart/form-data"),
        (b"--x\r\n\r\nnot begun", FORM),
        (b"", FORM),
        (
            b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\na\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (
            b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
    ):
        async with api.http.post(path, data=body, headers={**head, "Content-Type": kind}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (422, "invalid_request"), body


async def test_upload_that_breaks_off_leaves_the_api_serving(api: Api) -> None:
    officer = await api.as_user("duty_officer")

    async def broken() -> object:
        yield b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + jpeg(1)[:2000]
        raise ConnectionResetError

    head = {**officer.headers(), "Content-Type": "multipart/form-data; boundary=x"}
    with pytest.raises((aiohttp.ClientError, ConnectionResetError)):
        await api.http.post("/api/v1/attachments", data=broken(), headers=head)
    await sent(officer)


async def test_attachment_is_seen_with_the_ticket_that_it_serves(api: Api, owner: Connection) -> None:
    ticket_id = await community.add_ticket(owner, community.EAST)
    east, west = await api.as_user("east"), await api.as_user("west")
    attachment_id = await sent(east)
    for path in ("", "/content", "/thumbnail"):
        assert (await west.get(f"attachments/{attachment_id}{path}"))[0] == 404
    assert (await api.nobody.get(f"attachments/{attachment_id}/content"))[0] == 401
    city = await api.as_user("supervisor")
    assert (await city.get(f"attachments/{attachment_id}"))[0] == 404  # Nobody's business but the uploader's so far.
    assert await note(east, ticket_id, attachment_id) == 200
    assert (await city.get(f"attachments/{attachment_id}"))[0] == 200
    assert (await west.get(f"attachments/{attachment_id}"))[0] == 404
    (shown,) = (await city.get(f"tickets/{ticket_id}/attachments"))[1]["items"]
    assert (shown["id"], shown["event"], shown["uploaded_by_name"]) == (attachment_id, "note", "east")
    assert (await west.get(f"tickets/{ticket_id}/attachments"))[0] == 404
    lines = (await city.get(f"tickets/{ticket_id}/timeline"))[1]["items"]
    assert [each["id"] for line in lines for each in line["attachments"]] == [attachment_id]


async def test_numbers_of_people_are_cut_from_the_name_of_a_file(api: Api) -> None:
    officer = await api.as_user("duty_officer")
    _, told = await upload(officer.session, officer.headers(), jpeg(1), "王先生13812345678.jpg")
    assert told["name"] == "王先生138****.jpg"


async def test_neighbours_do_not_learn_where_a_reporter_took_a_photo(api: Api, owner: Connection) -> None:
    ticket_id = await community.add_ticket(owner, community.EAST)
    await community.add_user(owner, "neighbour", UserRole.COMMITTEE, community.EAST)
    east, neighbour = await api.as_user("east"), await api.as_user("neighbour")
    attachment_id = await sent(east, jpeg(1, position=(104.5, 30.5)))
    assert await note(east, ticket_id, attachment_id) == 200
    for client, lon in ((east, 104.5), (neighbour, None)):
        assert (await client.get(f"attachments/{attachment_id}"))[1]["lon"] == lon
        assert (await client.get(f"tickets/{ticket_id}/attachments"))[1]["items"][0]["lon"] == lon
        lines = (await client.get(f"tickets/{ticket_id}/timeline"))[1]["items"]
        assert [each["lon"] for line in lines for each in line["attachments"]] == [lon]


@pytest.mark.parametrize("topic", ["ticket", "inspection", "of_nobody"])
async def test_attachment_of_a_subject_that_is_not_there_stays_with_its_owner(
    api: Api, owner: Connection, topic: str
) -> None:
    """A topic without a line in SEERS, or a subject that went, shows nothing to anybody else."""
    east, supervisor = await api.as_user("east"), await api.as_user("supervisor")
    attachment_id = await sent(east)
    async with owner.transaction():
        await store.note(owner, {attachment_id: ()}, Use(topic, 4711, "note"), "user:0", community.NOON)
    assert (await east.get(f"attachments/{attachment_id}"))[0] == 200
    assert (await supervisor.get(f"attachments/{attachment_id}"))[0] == 404


async def test_unit_that_works_on_a_ticket_elsewhere_sees_its_photos(api: Api, owner: Connection) -> None:
    ticket_id = await community.add_ticket(owner, community.EAST)
    east, handler = await api.as_user("east"), await api.as_user("urban-handler")
    attachment_id = await sent(east)
    assert await note(east, ticket_id, attachment_id) == 200
    assert (await handler.get(f"attachments/{attachment_id}"))[0] == 404
    await owner.execute(
        "INSERT INTO ticket_assignments (ticket_id, generation, organisation_id, role, reason, assigned_at)"
        " VALUES ($1, 1, 'urban', 'lead', 'officer', $2)",
        ticket_id,
        community.NOON,
    )
    assert (await handler.get(f"attachments/{attachment_id}"))[0] == 200
    async with api.http.get(f"/api/v1/attachments/{attachment_id}/content", headers=handler.headers()) as answer:
        assert answer.status == 200


async def test_colleagues_see_what_their_unit_uploaded(api: Api, owner: Connection) -> None:
    await community.add_user(owner, "urban-head", UserRole.DEPT_HEAD, community.EAST, "urban")
    handler, head = await api.as_user("urban-handler"), await api.as_user("urban-head")
    attachment_id = await sent(handler)
    assert (await head.get(f"attachments/{attachment_id}"))[0] == 200


async def test_foreign_attachment_is_not_named_in_an_action(api: Api, owner: Connection) -> None:
    ticket_id = await community.add_ticket(owner, community.EAST)
    foreign = await sent(await api.as_user("west"))
    assert await note(await api.as_user("east"), ticket_id, foreign) == 422


async def test_who_only_reads_uploads_nothing(api: Api) -> None:
    for login in ("auditor", "engineer"):
        client = await api.as_user(login)
        assert (await upload(client.session, client.headers()))[0] == 403


async def test_nobody_fills_the_disk_with_what_serves_nothing(api: Api, owner: Connection) -> None:
    await owner.execute("UPDATE attachment_parameters SET value = 2 WHERE name = 'unused_max'")
    officer = await api.as_user("duty_officer")
    await sent(officer)
    await sent(officer)
    status, told = await upload(officer.session, officer.headers())
    assert (status, told["upload"]) == (429, "too_many_unused")


async def test_uploads_that_stream_side_by_side_are_counted_too(
    api: Api, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await owner.execute("UPDATE attachment_parameters SET value = 1 WHERE name = 'unused_max'")
    officer, let_in, may_end = await api.as_user("duty_officer"), threading.Event(), asyncio.Event()
    open_draft = Folder.open_draft

    def told(folder: Folder) -> tuple[Path, BinaryIO]:
        let_in.set()
        return open_draft(folder)

    async def slowly() -> AsyncIterator[bytes]:
        content = jpeg(1)
        yield b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + content[:1000]
        await may_end.wait()
        yield content[1000:] + b"\r\n--x--\r\n"

    monkeypatch.setattr(Folder, "open_draft", told)
    head = {**officer.headers(), "Content-Type": FORM}
    first = asyncio.create_task(api.http.post("/api/v1/attachments", data=slowly(), headers=head))
    await asyncio.to_thread(let_in.wait)
    await sent(officer, jpeg(2))
    may_end.set()
    async with await first as answer:
        assert (answer.status, (await answer.json())["upload"]) == (429, "too_many_unused")
