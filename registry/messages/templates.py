"""How messages are worded: versioned templates in both languages, checked when they are loaded and rendered strictly.

A placeholder is `{name}` and nothing more; it must be declared, and what is declared must be given.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from string import Formatter
from typing import Final

from registry.calendar import LOCAL

FieldValue = str | int | datetime

_FORMS: Final = ("subject", "short", "long")


class Language(StrEnum):
    """What a contact point reads."""

    ZH_CN = "zh-CN"  # 简体中文
    EN = "en"  # English


class Masking(StrEnum):
    """What is done with a field before it is stored (ruling A11)."""

    TEXT = "text"  # Long numbers lose all but their first three digits: what nobody declared otherwise.
    PLAIN = "plain"  # As it is: numbers of tickets, codes.
    PERSON = "person"  # The family name's first letter.
    PHONE = "phone"  # 138****5678


class TemplateInvalid(ValueError):
    """A template that cannot be rendered; it is not loaded."""

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"{topic}: {reason}")
        self.topic = topic
        self.reason = reason


class FieldsWrong(ValueError):
    """What was given is not what the topic declares."""

    def __init__(self, topic: str, *, missing: Iterable[str], unknown: Iterable[str]) -> None:
        self.topic = topic
        self.missing = tuple(sorted(missing))
        self.unknown = tuple(sorted(unknown))
        super().__init__(f"{topic}: missing {self.missing}, unknown {self.unknown}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in words."""

    subject: str
    short: str
    long: str


@dataclass(frozen=True, slots=True)
class Template:
    """One topic in one language. Raises TemplateInvalid when it is made of what cannot be rendered."""

    topic: str
    version: int
    language: Language
    subject: str
    short: str
    long: str
    fields: Mapping[str, Masking]

    def __post_init__(self) -> None:
        said = {name for form in _FORMS for name in placeholders(self.topic, getattr(self, form))}
        if undeclared := said - self.fields.keys():
            raise TemplateInvalid(self.topic, f"{self.language} says undeclared {sorted(undeclared)}")

    def render(self, fields: Mapping[str, str | int]) -> Rendered:
        """The message in words. Raises FieldsWrong unless exactly the declared fields are given."""
        require_fields(self.topic, self.fields, fields)
        told = {name: _told(name, value) for name, value in fields.items()}
        return Rendered(*(getattr(self, form).format_map(told) for form in _FORMS))


def parse_template(row: Mapping[str, str]) -> Template:
    """A row of message_templates.csv. Raises TemplateInvalid."""
    topic = row["topic"]
    fields: dict[str, Masking] = {}
    for part in filter(None, row["fields"].split(";")):
        name, _, masking = part.partition(":")
        if not name.isidentifier() or name in fields:
            raise TemplateInvalid(topic, f"{name!r} is no name of a field, or stands twice")
        try:
            fields[name] = Masking(masking or Masking.TEXT)
        except ValueError:
            raise TemplateInvalid(topic, f"{name}: no masking {masking!r}") from None
    return Template(
        topic=topic,
        version=int(row["version"]),
        language=Language(row["language"]),
        subject=row["subject"],
        short=row["short"],
        long=row["long"].replace("\\n", "\n"),
        fields=fields,
    )


def check_languages(templates: Iterable[Template]) -> None:
    """Every version of a topic stands in every language, with the same fields. Raises TemplateInvalid."""
    versions: dict[tuple[str, int], dict[Language, Template]] = {}
    for each in templates:
        languages = versions.setdefault((each.topic, each.version), {})
        if each.language in languages:
            raise TemplateInvalid(each.topic, f"version {each.version} stands twice in {each.language}")
        languages[each.language] = each
    for (topic, version), languages in versions.items():
        if missing := set(Language) - languages.keys():
            raise TemplateInvalid(topic, f"version {version} lacks {sorted(missing)}")
        first, *others = languages.values()
        if any(other.fields != first.fields for other in others):
            raise TemplateInvalid(topic, f"version {version} declares other fields in other languages")


def placeholders(topic: str, text: str) -> frozenset[str]:
    """The names in a text. Raises TemplateInvalid for a format, a conversion, an attribute or a brace left open."""
    found = set()
    try:
        for _, name, form, conversion in Formatter().parse(text):
            if name is None:
                continue
            if not name.isidentifier() or form or conversion:
                raise TemplateInvalid(topic, f"{{{name}}} is more than a name")
            found.add(name)
    except ValueError as error:
        if isinstance(error, TemplateInvalid):
            raise
        raise TemplateInvalid(topic, str(error)) from error
    return frozenset(found)


def require_fields(topic: str, declared: Iterable[str], given: Iterable[str]) -> None:
    """Raise FieldsWrong unless exactly the declared names are given."""
    declared, given = set(declared), set(given)
    if declared != given:
        raise FieldsWrong(topic, missing=declared - given, unknown=given - declared)


def _told(name: str, value: str | int) -> str:
    """A time is told as the wall clock shows it."""
    if name.endswith("_at") and isinstance(value, str) and value:
        return datetime.fromisoformat(value).astimezone(LOCAL).strftime("%m-%d %H:%M")
    return str(value)
