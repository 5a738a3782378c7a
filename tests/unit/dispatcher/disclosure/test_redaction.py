"""No personal datum that was planted in a draft survives; what an editor takes back, he takes back with a reason."""

import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.disclosure.model import Stretch
from dispatcher.disclosure.personal import MARKS, PersonalKind, find_personal
from dispatcher.disclosure.redaction import redact
from dispatcher.disclosure.words import SURNAME

DIGITS = "0123456789"
FULL_WIDTH = str.maketrans(DIGITS, "".join(chr(0xFF10 + each) for each in range(10)))
CHINESE = str.maketrans(DIGITS, "零一二三四五六七八九")
SURNAMES = list(re.sub(r"[^\u4e00-\u9fff]", "", SURNAME)[26:60])
GIVEN = "建国秀英伟芳娜敏静丽强磊洋艳勇军杰涛明超霞平刚桂兰"
PLAIN = st.text(alphabet="的了处置完成已于上午现场清理路灯恢复,。 \n市民反映问题经核实并整改到位abc%", max_size=30)

digits = st.text(alphabet=DIGITS, min_size=1, max_size=1)


@st.composite
def numbers(draw: st.DrawFn, length: int, first: str = "") -> str:
    """A number as people write it: plain, with blanks and dashes, in full width."""
    number = first + "".join(draw(digits) for _ in range(length - len(first)))
    separator = draw(st.sampled_from(["", "", " ", "-", "\u2014"]))
    cut = draw(st.integers(3, 4))
    parts = [number[start : start + cut] for start in range(0, length, cut)]
    return separator.join(parts).translate(draw(st.sampled_from([{}, {}, FULL_WIDTH])))


@st.composite
def names(draw: st.DrawFn) -> str:
    return draw(st.sampled_from(SURNAMES)) + "".join(draw(st.lists(st.sampled_from(GIVEN), min_size=1, max_size=2)))


@st.composite
def doors(draw: st.DrawFn) -> str:
    building, unit, room = (draw(st.integers(1, 30)) for _ in range(3))
    form = draw(
        st.sampled_from(["{}栋{}单元{}室", "{}号楼{}单元{}号", "{}幢{}单元{}房", "{}-{}-{:04d}", "{}座{}层{}户"])
    )
    return form.format(building, unit, room + 100)


@st.composite
def plates(draw: st.DrawFn) -> str:
    tail = draw(st.text(alphabet="ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=5, max_size=6))
    return (
        draw(st.sampled_from("川京渝沪粤"))
        + draw(st.sampled_from("AGBZ"))
        + draw(st.sampled_from(["", "·", " "]))
        + tail
    )


PLANTED = st.one_of(
    numbers(11, "1"),
    numbers(18, "5101"),
    numbers(8, "8"),
    numbers(11, "028").map(str),
    numbers(11, "13").map(lambda number: re.sub(r"\D", "", number).translate(CHINESE)),
    plates(),
    doors(),
    st.integers(1, 999).map(lambda number: f"{number}号").map(lambda number: ("人民南路", number)),
    names().map(lambda name: ("业主", name)),
    names().map(lambda name: ("联系人:", name)),
    names().map(lambda name: ("", name + "女士")),
    names().map(lambda name: ("、", name + "、")),
    st.text(alphabet="abcdefghij0123456789", min_size=6, max_size=12).map(lambda account: ("微信号:", account)),
    st.just("wang.li@example.cn"),
    st.just("104.0657,30.6598"),
)


def squeezed(text: str) -> str:
    """Letters and figures alone, in one width: what a reader could put together again."""
    return re.sub(r"[^\w\u4e00-\u9fff]|_", "", unicodedata.normalize("NFKC", text))


@given(PLAIN, PLANTED, PLAIN)
def test_no_planted_datum_survives(before: str, planted: str | tuple[str, str], behind: str) -> None:
    label, datum = planted if isinstance(planted, tuple) else ("", planted)
    # A datum that the words around it already hold, such as a comma's neighbour, says nothing about the finder.
    hidden = squeezed(datum.strip("、"))
    text = f"{before},{label}{datum},{behind}"
    shown = redact(text, added=[], waived=[], known=[])
    if hidden not in squeezed(before + behind):
        assert hidden not in squeezed(shown.text), shown.text
    assert any(mark in shown.text for mark in MARKS.values())


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("请拨TEL-13812345678", "13812345678"),
        ("电话138/1234/5678", "1234"),
        ("电话138_1234_5678", "1234"),
        ("电话138、1234、5678", "1234"),
        ("电话138\u200b1234\u200b5678", "1234"),
        ("电话①③⑧①②③④⑤⑥⑦⑧", "①②③④"),
        ("电话138一二三四5678", "一二三四"),
        ("身份证510104/19900101/1234", "19900101"),
        ("手机后四位5678", "5678"),
        ("生于天仙桥北街12-301", "301"),
        ("出生于1990-01-01", "1990"),
        ("经查,系李建国将杂物堆放在楼道", "李建国"),
        ("物业通知李建国清理", "李建国"),
        ("李\u200b建国已将杂物清理", "建国"),
    ],
)
def test_no_disguise_keeps_a_datum(text: str, hidden: str) -> None:
    shown = redact(text, added=[], waived=[], known=[]).text
    assert hidden not in shown, shown


def test_reporter_is_known_through_any_disguise() -> None:
    text = "由阿\u200b宽(①③⑧,1234 5678)报修"
    shown = redact(text, added=[], waived=[], known=["阿宽", "13812345678"])
    assert "宽" not in shown.text
    assert "5678" not in shown.text
    assert all(each.required for each in shown.proposals)


@given(PLAIN, names(), numbers(11, "1"), PLAIN)
def test_nothing_that_a_reporter_is_known_by_survives_or_can_be_taken_back(
    before: str, name: str, phone: str, behind: str
) -> None:
    text = f"{before}{name}{behind}{phone}。"
    known = [name, re.sub(r"\D", "", unicodedata.normalize("NFKC", phone))]
    waivers = [Stretch(each.start, each.end, "公开信息") for each in find_personal(text, known)]
    shown = redact(text, added=[], waived=waivers, known=known)
    assert name not in shown.text
    assert squeezed(phone) not in squeezed(shown.text)
    assert shown.wrong


@given(st.text(max_size=200))
def test_any_text_is_redacted_in_order_without_overlaps(text: str) -> None:
    found = find_personal(text)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@pytest.mark.parametrize(
    "text",
    [
        "工单CR-20261122-00001已于2026-11-22办结。",
        "共整治35处,投入12.5万元,完成率98%。",
        "已于11月22日10时拆除违规充电桩12个,安全隐患消除。",
        "由城市管理部门牵头,公安、住建配合,方案已公示。",
        "经核实,由金牛区城市管理局将杂物清理完毕,万达广场已整改,任务已完成。",
        "单位名称有误,项目部已更正,安全员已到场,方案已公示。",
        "金牛区已清理,由牛市口街道将其清运,黄桷树已扶正,党支部已研究。",
        "2026/11/23 10:00:00完成,单价12.50元,数量1,200,000。",
    ],
)
def test_what_is_no_personal_datum_stays(text: str) -> None:
    assert redact(text, added=[], waived=[], known=[]).text == text


def test_editor_adds_and_takes_back_what_is_no_reporters() -> None:
    text = "咨询电话028-12345678,位于老井旁。"
    (found,) = find_personal(text)
    assert found.kind is PersonalKind.PHONE
    waived = [Stretch(found.start, found.end, "政府公开电话")]
    added = [Stretch(text.index("老井"), text.index("老井") + 2)]
    shown = redact(text, added=added, waived=waived, known=[])
    assert shown.text == "咨询电话028-12345678,位于〔隐去〕旁。"
    assert [each.waived for each in shown.proposals] == ["政府公开电话"]
    assert shown.wrong == ()


@pytest.mark.parametrize("stretch", [Stretch(0, 2, "x"), Stretch(4, 15, "x"), Stretch(4, 16)])
def test_nothing_else_is_taken_back_and_nothing_without_a_reason(stretch: Stretch) -> None:
    text = "咨询电话028-12345678。"
    shown = redact(text, added=[], waived=[stretch], known=[])
    assert "12345678" not in shown.text
    assert shown.wrong == (stretch,)
