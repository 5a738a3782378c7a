"""What each row changes of its ticket beside state, version and the clocks that begin and end, by hand.

Rows that are not named change nothing. Behind a bar stand the clocks that run on with another due time, or stand still.
"""

_SIGNS = "assignments"
_ENDS = "closed_at"
_DENIED = "return_requested_by denied_units assignments"
# Who asked in vain may appeal.
_AWARDED = "lead_organisation_id assignments return_requested_by wrong_dispatch_count arbitration_count denied_units"
_MERGED = "merged_into closed_at"
_STANDING = "c_resolve c_control c_arrive"
_SUBTASKS = dict.fromkeys(
    (
        *("add_subtask", "add_subtask, by the lead"),
        *(
            f"subtask_{move}"
            for move in ("sign", "start", "done", "check", "redo", "return", "reassign", "block", "waive")
        ),
    ),
    "subtasks",
)
_REQUESTS = dict.fromkeys(
    ("request_extension", "deny_extension", "request_suspension", "deny_suspension"),
    "requests",
)

CALL: dict[str, str] = {
    **_SUBTASKS,
    **_REQUESTS,
    "answer": "demand closed_at",
    "accept": "accepted_at demand injured",
    "accept, refusal asked for": "accepted_at",
    **dict.fromkeys(("refuse_accept", "verify_ok, no callback wanted", "void"), _ENDS),
    **dict.fromkeys(("request_refusal", "deny_refusal", "request_withdrawal", "deny_withdrawal"), "requests"),
    "countersign_refusal": "requests closed_at",
    "object": "closed_at objection_count",
    "dispatch": "lead_organisation_id assignments",
    "redispatch, the lead at the place is complained of": "lead_organisation_id assignments",
    "redispatch": "lead_organisation_id assignments wrong_dispatch_count",
    **dict.fromkeys(("acknowledge, lead", "acknowledge, disputed", "acknowledge, co-unit"), _SIGNS),
    "request_return": "return_requested_by returns_requested",
    "accept_return": "lead_organisation_id assignments return_requested_by wrong_dispatch_count",
    **{f"deny_return, {who}": _DENIED for who in ("lead had signed", "unsigned lead asked", "co-unit asked first")},
    "appeal": "return_requested_by appealed_units",
    **dict.fromkeys(("award", "award_fallback"), _AWARDED),
    **dict.fromkeys(("arrive", "arrive, disputed", "resolve"), "injured"),
    **dict.fromkeys(("control", "control, disputed"), "injured controlled_at"),
    "grant_extension": "requests | c_resolve",
    "suspend": f"requests state_before | {_STANDING}",
    "resume": f"| {_STANDING}",
    **dict.fromkeys(("verify_fail", "callback_unresolved"), "rework_count"),
    **dict.fromkeys(("callback_attempt", "callback_done, more wait", "flag_report", "split"), "reports"),
    "callback_done, the last": "reports closed_at",
    "approve_reply": "reply_approved_at",
    "confirm_withdrawal": "reports requests",
    **dict.fromkeys(
        ("reopen", "reopen, by number and code"), "closed_at reopen_count lead_organisation_id assignments"
    ),
    "grade": "grade | c_resolve c_sign c_contact c_arrive",
    "supervise": "supervised",
    "merge": f"{_MERGED} reports merged_reports state_before_merge",
    "unmerge": f"{_MERGED} reports merged_reports",
    "convert": "converted",
}
JOINT: dict[str, str] = {
    **_SUBTASKS,
    **_REQUESTS,
    "admit": "accepted_at grade",
    **dict.fromkeys(("reject", "void"), _ENDS),
    "object to the rejection": "closed_at objection_count",
    **dict.fromkeys(("assign_lead", "change_lead"), "lead_organisation_id assignments"),
    **dict.fromkeys(("acknowledge", "cosign, the last", "cosign, more to sign", "cosign, late"), _SIGNS),
    "invite_co": "assignments subtasks",
    "decline": "return_requested_by returns_requested",
    **{f"deny_return, {who}": "return_requested_by assignments" for who in ("the last", "more to sign")},
    "accept_return": "return_requested_by assignments subtasks",
    "plan_submit": "plan_days",
    "interim_done": "interim_done",
    "grant_extension": "requests | j_rectify",
    "suspend": "requests state_before | j_rectify",
    "resume": "| j_rectify",
    "inspect_ok": "residual_grade publicity_from",
    "inspect_fail": "rework_count",
    "close_out": "closed_at look_back_from look_back_at",
    "start_look_back": _ENDS,
    "look_back_ok": "closed_at look_back_count look_back_at",
    "relapse": "grade relapse_count look_back_at",
    "grade": "grade | j_plan j_cosign j_subtask",
    "grade, graver": "grade | j_plan j_cosign j_subtask j_interim",
    "supervise": "supervised",
    "merge": f"{_MERGED} subtasks state_before_merge",
    "unmerge": f"{_MERGED} subtasks",
}
