"""What is measured (Arts. 4, 26, 27)."""

from typing import Final

from dispatcher.api.handlers import kpi, kpi_schemes
from dispatcher.api.models import kpi as models
from dispatcher.api.models.wire import Paged
from dispatcher.api.permissions import Permission
from dispatcher.api.routing import API, AnyRoute, Refusal, Route

_NOT_FOUND: Final = Refusal(404, "no such area, indicator, ticket or scheme")

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/kpi",
        Permission.READ_KPI,
        kpi.read_kpi,
        "Figures of indicators over days of China, grouped by area, unit, kind, grade, property area or courtyard.",
        query=models.KpiFilter,
        exports=True,
        response=models.KpiFigures,
        refusals=(_NOT_FOUND,),
    ),
    Route(
        "GET",
        f"{API}/kpi/{{indicator}}/tickets",
        Permission.READ_KPI,
        kpi.list_kpi_facts,
        "What stands behind a figure, newest first; numerators and denominators add up to it.",
        params=models.IndicatorPath,
        query=models.BehindFilter,
        response=models.FactsBehind,
        refusals=(_NOT_FOUND,),
    ),
    Route(
        "GET",
        f"{API}/unreasonable-demands",
        Permission.READ_KPI,
        kpi.list_unreasonable_demands,
        "Demands that a supervisor found unreasonable, newest ticket first.",
        query=Paged,
        response=models.UnreasonableDemands,
    ),
    Route(
        "POST",
        f"{API}/unreasonable-demands",
        Permission.CHANGE_KPI,
        kpi.find_unreasonable,
        "Leave a demand out of the figures of units; it is shown beside them. By a supervisor of no handling unit.",
        body=models.UnreasonableAsk,
        status=204,
        refusals=(_NOT_FOUND,),
    ),
    Route(
        "POST",
        f"{API}/resident-surveys",
        Permission.CHANGE_KPI,
        kpi.add_resident_survey,
        "Take in what a sample of residents said.",
        body=models.SurveyAsk,
        response=models.Survey,
        status=201,
        refusals=(_NOT_FOUND,),
    ),
    Route(
        "GET",
        f"{API}/local-areas",
        Permission.READ_REGISTRY,
        kpi.list_local_areas,
        "Property-management areas and courtyards.",
        response=models.LocalAreas,
    ),
    Route(
        "GET",
        f"{API}/kpi-schemes",
        Permission.READ_KPI,
        kpi_schemes.list_kpi_schemes,
        "Schemes of assessment with their weights, the newest version first.",
        response=models.Schemes,
    ),
    Route(
        "POST",
        f"{API}/kpi-schemes",
        Permission.CHANGE_KPI,
        kpi_schemes.add_kpi_scheme,
        "Add the next version of a scheme; refused where residents' satisfaction does not weigh most.",
        body=models.SchemeAsk,
        response=models.Scheme,
        status=201,
    ),
    Route(
        "POST",
        f"{API}/kpi-schemes/{{id}}/scores",
        Permission.CHANGE_KPI,
        kpi_schemes.score_units,
        "Score every unit of one's area over a span of days.",
        params=models.SchemePath,
        body=models.ScoreAsk,
        response=models.Scored,
        status=201,
        refusals=(_NOT_FOUND,),
    ),
    Route(
        "GET",
        f"{API}/kpi-scores",
        Permission.READ_KPI,
        kpi_schemes.list_kpi_scores,
        "Scores with all they follow from, the newest first.",
        query=models.ScoreFilter,
        response=models.Scores,
    ),
)
