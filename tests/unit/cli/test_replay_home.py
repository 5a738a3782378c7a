"""What a replay needs of its file before it starts a system of its own."""

from pathlib import Path

import pytest

from cli.replay_home import como_intention
from simulators.replay.files import FeedUnreadable

HEADING = "arrived_at,commit,service,incident,event_time,type,agency,location,lat,lon\n"
NOWHERE = "1762419761,74b3,PD,2025309576,1762397439,TRAFFIC STOP,CPD,W BROADWAY,,\n"
SOMEWHERE = "1762419762,74b3,,2025309577,1762397519,LAW ALARM,,100 BLOCK  CONLEY RD,38.9512274,-92.2935648\n"


@pytest.mark.parametrize("rows", ["", NOWHERE], ids=["empty", "nowhere"])
def test_file_without_a_position_is_told_as_unreadable(tmp_path: Path, rows: str) -> None:
    path = tmp_path / "feed.csv"
    path.write_text(HEADING + rows, encoding="utf-8")
    with pytest.raises(FeedUnreadable):
        como_intention(path)


def test_map_is_centred_on_the_first_record_that_has_a_place(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text(HEADING + NOWHERE + SOMEWHERE, encoding="utf-8")
    origin = como_intention(path).origin
    assert origin is not None
    assert (origin.lon, origin.lat) == (-92.29, 38.95)
