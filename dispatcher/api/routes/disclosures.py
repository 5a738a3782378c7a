"""Art. 44: the drafts of what is made public, committees' own calendar, and what residents read without a log-in."""

from typing import Final

from dispatcher.api.handlers import disclosures, public_disclosures
from dispatcher.api.models import disclosures as models
from dispatcher.api.models.admission import ActAsk, ActPath
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission
from dispatcher.api.routes.answers import CONFLICT, FOUND_NONE
from dispatcher.api.routing import API, AnyRoute, Refusal, Route

_SLOW: Final = Refusal(429, "Too many reads a minute; see Retry-After.")
_GONE: Final = Refusal(410, "Withdrawn: `reason` says why, `replaced_by` is the corrected one.")

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/disclosures",
        Permission.READ_DISCLOSURES,
        disclosures.list_disclosures,
        "Disclosures in hand and done, newest first.",
        query=models.DisclosureFilter,
        response=models.Disclosures,
    ),
    Route(
        "POST",
        f"{API}/disclosures",
        Permission.ACT_ON_DISCLOSURES,
        disclosures.open_disclosure,
        "Draft a disclosure of a matter without a ticket, or a warning while a ticket is open.",
        body=models.NewDisclosure,
        response=models.DisclosureDetail,
        status=201,
    ),
    Route(
        "GET",
        f"{API}/disclosures/{{id}}",
        Permission.READ_DISCLOSURES,
        disclosures.read_disclosure,
        "One disclosure: its draft, what has to be blacked out, what residents would read, what was done with it.",
        params=ById,
        response=models.DisclosureDetail,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "POST",
        f"{API}/disclosures/{{id}}/actions/{{event}}",
        Permission.ACT_ON_DISCLOSURES,
        disclosures.act_on_disclosure,
        "Edit, check, drop, send back, approve, withhold, publish or withdraw.",
        params=ActPath,
        body=ActAsk,
        response=models.DisclosureDetail,
        refusals=(CONFLICT, FOUND_NONE),
    ),
    Route(
        "POST",
        f"{API}/committee-duties",
        Permission.ACT_ON_DISCLOSURES,
        disclosures.plan_committee_duty,
        "A committee puts a weighty matter into its own calendar.",
        body=models.NewDuty,
        response=models.CommitteeDuty,
        status=201,
    ),
    Route(
        "POST",
        f"{API}/committee-duties/{{id}}/findings",
        Permission.FIND_ON_DUTIES,
        disclosures.find_on_committee_duty,
        "What the residents' meeting, or then the subdistrict, decided (Art. 49).",
        params=ById,
        body=models.DutyFinding,
        response=models.CommitteeDuty,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "GET",
        "/public/disclosures",
        Permission.PUBLIC,
        public_disclosures.list_public_disclosures,
        "What is public, newest first; a browser (Accept: text/html) gets a plain page.",
        query=models.PublicFilter,
        response=models.PublicDisclosures,
        refusals=(_SLOW,),
    ),
    Route(
        "GET",
        "/public/disclosures/{id}",
        Permission.PUBLIC,
        public_disclosures.read_public_disclosure,
        "One disclosure as residents read it; a browser (Accept: text/html) gets a plain page.",
        params=models.PublicPath,
        response=models.PublicDisclosure,
        refusals=(_GONE, FOUND_NONE, _SLOW),
    ),
    Route(
        "GET",
        "/public/committee-duties",
        Permission.PUBLIC,
        public_disclosures.list_public_duties,
        "What residents' committees make public themselves, and when.",
        query=models.DutyFilter,
        response=models.CommitteeDuties,
        refusals=(_SLOW,),
    ),
)
