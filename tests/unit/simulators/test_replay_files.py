"""The real feeds as files: columns, missing numbers, missing positions, broken files."""

import gzip
from pathlib import Path

import pytest

from sensors.registry import DEVICE_TYPES
from simulators.load.ledger import Entry, Ledger, read_ledger
from simulators.replay.files import FeedUnreadable, arrivals, count_rows, letters

COMO = """arrived_at,commit,service,incident,event_time,type,agency,location,lat,lon
1762419761,74b3,,2025309577,1762397519,LAW ALARM,,100 BLOCK  CONLEY RD,38.9512274,-92.2935648
1762419761,74b3,PD,2025309576,1762397439,TRAFFIC STOP,CPD,W BROADWAY,,
1762423361,a001,FIRE_EMS,,1762397439,Medical Response,,,,
1762426961,a002,FIRE_EMS,,1762397439,Medical Response,,,,
"""


@pytest.fixture
def como(tmp_path: Path) -> Path:
    path = tmp_path / "como.csv.gz"
    path.write_bytes(gzip.compress(COMO.encode()))
    return path


def test_arrivals_become_records_that_the_feed_type_accepts(como: Path) -> None:
    record = DEVICE_TYPES["dispatch_feed"].event("record")
    assert record is not None
    found = list(arrivals(como))
    origins = [record.origin_of(record.payload.model_validate(arrival.as_record())) for arrival in found]
    assert [origin.subject for origin in origins][:2] == ["2025309577", "2025309576"]
    assert (origins[0].lon, origins[0].lat, origins[1].lon) == (-92.2935648, 38.9512274, None)
    assert origins[0].revision == 1_762_419_761_000
    assert count_rows(como) == 4


def test_redeliveries_of_a_record_without_a_number_stay_one_record(como: Path) -> None:
    *_, first, second = arrivals(como)
    assert first.incident == second.incident
    assert first.incident.startswith("unnumbered-")
    assert first.arrived_s < second.arrived_s


def test_letters_join_subject_and_details(tmp_path: Path) -> None:
    path = tmp_path / "letters.csv"
    path.write_text('留言编号,留言主题,留言详情\n188006,路灯不亮,"\n三天了 "\n188007,咨询\n', encoding="utf-8")
    assert [(letter.number, letter.text) for letter in letters(path)] == [
        ("188006", "路灯不亮\n三天了"),
        ("188007", "咨询\n"),
    ]


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\x1f\x8bnot gzip", COMO.replace("1762397519", "noon").encode()])
def test_file_that_is_no_feed_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ("feed.csv.gz" if content.startswith(b"\x1f") else "feed.csv")
    path.write_bytes(content)
    with pytest.raises(FeedUnreadable):
        list(arrivals(path))


def test_ledger_gives_back_what_was_written_and_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "ledger.tsv"
    entries = [Entry("p", "d-1", 57, 1), Entry("p", "d-2", 57, 2)]
    for entry in entries:
        with Ledger(path) as ledger:
            ledger.write(entry)
    assert list(read_ledger(path)) == entries


@pytest.mark.realdata
def test_real_feeds_are_read_whole(realdata: Path) -> None:
    deliveries = list(arrivals(realdata / "como_dispatch_arrivals.csv.gz"))
    assert len(deliveries) == 116_460
    assert [d.arrived_s for d in deliveries] == sorted(d.arrived_s for d in deliveries)
    record = DEVICE_TYPES["dispatch_feed"].event("record")
    assert record is not None
    for delivery in deliveries[::97]:
        record.payload.model_validate(delivery.as_record())
    assert len({letter.number for letter in letters(realdata / "taidi2020_messages_4326.csv.gz")}) == 4_326
