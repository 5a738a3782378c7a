"""`rongan hazard`: a register that is taken in whole or not at all, and what is shown of it."""

import json
from pathlib import Path

from dispatcher.accounts.model import UserRole
from runtime.pool import Connection
from tests.harness.postgres import Database
from tests.integration.cli.conftest import Rongan
from tests.integration.dispatcher.api import community

HEADER = "kind,area_id,place,subject,lon,lat,likelihood,exposure,consequence,description\n"


async def test_register_is_taken_in_whole_or_not_at_all(
    rongan: Rongan, database: Database, owner: Connection, tmp_path: Path
) -> None:
    await community.build(owner)
    await community.add_user(owner, "street", UserRole.SUBDISTRICT, community.DISTRICT, "urban")
    file = tmp_path / "hazards.csv"
    good = "manhole_cover,east,东门,雨水井盖,104.075,30.665,3,6,3,井盖下沉\n"
    file.write_text(HEADER + good + "manhole_cover,east,西门,,,,4,6,3,尺度外\n", encoding="utf-8")
    refused = rongan("hazard", "import", str(file), "--as", "street", database=database)
    assert (refused.returncode, "factors.likelihood" in refused.stderr) == (1, True), refused.stderr
    assert json.loads(rongan("hazard", "list", "--json", database=database).stdout) == []
    file.write_text(HEADER + good, encoding="utf-8")
    assert rongan("hazard", "import", str(file), "--as", "street", database=database).stdout.strip() == "1 hazards"
    (told,) = json.loads(rongan("hazard", "list", "--state", "open", "--json", database=database).stdout)
    assert (told["kind"], told["level"], told["state"]) == ("manhole_cover", 3, "open")
    assert "窨井盖缺损沉降" in rongan("hazard", "list", database=database).stdout
    again = rongan("hazard", "import", str(file), "--as", "street", database=database)
    assert (again.returncode, told["number"] in again.stderr) == (1, True)
