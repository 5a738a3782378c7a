"""Programs that a machine may lack: tests that need one skip loudly, or fail where `RONGAN_REQUIRE` asks for it."""

import os
import shutil

import pytest

_NAMES = {
    "mosquitto": ("mosquitto",),
    "mosquitto_pub": ("mosquitto_pub",),
    "mosquitto_sub": ("mosquitto_sub",),
    "browser": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
}
_ALL = frozenset({"1", "all", "true", "yes"})


def is_required(name: str) -> bool:
    """Whether `RONGAN_REQUIRE` (`1` for everything, or names with commas between) forbids skipping for `name`."""
    asked = {word.strip() for word in os.environ.get("RONGAN_REQUIRE", "").lower().split(",")} - {""}
    return bool(asked & _ALL) or name in asked


def skip_or_fail(name: str, reason: str) -> None:
    """End the test: a skip with the reason, or a failure where `name` is required."""
    if is_required(name):
        pytest.fail(f"{reason} (RONGAN_REQUIRE asks for {name})", pytrace=False)
    pytest.skip(reason)


def require_program(name: str) -> str:
    """Give the path of a program; a test on a machine without it skips, or fails where it is required.

    `browser` stands for any Chromium; system folders are searched too, since /usr/sbin is often not in PATH.
    """
    places = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
    for candidate in _NAMES.get(name, (name,)):
        found = shutil.which(candidate, path=places)
        if found is not None:
            return found
    skip_or_fail(name, f"{name} is not installed")
    raise AssertionError("skip_or_fail returned")
