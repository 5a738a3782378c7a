"""Briefs, and the record of what was taken out of the system."""

from typing import Final

from dispatcher.api.handlers import reports
from dispatcher.api.models import reports as report_models
from dispatcher.api.models.wire import Paged
from dispatcher.api.permissions import Permission
from dispatcher.api.routing import API, AnyRoute, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/reports/{{period}}",
        Permission.READ_RATES,
        reports.read_brief,
        "The brief of a day or a week: what happened, what is late, kinds and indicators beside the span before.",
        params=report_models.BriefPath,
        query=report_models.BriefFilter,
        response=report_models.BriefView,
        exports=True,
    ),
    Route(
        "GET",
        f"{API}/exports",
        Permission.READ_EXPORTS,
        reports.list_exports,
        "Who took which lists out, newest first.",
        query=Paged,
        response=report_models.ExportRecords,
    ),
)
