"""What may be done with an evaluation: one table of single hops, decided purely."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.procedures import Act, Hop, Refusal, Refused, choose
from dispatcher.evaluations.model import EvaluationState as S


class Part(StrEnum):
    """In which part somebody acts."""

    COMMITTEE = "committee"  # drafts, submits, says whether the reply is enough
    AUTHORITY = "authority"  # the department in charge, which replies
    SUPERVISOR = "supervisor"  # decides what was insisted on


TABLE: Final = (
    Hop("edit", (S.DRAFT,), S.DRAFT, Part.COMMITTEE),
    Hop("submit", (S.DRAFT,), S.SUBMITTED, Part.COMMITTEE),
    Hop("reply", (S.DELIVERED, S.OVERDUE), S.REPLIED, Part.AUTHORITY, ("reply",)),
    Hop("accept", (S.REPLIED,), S.ASSESSED, Part.COMMITTEE),
    # Once: the reply is due anew and the supervisor hears of it. The second time the supervisor decides.
    Hop("not_enough", (S.REPLIED,), S.DELIVERED, Part.COMMITTEE, ("reason",)),
    Hop("insist", (S.REPLIED,), S.ASSESSED, Part.COMMITTEE, ("reason",)),
    Hop("report_measures", (S.REPLIED,), S.REPLIED, Part.AUTHORITY, ("result",)),
    Hop("report_measures", (S.ASSESSED,), S.ASSESSED, Part.AUTHORITY, ("result",)),
    Hop("close", (S.ASSESSED,), S.CLOSED, Part.COMMITTEE),
    Hop("decide", (S.ASSESSED,), S.CLOSED, Part.SUPERVISOR, ("reason",)),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who stands in which part of an evaluation, and how far it is."""

    state: str
    committee_id: str
    committee_path: tuple[str, ...]
    authority_id: str
    subject_id: str
    reopened: bool
    insisted: bool  # The committee found the second reply not enough either.
    measures_open: bool  # Measures were promised and are not reported as done.

    def bars(self, event: str) -> bool:
        """Whether an event is not open now though its state would allow it."""
        match event:
            case "not_enough":
                return self.reopened
            case "insist":
                return not self.reopened
            case "report_measures":
                return not self.measures_open
            case "close":
                return self.measures_open or self.insisted
            case _:
                return False


def decide(act: Act, user: User, standing: Standing) -> Hop | Refused:
    """The hop that the act is, or why there is none."""
    decided = choose(TABLE, standing.state, act, lambda part: stands_as(user, Part(part), standing))
    if isinstance(decided, Hop) and standing.bars(act.event):
        return Refused(Refusal.NOT_IN_THIS_STATE, allowed=tuple(allowed_events(user, standing)))
    return decided


def allowed_events(user: User, standing: Standing) -> list[str]:
    """What the user could do now."""
    return [
        hop.event
        for hop in TABLE
        if standing.state in hop.from_states
        and stands_as(user, Part(hop.party), standing)
        and not standing.bars(hop.event)
    ]


def stands_as(user: User, part: Part, standing: Standing) -> bool:
    """Whether the user may act in this part; nobody of the assessed unit decides about it."""
    match part:
        case Part.COMMITTEE:
            return UserRole.COMMITTEE in user.roles and user.organisation_id == standing.committee_id
        case Part.AUTHORITY:
            return (
                bool(
                    user.roles & {UserRole.DEPT_HEAD, UserRole.DEPT_HANDLER, UserRole.SUBDISTRICT, UserRole.SUPERVISOR}
                )
                and user.organisation_id == standing.authority_id
            )
        case Part.SUPERVISOR:
            within = user.scope is None or user.scope in standing.committee_path
            concerned = user.organisation_id in (standing.authority_id, standing.subject_id)
            return UserRole.SUPERVISOR in user.roles and within and not concerned
