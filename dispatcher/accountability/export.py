"""The bundle that a supervisor hands to a competent organ: the file as JSON, as a page to read, and the hashes of both.

Nothing is sent by itself: whoever downloads it carries it.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final

from registry.calendar import LOCAL

_WORDS: Final[Mapping[str, str]] = {
    "number": "编号",
    "type": "类型",
    "ground": "立档依据",
    "ground_source": "依据出处",
    "unit": "单位",
    "ticket": "工单",
    "clock": "时限",
    "limit": "限额",
    "started_at": "起算",
    "due_at": "应于",
    "happened_at": "发生",
    "actual_at": "实际",
    "over_pct": "超时比例（%）",
    "pauses": "暂停",
    "grade": "等级",
    "notices": "已发催办",
}
_EVENTS: Final[Mapping[str, str]] = {
    "open": "立档",
    "end": "事项已办",
    "state_side": "单位说明",
    "take_up": "转入待核",
    "excuse": "免责",
    "forward": "移送",
    "record_result": "录入结果",
}
# Zip archives know no time before 1980; the same file must give the same bytes.
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)


def bundle(number: str, seals: Sequence[Mapping[str, Any]], at: datetime) -> bytes:
    """A zip with `file.json` (every seal with its hashes), `file.html` and `manifest.json` (sha256 of both)."""
    entries = [
        {
            "seq": seal["seq"],
            "version": seal["version"],
            "previous_hash": seal["previous_hash"],
            "hash": seal["hash"],
            "content": seal["content"],
        }
        for seal in seals
    ]
    parts = {
        "file.json": _json({"number": number, "seals": entries}),
        "file.html": _page(number, [json.loads(seal["content"]) | {"hash": seal["hash"]} for seal in seals]).encode(),
    }
    last = seals[-1]
    manifest = {
        "number": number,
        "exported_at": at.isoformat(),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()},
        "last_seal": {"seq": last["seq"], "hash": last["hash"]},
        "rule": "hash = sha256(previous_hash + LF + content), UTF-8, lower hex",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**parts, "manifest.json": _json(manifest)}.items():
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, indent=2).encode()


def _page(number: str, seals: Sequence[Mapping[str, Any]]) -> str:
    fact = seals[0].get("fact", {})
    facts = "".join(
        f"<tr><th>{word}</th><td>{_cell(fact.get(name))}</td></tr>"
        for name, word in _WORDS.items()
        if fact.get(name) not in (None, [], {})
    )
    steps = "".join(_step(seal) for seal in seals)
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        f"<title>责任追究档案 {escape(number)}</title>"
        "<style>body{font:15px/1.6 sans-serif;max-width:60em;margin:2em auto}table{border-collapse:collapse;width:100%}"
        "th,td{border:1px solid #999;padding:.3em .6em;text-align:left;vertical-align:top}th{width:9em}"
        "code{font-size:12px;word-break:break-all}</style>"
        f"<h1>责任追究档案 {escape(number)}</h1>"
        "<p>本档案只记录事实，不作责任认定；责任由有权机关依法认定（《条例》第五十条）。</p>"
        f"<h2>事实（已固化）</h2><table>{facts}</table><h2>经过</h2><table>{steps}</table></html>"
    )


def _step(seal: Mapping[str, Any]) -> str:
    said = {
        name: value
        for name, value in seal.items()
        if name not in {"file_id", "version", "event", "from_state", "to_state", "at", "actor", "fact", "hash"}
        and value not in (None, [], {})
    }
    told = "".join(f"<div>{escape(_WORDS.get(name, name))}: {_cell(value)}</div>" for name, value in said.items())
    event = str(seal.get("event"))
    return (
        f"<tr><th>{_cell(seal.get('at'))}</th><td><b>{escape(_EVENTS.get(event, event))}</b>{told}"
        f"<code>{escape(str(seal['hash']))}</code></td></tr>"
    )


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return "<br>".join(f"{escape(str(name))}: {_cell(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return "<br>".join(_cell(inner) for inner in value)
    if isinstance(value, str) and value.endswith("+00:00"):
        return escape(datetime.fromisoformat(value).astimezone(LOCAL).strftime("%Y-%m-%d %H:%M:%S"))
    return escape(str(value))
