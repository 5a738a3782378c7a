"""Puts messages into words for one contact point: template, language, the mark of an exercise, bundles."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dispatcher.channels.errors import TopicUnknown
from dispatcher.channels.masking import masked_name, masked_phone, masked_text
from dispatcher.channels.model import ContactPoint, Message
from dispatcher.channels.outbox import QUERIES
from dispatcher.channels.registry import find_channel
from registry.messages.templates import (
    FieldValue,
    Language,
    Masking,
    Rendered,
    Template,
    parse_template,
    require_fields,
)
from runtime.pool import Connection

# A bundle names so many messages; the rest is counted.
_LINES_MAX: Final = 10
_EXERCISE: Final = {Language.ZH_CN: "【演练】", Language.EN: "[EXERCISE] "}
_BUNDLE: Final = {Language.ZH_CN: "{n} 条消息", Language.EN: "{n} messages"}
_MORE: Final = {Language.ZH_CN: "另有 {n} 条，请登录查看。", Language.EN: "and {n} more; please log in."}


class Book:
    """The templates of some topics."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._known = {(each.topic, each.version, each.language): each for each in templates}

    def newest(self, topic: str) -> Template:
        """Raises TopicUnknown."""
        versions = [each for each in self._known.values() if each.topic == topic]
        if not versions:
            raise TopicUnknown(topic)
        return max(versions, key=lambda each: each.version)

    def render(self, message: Message, language: Language) -> Rendered:
        template = self._known[message.topic, message.template_version, language]
        return template.render(message.fields)


async def read_book(conn: Connection, topics: Iterable[str]) -> Book:
    """Raises TemplateInvalid where what stands in the database cannot be rendered."""
    rows = await conn.fetch(QUERIES.read_templates, sorted(set(topics)))
    return Book(parse_template({**dict(row), "fields": ";".join(row["fields"])}) for row in rows)


def masked_fields(template: Template, fields: Mapping[str, FieldValue]) -> dict[str, str | int]:
    """The fields as they may be kept and told. Raises FieldsWrong."""
    require_fields(template.topic, template.fields, fields)
    return {name: _masked(template.fields[name], value) for name, value in fields.items()}


def body_of(messages: Sequence[Message], point: ContactPoint, book: Book, *, exercise: bool) -> dict[str, Any]:
    """What the outbox carries to one contact point."""
    language = point.language
    short = find_channel(point.channel).short
    rendered = [book.render(message, language) for message in messages]
    if len(messages) == 1:
        subject, text = rendered[0].subject, rendered[0].short if short else rendered[0].long
    else:
        subject = _BUNDLE[language].format(n=len(messages))
        lines = [f"{nth}. {each.short}" for nth, each in enumerate(rendered[:_LINES_MAX], start=1)]
        if len(rendered) > _LINES_MAX:
            lines.append(_MORE[language].format(n=len(rendered) - _LINES_MAX))
        text = "\n".join([subject, *lines])
    mark = _EXERCISE[language] if exercise else ""
    return {
        "subject": mark + subject,
        "text": mark + text,
        "language": language.value,
        "exercise": exercise,
        "messages": [
            {
                "id": each.id,
                "topic": each.topic,
                "grade": each.grade,
                "ticket_id": each.ticket_id,
                "fields": each.fields,
            }
            for each in messages
        ],
    }


def _masked(masking: Masking, value: FieldValue) -> str | int:
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        return value
    match masking:
        case Masking.PLAIN:
            return value
        case Masking.PERSON:
            return masked_name(value) or ""
        case Masking.PHONE:
            return masked_phone(value) or ""
        case Masking.TEXT:
            return masked_text(value)
