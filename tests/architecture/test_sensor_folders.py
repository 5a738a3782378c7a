"""The shape of a device type's folder: README, samples both ways, a line in the registry, kinds that exist."""

import csv
from importlib import import_module
from pathlib import Path

import pytest

import sensors
from sensors.profile import Profile
from sensors.registry import DEVICE_TYPES

ROOT = Path(next(iter(sensors.__path__)))
FOLDERS = sorted(folder for folder in ROOT.iterdir() if (folder / "__init__.py").exists())
HEADINGS = ("What it is", "Where it hangs", "Topic and payload", "Events it raises", "How it fails", "Example")


def known_kinds() -> set[str]:
    with (ROOT.parent / "registry" / "data" / "event_kinds.csv").open(encoding="utf-8", newline="") as file:
        return {row["kind_id"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_folder_has_a_readme_with_the_headings_in_order(folder: Path) -> None:
    lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    assert tuple(line.removeprefix("## ") for line in lines if line.startswith("## ")) == HEADINGS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_folder_has_an_accepted_and_a_rejected_sample(folder: Path) -> None:
    samples = list((folder / "samples").iterdir())
    for sample in samples:
        present = {file.name for file in sample.iterdir()}
        assert present in ({"topic.txt", "payload.json", "events.json"}, {"topic.txt", "payload.json", "rejection.txt"})
    assert any((sample / "events.json").exists() for sample in samples)
    assert any((sample / "rejection.txt").exists() for sample in samples)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_folder_stands_in_the_registry_under_its_own_name(folder: Path) -> None:
    assert DEVICE_TYPES[folder.name] is import_module(f"sensors.{folder.name}").DEVICE_TYPE
    assert DEVICE_TYPES[folder.name].name == folder.name
    assert isinstance(import_module(f"sensors.{folder.name}.profile").PROFILE, Profile)


def test_registry_holds_nothing_without_a_folder() -> None:
    assert set(DEVICE_TYPES) == {folder.name for folder in FOLDERS}


@pytest.mark.parametrize("name", sorted(DEVICE_TYPES))
def test_every_event_and_signal_names_a_known_kind(name: str) -> None:
    device_type = DEVICE_TYPES[name]
    named = {event.kind for event in device_type.events} | {signal.kind for signal in device_type.signals}
    assert named <= known_kinds()


@pytest.mark.parametrize("name", sorted(DEVICE_TYPES))
def test_readme_names_every_event_signal_and_property(name: str) -> None:
    device_type = DEVICE_TYPES[name]
    text = (ROOT / name / "README.md").read_text(encoding="utf-8")
    missing = [
        thing.name
        for row in (device_type.events, device_type.signals, device_type.properties)
        for thing in row
        if f"`{thing.name}`" not in text
    ]
    assert not missing


def test_the_signals_of_the_fire_case_are_outdoor_fire() -> None:
    hot = next(signal for signal in DEVICE_TYPES["waste_bin"].signals if signal.name == "hot")
    smoke = DEVICE_TYPES["smart_security_camera"].event("smoke")
    assert smoke is not None
    assert (hot.kind, hot.severity, smoke.kind) == ("outdoor_fire", 2, "outdoor_fire")
