"""Every topic that attachments serve has a line that says who sees its subjects."""

import ast
from importlib import import_module
from pathlib import Path

import dispatcher
from dispatcher.api.attachment_sight import SEERS

ROOT = Path(dispatcher.__file__).parent


def topics() -> set[str]:
    """What the sources name as the topic of a use."""
    found = set()
    for path in ROOT.rglob("*.py"):
        if path.is_relative_to(ROOT / "attachments"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Use":
                topic = node.args[0]
                module = import_module(".".join(("dispatcher", *path.relative_to(ROOT).with_suffix("").parts)))
                assert isinstance(topic, ast.Name), f"{path}: name the topic by a constant"
                found.add(getattr(module, topic.id))
    return found


def test_every_topic_has_a_seer_and_every_seer_a_topic() -> None:
    assert topics() == set(SEERS)
