"""The words of accountability: why a file opens, in which state it is, what an organ decided, what people petition."""

from enum import StrEnum


class Ground(StrEnum):
    """Why a file was opened (ruling A5); equal to the SQL enum `accountability_ground`."""

    STATUTORY_LIMIT = "statutory_limit"  # 法定期限
    PUBLISHED_LIMIT = "published_limit"  # 公开承诺期限
    NO_BASIS = "no_basis"  # 无依据不受理
    FALSE_CLOSURE = "false_closure"  # 虚假办结
    SUPERVISOR_DECISION = "supervisor_decision"  # 督查决定


LIMITS = frozenset({Ground.STATUTORY_LIMIT, Ground.PUBLISHED_LIMIT})
"""The grounds that rest on a limit which is known outside the platform."""


class BreachJudgement(StrEnum):
    """What became of a breach; equal to the SQL enum `breach_judgement`."""

    FILE_OPENED = "file_opened"
    INTERNAL_LIMIT = "internal_limit"  # The limit is the platform's own: a file takes a supervisor's decision.
    NO_UNIT = "no_unit"  # Nobody answers for the place.


class FileState(StrEnum):
    """Equal to the SQL enum `accountability_state`."""

    FACT = "fact"  # 事实: frozen, and nothing said about fault.
    FOR_REVIEW = "for_review"  # 待核: a supervisor looks into it.
    EXCUSED = "excused"  # 免责, with the reason.
    FORWARDED = "forwarded"  # 移送 to a competent organ: by export, never by itself.
    RESULT_RECORDED = "result_recorded"  # 已录结果: what the organ decided.


class Outcome(StrEnum):
    """What a competent organ decided (Art. 50)."""

    CORRECTION_ORDERED = "correction_ordered"  # 责令改正
    CIRCULATED = "circulated"  # 通报批评
    SANCTIONED = "sanctioned"  # 政务处分
    UNFOUNDED = "unfounded"  # 不予追究


class PetitionKind(StrEnum):
    """Equal to the SQL enum `petition_kind`."""

    DENUNCIATION = "denunciation"  # 检举
    COMPLAINT = "complaint"  # 投诉 about an organ or its people, no demand on the hotline
    ACCUSATION = "accusation"  # 控告


class PetitionState(StrEnum):
    """Equal to the SQL enum `petition_state`."""

    RECEIVED = "received"  # 已收到: the acceptance clock runs.
    ACCEPTED = "accepted"  # 已受理: the handling clock runs on.
    REFUSED = "refused"  # 不予受理, with code and legal basis.
    HANDLED = "handled"  # 已办结
    WITHDRAWN = "withdrawn"  # 已撤回
