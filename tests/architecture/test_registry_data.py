"""The seed files of the registry agree with each other: groups, departments, matrix and limits."""

import csv
from pathlib import Path

import registry

FOLDER = Path(next(iter(registry.__path__))) / "data"
GRADES = {"1", "2", "3", "4"}


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_kinds_name_known_groups_departments_and_modes() -> None:
    groups = {row["id"] for row in rows("kind_groups")}
    departments = {row["id"] for row in rows("departments")}
    for kind in rows("event_kinds"):
        assert kind["kind_group"] in groups, kind["kind_id"]
        assert {kind["lead_department"], *filter(None, kind["co_departments"].split(";"))} <= departments
        assert kind["mode"] in {"auto_ticket", "review", "notice_only"}
        assert kind["time_critical"] in {"true", "false"}
    assert len({kind["kind_id"] for kind in rows("event_kinds")}) == len(rows("event_kinds"))


def test_unclassified_is_grade_four_and_never_clustered() -> None:
    kind = next(row for row in rows("event_kinds") if row["kind_id"] == "unclassified")
    group = next(row for row in rows("kind_groups") if row["id"] == kind["kind_group"])
    cell = (kind["consequence_1_5"], kind["likelihood_1_5"])
    grade = next(row["grade"] for row in rows("risk_matrix") if (row["consequence"], row["likelihood"]) == cell)
    assert (group["clustered"], grade) == ("false", "4")


def test_every_group_has_density_one_in_this_version() -> None:
    assert {row["m"] for row in rows("kind_groups")} == {"1"}


def test_matrix_is_whole_and_never_milder_for_a_graver_cell() -> None:
    grade = {(int(r["consequence"]), int(r["likelihood"])): int(r["grade"]) for r in rows("risk_matrix")}
    assert set(grade) == {(c, likelihood) for c in range(1, 6) for likelihood in range(1, 6)}
    for (consequence, likelihood), found in grade.items():
        assert found <= grade.get((consequence - 1, likelihood), 4)
        assert found <= grade.get((consequence, likelihood - 1), 4)


def test_limits_are_unique_known_and_complete() -> None:
    kinds = {row["kind_id"] for row in rows("event_kinds")} | {""}
    limits = rows("limits")
    keys = [(row["kind"], row["clock"], row["grade"], row["condition"]) for row in limits]
    assert len(set(keys)) == len(keys)
    for row in limits:
        assert row["kind"] in kinds
        assert row["unit"] in {"min", "h", "wh", "wd", "d"}
        assert int(row["value"]) > 0
        assert row["source"]
    general = {(row["clock"], row["grade"]) for row in limits if not row["kind"] and not row["condition"]}
    assert general >= {
        (clock, grade) for clock in {c for c, g in general if g} - {"c_control", "j_interim"} for grade in GRADES
    }


def test_time_critical_kinds_run_in_natural_time_at_the_mildest_grade() -> None:
    limits = {(row["kind"], row["clock"], row["grade"]): row["unit"] for row in rows("limits") if not row["condition"]}
    for kind in rows("event_kinds"):
        if kind["time_critical"] == "true":
            for clock in ("c_triage", "c_dispatch", "c_sign", "c_contact", "c_arrive", "c_control"):
                assert limits[kind["kind_id"], clock, "4"] in {"min", "h"}, (kind["kind_id"], clock)
