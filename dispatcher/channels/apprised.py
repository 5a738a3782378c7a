"""Mail, WeCom, DingTalk and Feishu: what apprise is asked, and what its answer means."""

from typing import Final
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from dispatcher.channels.outbox import Parcel
from dispatcher.channels.relay import Answered, Errand, WorkerLost
from dispatcher.channels.ways import Outcome, Verdict, Ways, verdict_of_status

# Seconds that apprise waits for a connection and between two bytes; it follows no redirect.
_PATIENCE: Final = {"cto": "5", "rto": "8", "redirect": "no"}
# The vendors' codes for "too many messages".
_TOO_MANY: Final = frozenset({130101, 410100, 660026, 45009, 45033, 11232})
_REPEATED: Final = {"zh-CN": "（第 {n} 次发送）", "en": "(sent for the {n}th time) "}


async def deliver_mail(ways: Ways, parcel: Parcel) -> Verdict:
    """The mail server's 250 says that it will bring it; its header X-Rongan-Id is the same however often it is sent."""
    if ways.settings.mail_url is None:
        return Verdict(Outcome.IMPOSSIBLE, "no mail server is set")
    parts = urlsplit(ways.settings.mail_url)
    more = {"to": parcel.address, "+X-Rongan-Id": parcel.idempotency_key, "format": "text", **_PATIENCE}
    query = "&".join(filter(None, (parts.query, urlencode(more, quote_via=quote))))
    return await _send(ways, parcel, urlunsplit(parts._replace(query=query)))


async def deliver_wecom(ways: Ways, parcel: Parcel) -> Verdict:
    """To a group's robot; the address is its key."""
    return await _send(ways, parcel, _robot("wecombot", parcel))


async def deliver_dingtalk(ways: Ways, parcel: Parcel) -> Verdict:
    """To a group's robot; the address is its token, the secret that of its signature."""
    return await _send(ways, parcel, _robot("dingtalk", parcel))


async def deliver_feishu(ways: Ways, parcel: Parcel) -> Verdict:
    """To a group's robot; the address is its token."""
    return await _send(ways, parcel, _robot("feishu", parcel))


def _robot(schema: str, parcel: Parcel) -> str:
    secret = f"{quote(parcel.secret, safe='')}@" if parcel.secret else ""
    return f"{schema}://{secret}{quote(parcel.address, safe='')}/?{urlencode({'format': 'text', **_PATIENCE})}"


async def _send(ways: Ways, parcel: Parcel, url: str) -> Verdict:
    text = parcel.body["text"]
    if parcel.attempts > 1:
        # These receivers know no keys: whoever reads it twice is told so.
        text = _REPEATED[parcel.body["language"]].format(n=parcel.attempts) + text
    try:
        answered = await ways.relay.run(Errand(url, parcel.body["subject"], text))
    except WorkerLost as lost:
        return Verdict(Outcome.UNREACHABLE, f"WorkerLost: {lost}", overloaded=True)
    return verdict_of(answered)


def verdict_of(answered: Answered) -> Verdict:
    """A vendor's code in an answer of status 200 is a refusal all the same."""
    if answered.fault is not None:
        return Verdict(Outcome.UNREACHABLE, answered.fault)
    if answered.status is None:
        return (
            Verdict(Outcome.SENT)
            if answered.done
            else Verdict(Outcome.UNREACHABLE, "the server did not take it", overloaded=True)
        )
    by_status = verdict_of_status(answered.status, answered.retry_after, Outcome.SENT)
    if not by_status.taken:
        return by_status
    if answered.code:
        busy = answered.code in _TOO_MANY
        return Verdict(Outcome.REFUSED, f"answered code {answered.code}", 60 if busy else 0, overloaded=busy)
    return by_status if answered.done else Verdict(Outcome.UNREACHABLE, "the answer broke off", overloaded=True)
