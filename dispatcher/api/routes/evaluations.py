"""Art. 46: evaluations of public services by committees, residents' opinions in sums, assessments of organs."""

from typing import Final

from dispatcher.api.handlers import evaluations
from dispatcher.api.models import evaluations as models
from dispatcher.api.models.admission import ActAsk, ActPath
from dispatcher.api.models.wire import ById, Paged
from dispatcher.api.permissions import Permission
from dispatcher.api.routes.answers import CONFLICT, FOUND_NONE
from dispatcher.api.routing import API, AnyRoute, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/evaluations",
        Permission.READ_EVALUATIONS,
        evaluations.list_evaluations,
        "Evaluations that the caller has a part in or oversees, newest first.",
        query=models.EvaluationFilter,
        response=models.Evaluations,
    ),
    Route(
        "POST",
        f"{API}/evaluations",
        Permission.EVALUATE,
        evaluations.draft_evaluation,
        "A residents' committee drafts the evaluation of a public service or an organ.",
        body=models.NewEvaluation,
        response=models.EvaluationDetail,
        status=201,
    ),
    Route(
        "GET",
        f"{API}/evaluations/{{id}}",
        Permission.READ_EVALUATIONS,
        evaluations.read_evaluation,
        "One evaluation with its clocks and what was done; the assessed unit learns nothing of who said what.",
        params=ById,
        response=models.EvaluationDetail,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "POST",
        f"{API}/evaluations/{{id}}/opinions",
        Permission.EVALUATE,
        evaluations.add_opinion,
        "Add what one resident said, without a name, while the evaluation is a draft.",
        params=ById,
        body=models.NewOpinion,
        response=models.EvaluationDetail,
        status=201,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "POST",
        f"{API}/evaluations/{{id}}/actions/{{event}}",
        Permission.ACT_ON_EVALUATIONS,
        evaluations.act_on_evaluation,
        "Edit, submit, reply, accept, find not enough, insist, report measures, close or decide.",
        params=ActPath,
        body=ActAsk,
        response=models.EvaluationDetail,
        refusals=(CONFLICT, FOUND_NONE),
    ),
    Route(
        "GET",
        f"{API}/evaluation-sums",
        Permission.READ_EVALUATIONS,
        evaluations.list_evaluation_sums,
        "Residents' opinions of units in sums, from a minimum group on.",
        query=models.SumFilter,
        response=models.EvaluationSums,
    ),
    Route(
        "GET",
        f"{API}/organ-assessments",
        Permission.READ_EVALUATIONS,
        evaluations.list_organ_assessments,
        "Assessments of administrative organs, newest first.",
        query=Paged,
        response=models.Assessments,
    ),
    Route(
        "POST",
        f"{API}/organ-assessments",
        Permission.ASSESS_ORGANS,
        evaluations.open_organ_assessment,
        "Open the assessment of an administrative organ in a period.",
        body=models.NewAssessment,
        response=models.AssessmentDetail,
        status=201,
    ),
    Route(
        "GET",
        f"{API}/organ-assessments/{{id}}",
        Permission.READ_EVALUATIONS,
        evaluations.read_organ_assessment,
        "One assessment with which committees were heard in which form; never told to the unit.",
        params=ById,
        response=models.AssessmentDetail,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "POST",
        f"{API}/organ-assessments/{{id}}/hearings",
        Permission.HEAR_COMMITTEES,
        evaluations.hear_committee,
        "Record what a committee said and in which form; a committee speaks for itself.",
        params=ById,
        body=models.NewHearing,
        response=models.AssessmentDetail,
        status=201,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "POST",
        f"{API}/organ-assessments/{{id}}/conclusion",
        Permission.ASSESS_ORGANS,
        evaluations.conclude_organ_assessment,
        "Conclude it, saying how the committees' opinion was weighed; needs several forms.",
        params=ById,
        body=models.Conclusion,
        response=models.AssessmentDetail,
        refusals=(CONFLICT, FOUND_NONE),
    ),
)
