"""`rongan rules` and `rongan backtest`: a version goes from a file to its trial and its activation."""

import json
import re
from pathlib import Path

import pytest

from dispatcher.correlation.compilation import keyed_cache
from dispatcher.incidents import stage
from dispatcher.rules.files import read_content
from runtime.pool import Connection, Pool
from tests.harness.log import LogUnderTest, draft
from tests.harness.postgres import Database
from tests.integration.cli.conftest import Rongan


@pytest.fixture
def file(rongan: Rongan, database: Database, tmp_path: Path) -> Path:
    """Version 1 as a file, with a wider reach for fires."""
    path = tmp_path / "rules.toml"
    assert rongan("rules", "export", "1", str(path), database=database).returncode == 0
    said = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(\[groups\.fire\][^\[]*r_m = )150", r"\g<1>300", said), encoding="utf-8")
    return path


def test_a_file_is_checked_compared_kept_and_asked_for(rongan: Rongan, database: Database, file: Path) -> None:
    checked = rongan("rules", "validate", str(file), "--json", database=database)
    assert (checked.returncode, json.loads(checked.stdout)["valid"]) == (0, True), checked.stderr
    differing = rongan("rules", "diff", str(file), "--json", database=database)
    assert json.loads(differing.stdout)["items"] == [{"path": "groups.fire.r_m", "before": 150, "after": 300}]
    kept = rongan("rules", "import", str(file), "--note", "wider fires", "--json", database=database)
    assert json.loads(kept.stdout)["version"] == 2, kept.stderr
    again = rongan("rules", "import", str(file), "--note", "once more", database=database)
    assert (again.returncode, "version 2" in again.stderr) == (1, True)
    asked = rongan("rules", "activate", "2", "--reason", "a drill", database=database)
    assert asked.returncode == 0, asked.stderr
    listed = json.loads(rongan("rules", "list", "--json", database=database).stdout)["items"]
    assert [(row["version"], row["state"]) for row in listed] == [(2, "waiting"), (1, "active")]
    refused = rongan("rules", "activate", "9", "--reason", "none", database=database)
    assert (refused.returncode, "no version 9" in refused.stderr) == (1, True)
    shown = rongan("rules", "show", "2", "--json", database=database)
    assert json.loads(shown.stdout) == read_content(file)


def test_what_is_wrong_with_a_file_is_said_at_its_path(rongan: Rongan, database: Database, file: Path) -> None:
    said = file.read_text(encoding="utf-8")
    file.write_text(said.replace("t_s = 600", "t_s = 0", 1), encoding="utf-8")
    refused = rongan("rules", "validate", str(file), database=database)
    assert refused.returncode == 1
    assert ".t_s: 0 is outside [1, 1209600] [out_of_range]" in refused.stderr
    file.write_text("[groups", encoding="utf-8")
    refused = rongan("rules", "import", str(file), "--note", "broken", database=database)
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)


async def test_a_backtest_and_a_dry_run_say_what_differs(
    rongan: Rongan, database: Database, file: Path, pool: Pool, owner: Connection
) -> None:
    with LogUnderTest(pool) as log:
        await log.write(*(draft(f"{n}", n, 200.0 * n) for n in range(3)))
    compiled = {"NUMBA_CACHE_DIR": str(keyed_cache(""))}  # as every test of this run
    report = rongan("backtest", "--rules", str(file), "--json", database=database, **compiled)
    assert report.returncode == 0, report.stderr
    told = json.loads(report.stdout)
    assert (told["events"], told["before"]["version"], told["after"]["version"]) == (3, 1, None)
    assert told["difference"]["outcomes"]["merged"] == 1
    assert told["difference"]["before"]["incidents"] == 3
    span = ("--from", "2026-11-22", "--to", "2026-11-23")
    table = rongan("backtest", "--rules", str(file), *span, database=database, **compiled)
    assert (table.returncode, "merged" in table.stdout) == (0, True)
    dry = rongan("rules", "dry-run", str(file), "--json", database=database, **compiled)
    assert (dry.returncode, json.loads(dry.stdout)["open_incidents"]) == (0, 0), dry.stderr
    assert await owner.fetchval("SELECT count(*) FROM incidents") == 0


@pytest.fixture
def gravest(file: Path) -> Path:
    """The file with a matrix in which everything is grade I."""
    said = file.read_text(encoding="utf-8")
    matrix = said[said.index("[matrix]") :]
    graver = re.sub(r"\[[1-4, ]+\]", "[1, 1, 1, 1, 1]", matrix)
    file.write_text(said.replace(matrix, graver), encoding="utf-8")
    return file


async def test_final_incidents_are_regraded_by_a_file(
    rongan: Rongan, database: Database, gravest: Path, pool: Pool, owner: Connection
) -> None:
    with LogUnderTest(pool, stage.advance) as log:
        await log.write(*(draft(f"{n}", n, 400.0 * n, kind="street_vendor_occupation") for n in range(3)))
        await log.step()
        await log.tick(1_000_000.0)
        await log.step()
    assert {row["status"] for row in await owner.fetch("SELECT status::text FROM incidents")} == {"final"}
    compiled = {"NUMBA_CACHE_DIR": str(keyed_cache(""))}
    report = rongan("rules", "regrade", str(gravest), "--json", database=database, **compiled)
    assert report.returncode == 0, report.stderr
    told = json.loads(report.stdout)
    assert (told["incidents"], told["events"], told["graver"], told["milder"]) == (3, 3, 3, 0)
    assert (told["before"]["version"], told["after"]["version"], told["shown_otherwise"]) == (1, None, 0)
    assert [(row["kind"], row["graver"]) for row in told["by_kind"]] == [("street_vendor_occupation", 3)]
    span = ("--from", "2026-11-22", "--to", "2026-11-23")
    table = rongan("rules", "regrade", str(gravest), *span, database=database, **compiled)
    assert (table.returncode, "3 graver, 0 milder" in table.stdout) == (0, True), table.stderr
    turned = rongan(
        "rules", "regrade", "1", "--from", "2026-11-23", "--to", "2026-11-22", database=database, **compiled
    )
    assert (turned.returncode, "ends before it begins" in turned.stderr) == (2, True)
    wrong = rongan("rules", "regrade", "9", database=database, **compiled)
    assert (wrong.returncode, "Traceback" in wrong.stderr) == (1, False)


async def test_a_pattern_on_trial_is_put_in_force_by_rules_that_the_dispatcher_takes_over(
    rongan: Rongan, database: Database, owner: Connection
) -> None:
    def mode_of(pattern: str) -> tuple[int, str]:
        listed = json.loads(rongan("pattern", "list", "--json", database=database).stdout)["items"]
        return next((row["version"], row["mode"]) for row in listed if row["id"] == pattern)

    assert mode_of("unanswered_sos") == (1, "monitor")
    said = rongan("pattern", "mode", "unanswered_sos", "active", "--reason", "the trial went well", database=database)
    assert (said.returncode, "rules version 2" in said.stdout) == (0, True), said.stderr
    assert mode_of("unanswered_sos") == (1, "monitor")
    changed = json.loads(rongan("rules", "diff", "1", "2", "--json", database=database).stdout)["items"]
    assert changed == [{"path": "patterns.unanswered_sos.mode", "before": "monitor", "after": "active"}]
    await owner.execute("UPDATE rule_activations SET seq = 7, effective_at = requested_at WHERE seq IS NULL")
    assert mode_of("unanswered_sos") == (1, "active")
    again = rongan("pattern", "mode", "unanswered_sos", "active", "--reason", "twice", database=database)
    assert (again.returncode, "is active already" in again.stderr) == (1, True)
    drafted = ("pattern", "mode", "unanswered_sos", "inactive", "--reason", "a proposal", "--draft")
    assert "rules version 3: draft" in rongan(*drafted, database=database).stdout
    listed = json.loads(rongan("rules", "list", "--json", database=database).stdout)["items"]
    assert [(row["version"], row["state"]) for row in listed] == [(3, "draft"), (2, "active"), (1, "retired")]
    proposed = rongan("pattern", "propose", "--json", database=database)
    assert (proposed.returncode, json.loads(proposed.stdout)) == (0, {"items": []}), proposed.stderr
