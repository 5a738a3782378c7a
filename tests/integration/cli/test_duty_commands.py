"""`rongan roster` and `rongan calendar` against a real database: files taken in, refusals with their line, answers."""

import json
from pathlib import Path

from runtime.pool import Connection
from tests.harness.postgres import Database
from tests.integration.cli.conftest import Rongan

_HEAD = (
    "organisation_id,role,zh_name,en_name,number,participants,handover_weekday,handover_time,shift_length,shift_unit,"
    "lasts_d,source\n"
)


async def test_roster_is_imported_and_says_who_is_on_duty_and_when_nobody_is(
    rongan: Rongan,
    database: Database,
    owner: Connection,
    tmp_path: Path,
) -> None:
    await owner.execute("INSERT INTO areas (id, level, zh_name, en_name, path) VALUES ('c', 'city', 'c', 'c', '{c}')")
    await owner.execute(
        "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
        " VALUES ('gas', 'utility', 'c', 'g', 'g', 'always')"
    )
    file = tmp_path / "rosters.csv"
    file.write_text(_HEAD + "gas,on_duty,抢险值班,Duty,1,杨帆:13900000001,,08:00,1,day,10,排班表\n", encoding="utf-8")
    assert rongan("roster", "import", str(file), database=database).returncode == 0
    told = rongan("roster", "on-duty", "--json", database=database)
    (item,) = json.loads(told.stdout)["items"]
    assert (item["organisation"], item["persons"][0]["name"], item["reason"]) == ("gas", "杨帆", "rotation")
    (gap,) = json.loads(rongan("roster", "gaps", "--json", database=database).stdout)["items"]
    assert (gap["role"], gap["until"]) == ("on_duty", None)
    file.write_text(_HEAD + "gas,on_duty,抢险值班,Duty,1,@nobody,,08:00,1,day,,排班表\n", encoding="utf-8")
    refused = rongan("roster", "import", str(file), database=database)
    assert (refused.returncode, "no user nobody" in refused.stderr) == (1, True)


async def test_calendar_is_imported_once_by_version_and_listed(
    rongan: Rongan,
    database: Database,
    owner: Connection,
    tmp_path: Path,
) -> None:
    file = tmp_path / "2027.csv"
    days = "".join(f"2027-02-{day:02},holiday,春节\n" for day in range(6, 14))
    file.write_text("date,kind,name\n" + days, encoding="utf-8")
    taken = rongan("calendar", "import", str(file), "--source", "国办通知", database=database)
    assert (taken.returncode, "2027: version 1" in taken.stdout) == (0, True), taken.stderr
    listed = json.loads(rongan("calendar", "list", "--json", database=database).stdout)["items"]
    assert (listed[-1]["year"], listed[-1]["source"]) == (2027, "国办通知")
    again = rongan("calendar", "import", str(file), "--source", "国办通知", "--version", "1", database=database)
    assert (again.returncode, "not newer" in again.stderr) == (1, True)
    file.write_text("date,kind,name\n2027-02-06,feast,春节\n", encoding="utf-8")
    refused = rongan("calendar", "import", str(file), "--source", "x", database=database)
    assert (refused.returncode, "line 2" in refused.stderr) == (1, True)
    assert await owner.fetchval("SELECT count(*) FROM calendar_loads") == 1
