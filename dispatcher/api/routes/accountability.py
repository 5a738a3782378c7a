"""Art. 50: breaches, accountability files, competent organs, petitions."""

from typing import Final

from dispatcher.api.handlers import accountability
from dispatcher.api.models import accountability as models
from dispatcher.api.models.admission import ActAsk, ActPath
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission
from dispatcher.api.routes.answers import CONFLICT, FOUND_NONE
from dispatcher.api.routing import API, AnyRoute, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/breaches",
        Permission.READ_ACCOUNTABILITY,
        accountability.list_breaches,
        "Breaches, newest first; a unit's heads see its own.",
        query=models.BreachFilter,
        response=models.Breaches,
    ),
    Route(
        "GET",
        f"{API}/accountability-files",
        Permission.READ_ACCOUNTABILITY,
        accountability.list_accountability_files,
        "Accountability files that the caller must know of, newest first.",
        query=models.AccountabilityFilter,
        response=models.AccountabilityFiles,
    ),
    Route(
        "POST",
        f"{API}/accountability-files",
        Permission.DECIDE_ACCOUNTABILITY,
        accountability.open_accountability_file,
        "A supervisor opens a file: on a breach, or on a fact that no clock saw.",
        body=models.NewFile,
        response=models.AccountabilityDetail,
        status=201,
        refusals=(CONFLICT, FOUND_NONE),
    ),
    Route(
        "GET",
        f"{API}/accountability-files/{{id}}",
        Permission.READ_ACCOUNTABILITY,
        accountability.read_accountability_file,
        "One file with its seals; auditors read it without names.",
        params=ById,
        response=models.AccountabilityDetail,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "POST",
        f"{API}/accountability-files/{{id}}/actions/{{event}}",
        Permission.ACT_ON_ACCOUNTABILITY,
        accountability.act_on_accountability_file,
        "Say the unit's side; take up, excuse, forward, record an organ's result.",
        params=ActPath,
        body=ActAsk,
        response=models.AccountabilityDetail,
        refusals=(CONFLICT, FOUND_NONE),
    ),
    Route(
        "GET",
        f"{API}/accountability-files/{{id}}/export",
        Permission.DECIDE_ACCOUNTABILITY,
        accountability.export_accountability_file,
        "The bundle for a competent organ: JSON, a page, the hashes of both.",
        params=ById,
        media_type="application/zip",
        refusals=(FOUND_NONE,),
    ),
    Route(
        "GET",
        f"{API}/competent-organs",
        Permission.READ_ACCOUNTABILITY,
        accountability.list_competent_organs,
        "Who alone may decide on a file.",
        response=models.Organs,
    ),
    Route(
        "GET",
        f"{API}/petitions",
        Permission.READ_ACCOUNTABILITY,
        accountability.list_petitions,
        "Petitions that the caller must know of, newest first.",
        query=models.PetitionFilter,
        response=models.Petitions,
    ),
    Route(
        "POST",
        f"{API}/petitions",
        Permission.TAKE_PETITIONS,
        accountability.receive_petition,
        "Take in a denunciation, complaint or accusation about an organ.",
        body=models.NewPetition,
        response=models.PetitionDetail,
        status=201,
    ),
    Route(
        "GET",
        f"{API}/petitions/{{id}}",
        Permission.READ_ACCOUNTABILITY,
        accountability.read_petition,
        "One petition with what was done.",
        params=ById,
        response=models.PetitionDetail,
        refusals=(FOUND_NONE,),
    ),
    Route(
        "POST",
        f"{API}/petitions/{{id}}/actions/{{event}}",
        Permission.ACT_ON_ACCOUNTABILITY,
        accountability.act_on_petition,
        "Accept, refuse, overturn a refusal, extend, conclude or withdraw.",
        params=ActPath,
        body=ActAsk,
        response=models.PetitionDetail,
        refusals=(CONFLICT, FOUND_NONE),
    ),
)
