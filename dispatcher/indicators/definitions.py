"""Every indicator as one entry; docs/reference/indicators.md is written from here."""

from collections.abc import Mapping
from typing import Final

from dispatcher.indicators.measures import (
    DECIDED,
    ENDED,
    JUDGED,
    LEADS,
    MOVED,
    OF_DESKS,
    REWORKED,
    UPHELD,
    assigned,
    called_back,
    deeds,
    in_time,
    words,
)
from dispatcher.indicators.model import Better, Facts, Indicator, MeasureUnit, Subject
from dispatcher.tickets.model import ClockName, TicketEvent

_C: Final = ClockName
_E: Final = TicketEvent
_ART4: Final = "第四条 (满意度为主的考核评价)"
_LIMITS: Final = f"{_ART4}; 第五十条 (法定或公布时限)"
_RETURNS: Final = f"{_ART4}; 首接负责、先办后议 (12345 practice)"

_ALL: Final = (
    Indicator(
        id="response",
        zh_name="响应率",
        en_name="response rate",
        zh_formula="时限内首次联系到诉求人的次数(被划除的联系记录不计) ÷ 到期应联系的次数",
        en_formula="first contacts with the reporter within the limit, unless they were struck from the record"
        " / contacts that were due",
        facts=(in_time(_C.CONTACT, by=(_E.CONTACT,)),),
        source=_ART4,
    ),
    Indicator(
        id="resolution",
        zh_name="解决率",
        en_name="resolution rate",
        zh_formula="回访确认已解决的次数 ÷ 回访接通的次数(经核实的撤诉计入分母)",
        en_formula="call-backs that answered `resolved` / call-backs that reached the reporter, confirmed withdrawals"
        " included",
        facts=called_back("fields ->> 'outcome' = 'resolved'"),
        source=_ART4,
    ),
    Indicator(
        id="satisfaction",
        zh_name="满意率",
        en_name="satisfaction rate",
        zh_formula="回访评价基本满意及以上(3 分及以上)的次数 ÷ 回访接通的次数(经核实的撤诉计入分母)",
        en_formula="call-backs with basically satisfied or better (3 to 5 of 5) / call-backs that reached the reporter,"
        " confirmed withdrawals included",
        facts=called_back("(fields ->> 'satisfaction')::int >= 3"),
        source=_ART4,
    ),
    Indicator(
        id="resident_satisfaction",
        zh_name="抽样居民满意率",
        en_name="satisfaction of sampled residents",
        zh_formula="抽样居民中基本满意及以上的人数 ÷ 抽样居民中访问成功的人数",
        en_formula="sampled residents who are basically satisfied or better / sampled residents who were reached",
        facts=(
            Facts(
                view="indicator_surveys",
                where="true",
                numerator="satisfied",
                denominator="reached",
                population="drawn",
            ),
        ),
        source=_ART4,
        subject=Subject.SURVEY,
    ),
    Indicator(
        id="acceptance_in_time",
        zh_name="按期受理率",
        en_name="acceptance in time",
        zh_formula="受理时限内作出受理、答复或不予受理决定的次数 ÷ 应作出决定的次数",
        en_formula="reports accepted, answered or refused within the limit of triage / reports to decide on",
        facts=(in_time(_C.TRIAGE, by=(_E.ACCEPT, _E.ANSWER, _E.REFUSE_ACCEPT, _E.COUNTERSIGN_REFUSAL)),),
        source=_LIMITS,
    ),
    Indicator(
        id="signing_in_time",
        zh_name="按期签收率",
        en_name="signature in time",
        zh_formula="时限内签收(会签)的次数 ÷ 应签收(会签)的次数",
        en_formula="signatures of lead and co-units within the limit / signatures that were due",
        facts=(in_time(_C.SIGN, _C.LEAD, _C.COSIGN, by=(_E.ACKNOWLEDGE, _E.COSIGN)),),
        source=_LIMITS,
    ),
    Indicator(
        id="arrival_in_time",
        zh_name="按期到场率",
        en_name="arrival in time",
        zh_formula="时限内到场的次数 ÷ 应到场的次数;四级非时间敏感事项未到场即在时限内办结的,视为无需到场",
        en_formula="arrivals within the limit / arrivals that were due; a matter of grade IV that is not time-critical"
        " and had its result in time without a visit needed none",
        facts=(
            in_time(_C.ARRIVE, by=(_E.ARRIVE,), unneeded=f"grade = 4 AND working AND stop_reason = '{_E.RESOLVE}'"),
        ),
        source=_LIMITS,
    ),
    Indicator(
        id="completion_in_time",
        zh_name="按期办结率",
        en_name="completion in time",
        zh_formula="时限内办结的次数 ÷ 应办结的次数;一、二级以排险控制为准,协同整治以申报完成为准",
        en_formula="results within the limit / results that were due; grades I and II count when the danger is"
        " controlled, joint rectifications when completion is reported",
        facts=(
            in_time(_C.RESOLVE, by=(_E.RESOLVE,), only="grade > 2"),
            in_time(_C.CONTROL, by=(_E.CONTROL,), only="grade <= 2"),
            in_time(_C.RECTIFY, by=(_E.REPORT_COMPLETE,)),
        ),
        source=_LIMITS,
    ),
    Indicator(
        id="rework",
        zh_name="返工率",
        en_name="rework rate",
        zh_formula="核查、回访或验收不通过的次数 ÷ 办理结果得到最终评判的次数",
        en_formula="results sent back by verification, call-back or inspection / results that were judged for good",
        facts=(
            deeds(
                JUDGED,
                numerator=f"({REWORKED})::int",
                denominator="1",
            ),
        ),
        source=_ART4,
        better=Better.LOWER,
    ),
    Indicator(
        id="repeat_demand",
        zh_name="重复诉求率",
        en_name="repeated demands",
        zh_formula="同一号码90日内在同一区域就同类事项再次反映的诉求 ÷ 全部诉求;匿名诉求只计入分母",
        en_formula="reports whose number reported the same kind in the same area within 90 days before / reports of"
        " people; anonymous reports count in the denominator alone",
        facts=(Facts(view="indicator_reports", where="true", numerator="repeated::int", denominator="1"),),
        source=_ART4,
        better=Better.LOWER,
    ),
    Indicator(
        id="returns",
        zh_name="退单率",
        en_name="return rate",
        zh_formula="申请退单(拒签)的次数 ÷ 派单到单位的次数;值班席代收的不计",
        en_formula="requests to return, or refusals to co-sign / assignments of units; what the duty desk only held"
        " is left out",
        facts=(
            deeds(f"event IN ({words(_E.REQUEST_RETURN, _E.DECLINE)})", numerator="1", answers="actor_unit"),
            assigned(),
        ),
        source=_RETURNS,
        better=Better.LOWER,
    ),
    Indicator(
        id="returns_upheld",
        zh_name="退单成立率",
        en_name="returns upheld",
        zh_formula="退单成立的次数 ÷ 作出决定的退单次数",
        en_formula="returns after which the unit had no part in the ticket any more / returns that were decided",
        facts=(deeds(DECIDED, numerator=f"({UPHELD})::int", denominator="1", answers="asker"),),
        source=_RETURNS,
    ),
    Indicator(
        id="wrong_dispatch",
        zh_name="错派率",
        en_name="wrong dispatches",
        zh_formula="换了牵头单位的改派、退单和裁定次数 ÷ 派给牵头单位的次数;值班席代收的不计",
        en_formula="times that a ticket went to another lead / dispatches to a lead; what the duty"
        " desk only held is left out",
        facts=(
            deeds(MOVED, numerator="1", answers="NULL::text"),
            assigned(f"{LEADS} AND ticket_kind = 'call_response'", answers="NULL::text"),
        ),
        source=_RETURNS,
        better=Better.LOWER,
    ),
    Indicator(
        id="suspension",
        zh_name="挂账率",
        en_name="suspension rate",
        zh_formula="同意挂账的次数 ÷ 派给牵头单位的次数;值班席代收的不计",
        en_formula="suspensions granted / dispatches to a lead; what the duty desk only held is left out",
        facts=(deeds(f"event = '{_E.SUSPEND}'", numerator="1"), assigned(LEADS)),
        source=_ART4,
        better=Better.LOWER,
    ),
    Indicator(
        id="suspension_age",
        zh_name="挂账时长",
        en_name="age of suspensions",
        zh_formula="结束挂账的事项的挂账秒数之和 ÷ 结束挂账的次数,以日计",
        en_formula="seconds in suspension, of suspensions that ended / suspensions that ended; in days",
        facts=(
            deeds(
                "from_state = 'suspended' AND from_state <> to_state",
                numerator="EXTRACT(epoch FROM at - suspended_at)",
                denominator="1",
            ),
        ),
        source=_ART4,
        unit=MeasureUnit.AVERAGE_DAYS,
        better=Better.LOWER,
    ),
    Indicator(
        id="extension",
        zh_name="延期率",
        en_name="extension rate",
        zh_formula="同意延期的次数 ÷ 派给牵头单位的次数;值班席代收的不计",
        en_formula="extensions granted / dispatches to a lead; what the duty desk only held is left out",
        facts=(deeds(f"event = '{_E.GRANT_EXTENSION}'", numerator="1"), assigned(LEADS)),
        source=_ART4,
        better=Better.LOWER,
    ),
    Indicator(
        id="times_over",
        zh_name="超时倍数",
        en_name="times over the limit",
        zh_formula="超期事项实际用时与规定用时之比(自然时间)的平均数,按超期时钟结束之日计;受理、派遣、核查、回访等由值班席负责的时钟不计入单位",
        en_formula="time taken / time allowed, as elapsed time, averaged over late runs on the day on which they ended;"
        " runs for which a desk answers, such as verification and call-back, are no unit's",
        facts=(
            Facts(
                view="indicator_clock_runs",
                where="breached_at IS NOT NULL AND stopped_at IS NOT NULL AND breached_at > started_at",
                numerator="floor(1000 * EXTRACT(epoch FROM stopped_at - started_at)"
                " / EXTRACT(epoch FROM breached_at - started_at))",
                denominator="1",
                at="stopped_at",
                answers=f"CASE WHEN clock NOT IN ({words(*OF_DESKS)}) THEN organisation_id END",
            ),
        ),
        source=_LIMITS,
        unit=MeasureUnit.MULTIPLE,
        better=Better.LOWER,
    ),
    Indicator(
        id="buck_passing",
        zh_name="推诿次数",
        en_name="returns without ground",
        zh_formula="退单或申诉不成立的次数;旁注作出决定的退单次数",
        en_formula="returns and appeals that were not upheld; beside it those that were decided",
        facts=(deeds(DECIDED, numerator=f"(NOT {UPHELD})::int", denominator="1", answers="asker"),),
        source=_RETURNS,
        unit=MeasureUnit.COUNT,
        better=Better.LOWER,
    ),
    Indicator(
        id="found_by_devices",
        zh_name="自动发现率",
        en_name="found by devices",
        zh_formula="感知设备先于群众来电发现的呼叫响应工单 ÷ 全部呼叫响应工单",
        en_formula="call-response tickets that devices opened before any caller / call-response tickets opened",
        facts=(
            deeds(
                f"event = '{_E.SUBMIT}'",
                numerator="device_found::int",
                denominator="1",
                answers="NULL::text",
            ),
        ),
        source="第二十四条 (智慧社区); 自动发现率 (12345 and grid practice)",
    ),
    Indicator(
        id="false_alarms",
        zh_name="误报率",
        en_name="false alarms",
        zh_formula="设备发现的工单中因测试、不属实或设备故障作废的 ÷ 设备发现且已办结的工单;按类型看即各类设备",
        en_formula="tickets found by devices and voided as test, proven false or sensor fault / tickets found by"
        " devices that ended; grouped by kind it is the figure of each kind of device",
        facts=(
            deeds(
                ENDED,
                numerator=f"COALESCE(event = '{_E.VOID}'"
                " AND fields ->> 'code' IN ('test', 'proven_false', 'sensor_fault'), false)::int",
                denominator="1",
                answers="NULL::text",
            ),
        ),
        source="第二十四条 (智慧社区)",
        better=Better.LOWER,
    ),
    Indicator(
        id="disclosure_in_time",
        zh_name="公开及时率",
        en_name="disclosure in time",
        zh_formula="时限内公开的事项 ÷ 到期应公开的事项",
        en_formula="disclosures published within the limit / disclosures that were due",
        facts=(
            Facts(
                view="indicator_disclosures",
                where="true",
                numerator="(breached_at IS NULL)::int",
                denominator="1",
            ),
        ),
        source="第四十四条; 第四十七条",
        subject=Subject.DISCLOSURE,
    ),
    Indicator(
        id="evaluation_replies",
        zh_name="评议回应率",
        en_name="replies to evaluations",
        zh_formula="时限内回应的社区评议 ÷ 到期应回应的社区评议",
        en_formula="evaluations answered within the limit / evaluations whose answer was due",
        facts=(
            Facts(
                view="indicator_evaluations",
                where="clock = 'e_reply'",
                numerator="(breached_at IS NULL)::int",
                denominator="1",
            ),
        ),
        source="第四十六条",
        subject=Subject.EVALUATION,
    ),
)

INDICATORS: Final[Mapping[str, Indicator]] = {indicator.id: indicator for indicator in _ALL}
"""Every indicator by its id, in the order in which they are shown."""
