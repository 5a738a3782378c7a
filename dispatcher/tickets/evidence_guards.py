"""The rules of evidence, one small predicate each. True means: it may go on."""

from collections.abc import Callable, Mapping
from typing import Final

from dispatcher.tickets.evidence import TOPIC, Scene, fresh_photos, named_attachments, reuses, told
from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.questions import Question


def scene_of(question: Question) -> Scene:
    ticket = question.ticket
    return Scene(ticket.id, ticket.opened_at, ticket.lon, ticket.lat)


def elsewhere(question: Question) -> tuple[str, ...]:
    """The other uses of what the action names, or of the result that it confirms, for whoever is refused."""
    evidence, scene = question.context.evidence, scene_of(question)
    named = [evidence.cited[each] for each in named_attachments(question.fields) if each in evidence.cited]
    past = [*evidence.fallen, *(use for cited in named for use in reuses(scene, cited, evidence.relatives))]
    return tuple(dict.fromkeys(told(each, evidence.numbers) for each in past))


def _known(question: Question) -> bool:
    cited, actor = question.context.evidence.cited, question.actor
    return all(
        each in cited and cited[each].may_be_named_by(actor.id, actor.organisation_id, TOPIC, question.ticket.id)
        for each in named_attachments(question.fields)
    )


def _not_reused(question: Question) -> bool:
    evidence, scene = question.context.evidence, scene_of(question)
    return not any(
        reuses(scene, evidence.cited[each], evidence.relatives) for each in named_attachments(question.fields)
    )


def _enough(question: Question) -> bool:
    evidence = question.context.evidence
    return fresh_photos(scene_of(question), evidence, named_attachments(question.fields)) >= evidence.photos_needed


EVIDENCE_GUARDS: Final[Mapping[Guard, Callable[[Question], bool]]] = {
    Guard.ATTACHMENT_KNOWN: _known,
    Guard.PHOTO_NOT_REUSED: _not_reused,
    Guard.PHOTOS_SUFFICIENT: _enough,
    Guard.EVIDENCE_STANDS: lambda q: not q.context.evidence.fallen,
}
