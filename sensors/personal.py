"""Fields that could name a person: dropped by the dialects before anything is stored, quarantine included."""

from collections.abc import Mapping
from typing import Any, Final

PERSONAL_FIELDS: Final[frozenset[str]] = frozenset(
    {
        "attributes",  # free classifier output: clothing, sex, age
        "card_id",
        "card_no",
        "embedding",
        "employee_no",
        "face",
        "face_id",
        "face_image",
        "face_score",
        "faces",
        "id_card",
        "id_number",
        "identity_no",
        "license_plate",
        "mobile",
        "person_id",
        "person_name",
        "phone",
        "plate",
        "plate_no",
        "recognized_license_plate",
        "recognized_license_plate_score",
        "sub_label",
        "sub_label_score",
        "sub_labels",
        "user_id",
        "user_name",
    }
)
"""Dropped for every device type. A type adds its own through `DeviceType.dropped_fields`."""


def strip(raw: Any, names: frozenset[str] = PERSONAL_FIELDS) -> tuple[Any, int]:
    """Copy decoded JSON without the fields in `names`, at any depth; also how many fields went.

    Spelling does not matter: `subLabel`, `sub-label` and `SUB_LABEL` are one field. Depth is the caller's duty (the
    JSON decoder's limit).
    """
    folded = _folded(names)
    return _strip(raw, folded)


def _strip(raw: Any, folded: frozenset[str]) -> tuple[Any, int]:
    if isinstance(raw, Mapping):
        kept: dict[Any, Any] = {}
        dropped = 0
        for key, value in raw.items():
            if isinstance(key, str) and _fold(key) in folded:
                dropped += 1
                continue
            kept[key], inside = _strip(value, folded)
            dropped += inside
        return kept, dropped
    if isinstance(raw, list | tuple):
        members = [_strip(member, folded) for member in raw]
        return [member for member, _ in members], sum(count for _, count in members)
    return raw, 0


_FOLDED: dict[frozenset[str], frozenset[str]] = {}


def _folded(names: frozenset[str]) -> frozenset[str]:
    found = _FOLDED.get(names)
    if found is None:
        found = _FOLDED[names] = frozenset(_fold(name) for name in names)
    return found


def _fold(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
