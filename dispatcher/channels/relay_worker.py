"""The worker behind relay.py: reads one errand a line, speaks through apprise, answers one line. Ends with its input.

apprise takes any answer of status 200 for success, while the three vendors say in its body that they refused; so what
they answered is looked at here.
"""

import sys
from typing import Any, Final

import apprise
import orjson
import requests
from apprise.manager_plugins import NotificationManager

from dispatcher.channels.relay import Answered

_SCHEMAS: Final = {"wecom": "wecombot", "dingtalk": "dingtalk", "feishu": "feishu"}


class _Overheard:
    """The last answer that any library of this process got over HTTP."""

    def __init__(self) -> None:
        self.last: requests.Response | None = None
        self._request = requests.Session.request

    def listen(self) -> None:
        overheard = self

        def request(session: requests.Session, *args: Any, **kwargs: Any) -> requests.Response:
            overheard.last = overheard._request(session, *args, **kwargs)
            return overheard.last

        requests.Session.request = request  # type: ignore[method-assign,assignment]  # apprise offers no hook


def main() -> None:
    """Serve until the input ends."""
    overheard = _Overheard()
    overheard.listen()
    for line in sys.stdin.buffer:
        asked = orjson.loads(line)
        if "robots" in asked:
            _move_robots(asked["robots"])
            answered = Answered(done=True)
        else:
            answered = _run(overheard, **asked)
        sys.stdout.buffer.write(orjson.dumps(answered) + b"\n")
        sys.stdout.buffer.flush()


def _move_robots(robots: dict[str, str]) -> None:
    """A city with its own edition of a messenger has its own address for the robots."""
    manager: Any = NotificationManager()  # type: ignore[no-untyped-call]
    for channel, url in robots.items():
        manager[_SCHEMAS[channel]].notify_url = url


def _run(overheard: _Overheard, *, url: str, subject: str, text: str) -> Answered:
    overheard.last = None
    target = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if not target:
        return Answered(done=False, fault="AddressNotUsable")
    try:
        done = bool(target.notify(title=subject, body=text, body_format=apprise.NotifyFormat.TEXT))
    except Exception as error:  # noqa: BLE001 - of a library: told as what it is, the attempt is repeated
        return Answered(done=False, fault=type(error).__name__)
    answer = overheard.last
    if answer is None:
        return Answered(done=done)
    return Answered(
        done=done, status=answer.status_code, code=_code_of(answer), retry_after=answer.headers.get("Retry-After")
    )


def _code_of(answer: requests.Response) -> int | None:
    """The vendor's own code; None where the answer is none of theirs."""
    try:
        said = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(said, dict):
        return None
    code = said.get("errcode", said.get("code", said.get("StatusCode")))
    return code if type(code) is int else None


if __name__ == "__main__":
    main()
