"""Why an incident is one and has its grade, and what officers say about it."""

from typing import Final

from dispatcher.api.handlers import explanations
from dispatcher.api.models import explanations as models
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission
from dispatcher.api.routes.answers import CONFLICT
from dispatcher.api.routing import API, AnyRoute, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/incidents/{{id}}/explanation",
        Permission.READ_RECORD,
        explanations.explain_incident,
        "Why its events belong together, why it has its grade, and what would change it.",
        params=ById,
        response=models.IncidentExplanation,
    ),
    Route(
        "POST",
        f"{API}/incidents/{{id}}/grade",
        Permission.GRADE_INCIDENTS,
        explanations.set_grade,
        "Set its grade over the computed one, or give it back; a milder one takes a shift leader.",
        params=ById,
        body=models.SetGrade,
        response=models.IncidentExplanation,
        refusals=(CONFLICT,),
    ),
    Route(
        "POST",
        f"{API}/incidents/{{id}}/judgements",
        Permission.GRADE_INCIDENTS,
        explanations.judge_incident,
        "Say what a person found who looked.",
        params=ById,
        body=models.Judge,
        response=models.IncidentExplanation,
        refusals=(CONFLICT,),
    ),
)
