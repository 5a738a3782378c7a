"""Hides who called: names, numbers, and numbers that people write in their text (ruling A11)."""

import re
from typing import Final

# Telephone, identity card and bank card numbers; house numbers and times are shorter, dates and tickets are no numbers.
_DATE: Final = r"(?:19|20)\d\d-\d\d?-\d\d?(?![\d-])"
_LONG_NUMBER: Final = re.compile(rf"(?<!\d)(?<!\d[ -])(?<!\b[CJ]R-)(?!{_DATE})\d(?:[ –—-]?\d){{6,}}(?!\d)")


def masked_phone(phone: str | None) -> str | None:
    """138****5678; a short number keeps its last two digits."""
    if phone is None:
        return None
    digits = re.sub(r"\D", "", phone)
    if len(digits) < 8:
        return "*" * max(0, len(digits) - 2) + digits[-2:]
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"


def masked_name(name: str | None) -> str | None:
    """The family name's first letter."""
    return None if not name else f"{name[0]}**"


def masked_text(text: str) -> str:
    """The text with every long number shortened to its first three digits."""
    return _LONG_NUMBER.sub(lambda found: f"{re.sub(r'[ -]', '', found.group())[:3]}****", text)
