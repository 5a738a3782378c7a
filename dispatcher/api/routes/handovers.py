"""What leaves the city's own hands: calls to emergency services, their answers, reports upward."""

from typing import Final

from dispatcher.api.handlers import handovers
from dispatcher.api.models import handovers as models
from dispatcher.api.models.admission import ActAsk, ActPath
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission
from dispatcher.api.routes.answers import CONFLICT, FOUND_NONE
from dispatcher.api.routing import API, AnyRoute, Refusal, Route

_UNSIGNED: Final = Refusal(401, "Not signed by the service that was called, or too old.")

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/emergency-handovers",
        Permission.READ_HANDOVERS,
        handovers.list_emergency_handovers,
        "Calls to 110, 119, 120 and 122, newest first.",
        query=models.HandoverFilter,
        response=models.Handovers,
    ),
    Route(
        "POST",
        f"{API}/emergency-handovers",
        Permission.CALL_SERVICES,
        handovers.call_emergency_number,
        "Call a service for a ticket.",
        body=models.NewHandover,
        response=models.HandoverDetail,
        status=201,
        refusals=(CONFLICT,),
    ),
    Route(
        "GET",
        f"{API}/emergency-handovers/{{id}}",
        Permission.READ_HANDOVERS,
        handovers.read_emergency_handover,
        "One call with every page and answer.",
        params=ById,
        response=models.HandoverDetail,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "POST",
        f"{API}/emergency-handovers/{{id}}/answers",
        Permission.CALL_SERVICES,
        handovers.enter_emergency_answer,
        "Enter what the service said on the telephone.",
        params=ById,
        body=models.HandoverAnswer,
        response=models.HandoverDetail,
        refusals=(CONFLICT, FOUND_NONE),
    ),
    Route(
        "POST",
        f"{API}/emergency-returns",
        Permission.PUBLIC,
        handovers.take_emergency_return,
        "For the services' own systems: an answer, signed as Standard Webhooks say.",
        body=models.EmergencyReturn,
        response=models.ReturnTaken,
        refusals=(_UNSIGNED,),
    ),
    Route(
        "GET",
        f"{API}/upward-reports",
        Permission.READ_HANDOVERS,
        handovers.list_upward_reports,
        "Reports upward, newest first; or what is owed, the first due first.",
        query=models.UpwardFilter,
        response=models.UpwardReports,
    ),
    Route(
        "GET",
        f"{API}/upward-reports/{{id}}",
        Permission.READ_HANDOVERS,
        handovers.read_upward_report,
        "One report with what was done.",
        params=ById,
        response=models.UpwardDetail,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "POST",
        f"{API}/upward-reports/{{id}}/actions/{{event}}",
        Permission.REPORT_UPWARD,
        handovers.act_on_upward_report,
        "Edit, redraft, phone, approve, send back, send, receive or cancel.",
        params=ActPath,
        body=ActAsk,
        response=models.UpwardDetail,
        refusals=(CONFLICT, FOUND_NONE),
    ),
)
