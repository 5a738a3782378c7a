"""Credentials files: whole ones, the output for one device, and what is none."""

import json
from pathlib import Path

import pytest

from simulators.credentials import CredentialsUnreadable, of_type, read_credentials


def test_output_for_one_device_is_a_credentials_file(tmp_path: Path) -> None:
    path = tmp_path / "feed.json"
    path.write_text(
        json.dumps(
            {
                "id": 1,
                "user_name": "como-1&dispatch_feed",
                "password": "p",
                "client_id": "dispatch_feed-como-1",
                "topics": {},
            }
        )
    )
    (feed,) = of_type(read_credentials(path), "dispatch_feed")
    assert (feed.product, feed.device, feed.lon) == ("dispatch_feed", "como-1", None)


def test_fields_of_the_file_win_over_what_the_client_id_says(tmp_path: Path) -> None:
    row = {
        "product": "bin3",
        "device": "b-1",
        "user_name": "b-1&bin3",
        "password": "p",
        "client_id": "bin3-b-1",
        "area_id": "a",
        "lon": 104.1,
        "lat": 30.6,
        "device_type": "waste_bin",
    }
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps([row, row]))
    assert [(c.device, c.device_type, c.lat) for c in read_credentials(path)] == [("b-1", "waste_bin", 30.6)] * 2


@pytest.mark.parametrize("content", ["", "[1]", '[{"client_id": "nohyphen", "user_name": "", "password": ""}]', "[{}]"])
def test_file_that_holds_no_credentials_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(content)
    with pytest.raises(CredentialsUnreadable):
        read_credentials(path)
    with pytest.raises(CredentialsUnreadable):
        read_credentials(tmp_path / "missing.json")
