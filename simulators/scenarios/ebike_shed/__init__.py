"""The story of one night and what follows: a charging shed burns, and nobody can quietly stop a clock.

02:10 on a Saturday. Many witnesses, one incident, one call-response; a unit that is not on duty; the ladder; joint
rectification by five units; a return that is argued; work pushed on a residents' committee; weeks later a photo that
was used before, rework, an objection, close-out, relapse.
"""

from datetime import datetime
from typing import Final

from simulators.scenarios.drill import CITY_ZONE, Scenario, Scene
from simulators.scenarios.ebike_shed import burden, night, rectification, weeks

SCENARIO: Final = Scenario(
    name="ebike_shed",
    zh="凌晨车棚起火：一案多报、呼叫响应、协同整治",
    en="A charging shed burns at night: one incident, call-response, joint rectification",
    begins_at=datetime(2026, 11, 28, 2, 10, tzinfo=CITY_ZONE),
    weekly=True,
    scenes=(
        Scene("02:10 车棚超温", "02:10, the shed heats up", night.shed_heats_up),
        Scene("摄像机看见烟雾", "A camera sees smoke", night.camera_sees_smoke),
        Scene(
            "三人来电：一位说方言，一位匿名，一位打了两次",
            "Three people call: one in dialect, one anonymous, one twice",
            night.three_people_call,
        ),
        Scene("119 接警并回告编号", "119 acknowledges with its number", night.brigade_takes_over),
        Scene("夜间无人值守的单位由区值班席代签", "The desk signs for a unit without night duty", night.desk_signs),
        Scene("无人签收：催办、督办", "Nobody signs: the ladder", night.ladder_climbs),
        Scene("到场、控制", "On the scene, under control", night.fire_is_controlled),
        Scene("转协同整治，五个单位", "Joint rectification by five units", rectification.five_units),
        Scene(
            "一个单位退单，公开时钟不停",
            "One unit argues its part while the public clock runs",
            rectification.one_unit_declines,
        ),
        Scene("把入户排查推给居委会：被拒并留回执", "Work pushed on a committee is refused", burden.pushed),
        Scene("经街道依法提供保障后再提", "A lawful package through the subdistrict", burden.offered),
        Scene("方案、子任务、整改", "Plan, sub-tasks, work", rectification.work_is_done),
        Scene("回访三位来电人", "The callers are called back", weeks.callers_are_called_back),
        Scene("用过的照片被识破，返工", "A photo used before is caught; rework", weeks.photo_is_caught),
        Scene("公示期异议", "An objection in the time of publicity", weeks.objection),
        Scene("销号", "Closed out", weeks.closed_out),
        Scene("三十天回头看：复发", "Looked at after 30 days: relapsed", weeks.relapsed),
    ),
)
