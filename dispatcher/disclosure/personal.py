"""Finds what a public text may not hold: names, numbers, plates, doors, addresses. Pure.

Rather too much than too little: an editor may take back what is no personal datum, with a reason that the second person
reads. What is known of the reporters of a ticket can never be taken back.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Final

from dispatcher.disclosure.words import LABEL, ORDINARY, SURNAME, TITLE


class PersonalKind(StrEnum):
    """What was found."""

    NAME = "name"  # 姓名
    PHONE = "phone"  # 电话: any long number that is no other kind
    ID_NUMBER = "id_number"  # 证件号
    PLATE = "plate"  # 车牌
    DOOR = "door"  # 门牌: building, unit, room
    ADDRESS = "address"  # 地址: the number of a house in its street
    ACCOUNT = "account"  # 账号: mail and messenger accounts
    POSITION = "position"  # 坐标
    OTHER = "other"  # 其他: what an editor blacked out


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A stretch of a text, `end` behind its last character. `known`: it is a datum of a reporter of this ticket."""

    start: int
    end: int
    kind: PersonalKind
    known: bool = False


# Full-width letters, figures and signs, as people type them in Chinese text, one to one: positions stay.
_HALF_WIDTH: Final = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20}
_INVISIBLE: Final = "Cf"
"""The category of what nobody sees in a text and a pattern would stumble over: zero-width blanks, soft hyphens."""
_D: Final = "[0-9]"
_SEP: Final = r"[\s\-\u2010-\u2015\u00b7.*]{0,2}"
_DASH: Final = r"\s?[-\u2014#]\s?"
_DIGIT: Final = "[0-9一二三四五六七八九零〇○幺两壹贰叁肆伍陆柒捌玖]"
# Between the digits of a number that its length gives away: whatever is no word. A line ends it.
_ANY: Final = r"(?:[^\w\n]|_){0,3}"
_OWN: Final = r"(?<=[A-Z]{2}-)20\d\d[01]\d[0-3]\d-\d{5}(?!\d)"
_DATE: Final = r"(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?(?![\d/-])"
_N: Final = rf"(?:{_D}{{1,5}}|[一二三四五六七八九十百]{{1,5}}|[A-Za-z])"
_HAN: Final = "[\u3400-\u9fff]"
_PLATE: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使"
_PATTERNS: Final[tuple[tuple[PersonalKind, re.Pattern[str]], ...]] = (
    (PersonalKind.ACCOUNT, re.compile(r"[A-Za-z0-9._%+-]+\s?@\s?[A-Za-z0-9.-]+")),
    (PersonalKind.ACCOUNT, re.compile(r"(?:微信|QQ|qq|vx|VX|wx|抖音)(?:号码|号)?\s*[:是为]?\s*[A-Za-z0-9_-]{5,}")),
    (PersonalKind.POSITION, re.compile(rf"(?<!\d){_D}{{1,3}}[.]{_D}{{3,}}")),
    (PersonalKind.ID_NUMBER, re.compile(rf"{_D}(?:{_SEP}{_D}){{13,16}}{_SEP}[0-9Xx]")),
    (PersonalKind.ID_NUMBER, re.compile(rf"(?<!\d)[1-9](?:{_ANY}\d){{16}}{_ANY}[0-9Xx](?!\d)")),
    (
        PersonalKind.ID_NUMBER,
        re.compile(rf"(?:生日|出生(?:日期|年月|于)?)\s*[:是为]?\s*(?:{_DATE}|\d{{4}}年\d\d?月(?:\d\d?日)?)"),
    ),
    # A number in the hand of a person: dates and the numbers of our own orders are shorter or of another form.
    (PersonalKind.PHONE, re.compile(rf"(?<!{_DIGIT})(?!{_DATE})(?!{_OWN}){_DIGIT}(?:{_SEP}{_DIGIT}){{6,}}[Xx]?")),
    (PersonalKind.PHONE, re.compile(rf"(?<!\d)1{_ANY}[3-9](?:{_ANY}\d){{9}}(?!\d)")),
    (PersonalKind.PHONE, re.compile(rf"(?<![\d.])0{_ANY}[1-9](?:{_ANY}\d){{8,10}}(?!\d)")),
    (PersonalKind.PHONE, re.compile(rf"(?:尾号|[后末][四4]位)\s*[:是为]?\s*{_D}{{3,}}")),
    (
        PersonalKind.PLATE,
        re.compile(rf"[{_PLATE}]\s?[A-Za-z]{_SEP}(?:[A-Za-z0-9]\s?){{4,5}}[A-Za-z0-9挂学警港澳]"),
    ),
    (
        PersonalKind.DOOR,
        re.compile(
            rf"(?:{_N}\s*(?:号楼|号院|栋|幢|座|单元|层|楼|号房|室|户|房)\s*[-\u3001,]?\s*)+(?:附?{_N}\s*(?:号房|室|号|户|房)?)?"
        ),
    ),
    (PersonalKind.DOOR, re.compile(rf"(?<![0-9]){_D}{{1,3}}(?:{_DASH}{_D}{{1,3}})?{_DASH}{_D}{{3,4}}")),
    (
        PersonalKind.ADDRESS,
        re.compile(
            rf"(?<=[路街巷道里弄段村庄组坊园苑区])\s?第?\s?(?:{_D}{{1,5}}|[一二三四五六七八九十百]{{1,5}})\s?号(?:\s?附\s?{_N}\s?号)?"
        ),
    ),
    (PersonalKind.ADDRESS, re.compile(rf"(?<=[路街巷弄段])\s?{_D}{{1,5}}(?:-{_D}{{1,4}})?")),
    (PersonalKind.NAME, re.compile(rf"{SURNAME}{_HAN}{{0,2}}?{TITLE}")),
    (PersonalKind.NAME, re.compile(rf"[老小阿]{SURNAME}(?!{_HAN}*?(?:区|学|院|路))")),
    (PersonalKind.NAME, re.compile(r"\b(?:Mr|Ms|Mrs|Miss|Dr)\.?\s+[A-Z][a-z]+(?:\s+[A-Z][a-z]+)*")),
)
_BETWEEN: Final = r"(?:\W|_){0,3}"
_SAYS: Final = r"\s*[:是为叫]?\s*[\u300c\u201c\"(]?\s*"
_LABELLED: Final = re.compile(rf"{LABEL}{_SAYS}(?P<name>{SURNAME}{_HAN}{{1,2}})")
_BEFORE: Final = r"[\s,\u3002;\u3001:!?\u201c\u201d\"'(\u300a]"
_BEHIND: Final = r"[\s,\u3002;\u3001:!?\u201c\u201d\"')\u300b等]"
# In the midst of a sentence: behind who is asked or told, before what he did.
_TOLD: Final = "(?:系|经|对|向|与|由|请|让|劝|找到|通知|联系|告知|要求|劝导|劝说|约谈|走访|询问|处罚|提醒|责令)"
_DID: Final = (
    "(?:将|已|把|被|说|称|表示|反映|同意|承认|拒绝|自行|本人|清理|清除|拆除|搬离|搬走|整改|住在|家中|家里|名下|等人)"
)
_NO_PLACE: Final = "(?<![区街路巷道院管线部委局所站会队组员板量树])"
_SENTENCE: Final = re.compile(
    rf"(?:(?:^|(?<={_BEFORE})){_TOLD}?|{_TOLD})(?P<name>{SURNAME}{_HAN}{{1,2}}?){_NO_PLACE}(?={_DID}|{_BEHIND})",
    re.MULTILINE,
)
_ALONE: Final = re.compile(rf"(?:^|(?<={_BEFORE}))(?P<name>{SURNAME}{_HAN}{{1,2}})(?=$|{_BEHIND})", re.MULTILINE)


def find_personal(text: str, known: Collection[str] = ()) -> tuple[Found, ...]:
    """Everything that has to be blacked out, in order, without overlaps. `known`: what reporters are known by."""
    plain, places = _plain(text)
    found = [*_known(plain, known), *_labelled(plain), *_by_pattern(plain)]
    return _merged([Found(places[each.start], places[each.end - 1] + 1, each.kind, each.known) for each in found])


def black_out(text: str, stretches: Collection[Found]) -> str:
    """The text with each stretch replaced by what kind of datum stood there."""
    told: list[str] = []
    last = 0
    for found in _merged(list(stretches)):
        told += (text[last : found.start], MARKS[found.kind])
        last = found.end
    return "".join((*told, text[last:]))


MARKS: Final = {
    PersonalKind.NAME: "〔姓名〕",
    PersonalKind.PHONE: "〔号码〕",
    PersonalKind.ID_NUMBER: "〔证件号〕",
    PersonalKind.PLATE: "〔车牌〕",
    PersonalKind.DOOR: "〔门牌〕",
    PersonalKind.ADDRESS: "〔地址〕",
    PersonalKind.ACCOUNT: "〔账号〕",
    PersonalKind.POSITION: "〔坐标〕",
    PersonalKind.OTHER: "〔隐去〕",
}
"""What residents read in place of a datum: its kind, so that the sentence still says what it is about."""


def _plain(text: str) -> tuple[str, list[int]]:
    """What a reader makes of a text, character by character, and where each of them stands in it."""
    places = [place for place, each in enumerate(text) if unicodedata.category(each) != _INVISIBLE]
    half = text.translate(_HALF_WIDTH)
    return "".join(str(unicodedata.digit(half[place], half[place])) for place in places), places


def _by_pattern(text: str) -> Iterator[Found]:
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield Found(match.start(), match.end(), kind)


def _labelled(text: str) -> Iterator[Found]:
    for match in _LABELLED.finditer(text):
        yield Found(match.start("name"), match.end("name"), PersonalKind.NAME)
    for match in chain(_ALONE.finditer(text), _SENTENCE.finditer(text)):
        if match["name"][:2] not in ORDINARY:
            yield Found(match.start("name"), match.end("name"), PersonalKind.NAME)


def _known(text: str, known: Collection[str]) -> Iterator[Found]:
    for datum in known:
        characters = [each for each in _plain(datum)[0] if not each.isspace() and each != "-"]
        if len(characters) < 2:
            continue
        pattern = _BETWEEN.join(re.escape(each) for each in characters)
        kind = PersonalKind.PHONE if all(each in "+0123456789" for each in characters) else PersonalKind.NAME
        for match in re.finditer(pattern, text, re.IGNORECASE):
            yield Found(match.start(), match.end(), kind, known=True)


def _merged(found: list[Found]) -> tuple[Found, ...]:
    merged: list[Found] = []
    for each in sorted(found):
        if merged and each.start < merged[-1].end:
            last = merged[-1]
            longer = last if last.end - last.start >= each.end - each.start else each
            merged[-1] = Found(last.start, max(last.end, each.end), longer.kind, last.known or each.known)
        else:
            merged.append(each)
    return tuple(merged)
