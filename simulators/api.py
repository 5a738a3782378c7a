"""The few HTTP calls that simulators make: log in, read and move the clock, post a hotline call, read the sums."""

from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

import aiohttp

_TIMEOUT: Final = aiohttp.ClientTimeout(total=60)


class ApiRefused(RuntimeError):
    """The api answered with a problem: status and its stable code."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status: Final = status
        self.code: Final = code
        self.detail: Final = detail


class Api:
    """A logged-in program. Logs in again when its token has run out."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self._url = f"{url.rstrip('/')}/api/v1"
        self._login = login
        self._password = password
        self._token: str | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def clock(self) -> tuple[datetime, bool]:
        """The city's time and whether it is simulated."""
        body = await self._ask("GET", "/clock")
        return datetime.fromisoformat(body["now"]), bool(body["simulated"])

    async def move_clock(self, at: datetime) -> datetime:
        """Move the exercise clock forwards to `at`; returns when every process has followed. Raises ApiRefused."""
        body = await self._ask("POST", "/clock", json={"at": at.isoformat()})
        return datetime.fromisoformat(body["now"])

    async def call(self, idempotency_key: str, body: Mapping[str, object]) -> tuple[int, bool]:
        """Post a hotline call; returns its id and whether it was already known. Raises ApiRefused."""
        answer = await self._ask("POST", "/hotline/calls", json=body, headers={"Idempotency-Key": idempotency_key})
        return int(answer["id"]), bool(answer["duplicate"])

    async def conservation(self) -> dict[str, Any]:
        """Received, stored, duplicate, quarantined and whether they add up."""
        return await self._ask("GET", "/conservation")

    async def incidents(self) -> dict[str, Any]:
        """How many incidents are open, final, merged; `components` is open and final."""
        return await self._ask("GET", "/incidents/summary")

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What stands below `/api/v1`. Raises ApiRefused."""
        query = f"?{urlencode(params)}" if params else ""
        return await self._ask("GET", path + query)

    async def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Put something below `/api/v1`. Raises ApiRefused."""
        return await self._ask("POST", path, json=body)

    async def upload(self, name: str, content: bytes) -> dict[str, Any]:
        """Put a file among the attachments; its row. Raises ApiRefused."""
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name, content_type="image/png")
        return await self._ask("POST", "/attachments", data=form)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        data: aiohttp.FormData | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        if self._token is None:
            await self._log_in()
        try:
            return await self._request(method, path, json=json, data=data, headers=headers)
        except ApiRefused as refusal:
            if refusal.status != 401 or data is not None:  # a form is sent once
                raise
        await self._log_in()
        return await self._request(method, path, json=json, headers=headers)

    async def _log_in(self) -> None:
        self._token = None
        body = await self._request("POST", "/sessions", json={"login": self._login, "password": self._password})
        self._token = str(body["token"])

    async def _request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        data: aiohttp.FormData | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        if self._session is None:
            raise RuntimeError("use `async with Api(...)`")
        sent = dict(headers or {})
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        async with self._session.request(method, self._url + path, json=json, data=data, headers=sent) as response:
            body = await response.json(content_type=None)
            if response.status >= 400:
                problem = body if isinstance(body, dict) else {}
                raise ApiRefused(response.status, str(problem.get("code", "")), str(problem.get("detail", "")))
            if not isinstance(body, dict):
                raise ApiRefused(response.status, "unexpected_body", path)
            return body
