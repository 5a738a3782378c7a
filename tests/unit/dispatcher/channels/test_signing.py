"""Signatures of Standard Webhooks: what is altered, late or of another is refused."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.channels import signing
from dispatcher.channels.errors import ReceiptUnsigned
from dispatcher.channels.setting import channel_settings
from runtime.settings import Settings

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode()
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes .....").decode()
AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
BODY = b'{"receipts": []}'


def headers(secret: str = SECRET, at: datetime = AT) -> dict[str, str]:
    return signing.headers(secret, "call-1", at, BODY)


def test_what_was_signed_is_believed() -> None:
    assert signing.verify(SECRET, headers(), BODY, AT) == "call-1"
    assert signing.verify(SECRET, headers(), BODY, AT + timedelta(seconds=signing.TOLERANCE_S)) == "call-1"


def test_one_of_two_active_keys_is_enough() -> None:
    both = headers() | {"webhook-signature": f"{headers(OTHER)['webhook-signature']} {headers()['webhook-signature']}"}
    assert signing.verify(SECRET, both, BODY, AT) == "call-1"


@pytest.mark.parametrize(
    ("given", "body", "at"),
    [
        (headers(), BODY + b" ", AT),
        (headers(OTHER), BODY, AT),
        (headers() | {"webhook-id": "call-2"}, BODY, AT),
        (headers() | {"webhook-timestamp": str(int(AT.timestamp()) + 1)}, BODY, AT),
        (headers(), BODY, AT + timedelta(seconds=signing.TOLERANCE_S + 1)),
        (headers(), BODY, AT - timedelta(seconds=signing.TOLERANCE_S + 1)),
        (headers() | {"webhook-signature": ""}, BODY, AT),
        (headers() | {"webhook-signature": "v1,!!!"}, BODY, AT),
        (headers() | {"webhook-signature": headers()["webhook-signature"].replace("v1,", "v2,")}, BODY, AT),
        (headers() | {"webhook-timestamp": "now"}, BODY, AT),
        (headers() | {"webhook-timestamp": "9" * 400}, BODY, AT),
        (headers() | {"webhook-id": ""}, BODY, AT),
        (headers() | {"webhook-id": "\udcff"}, BODY, AT),
        (headers() | {"webhook-signature": "v1,\udcff"}, BODY, AT),
        ({}, BODY, AT),
    ],
    ids=[
        "altered",
        "another key",
        "another id",
        "another time",
        "late",
        "early",
        "no signature",
        "no base64",
        "another version",
        "no number",
        "a huge number",
        "no id",
        "an id of strange bytes",
        "a signature of strange bytes",
        "no headers",
    ],
)
def test_what_was_not_signed_so_is_refused(given: dict[str, str], body: bytes, at: datetime) -> None:
    with pytest.raises(ReceiptUnsigned):
        signing.verify(SECRET, given, body, at)


def test_time_is_told_to_the_holder_of_the_secret_alone() -> None:
    late = AT + timedelta(hours=1)
    for secret, reason in ((SECRET, "time"), (OTHER, "signature"), ("whsec_?", "signature")):
        with pytest.raises(ReceiptUnsigned) as refused:
            signing.verify(secret, headers(), BODY, late)
        assert refused.value.reason == reason


@pytest.mark.parametrize("secret", ["", "whsec_"])
def test_without_a_secret_nothing_is_believed_and_no_gateway_set(secret: str) -> None:
    """A variable that is set to nothing, as by a template that found none."""
    with pytest.raises(ReceiptUnsigned):
        signing.verify(secret, headers(secret), BODY, AT)
    set_so = channel_settings(Settings(sms_url="https://sms.example", sms_secret=""))
    assert set_so.sms is None
