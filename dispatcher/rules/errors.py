"""What rules are refused for, with the values that were refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dispatcher.rules.findings import Finding
from runtime.errors import Explained


@dataclass(eq=False)
class RulesInvalid(Explained):
    """A document that breaks rules of its own; every finding says where."""

    findings: Sequence[Finding]

    def __str__(self) -> str:
        return "\n".join(f"{found.path}: {found.en} [{found.code}]" for found in self.findings)


@dataclass(eq=False)
class RuleFileUnreadable(Explained):
    """Not a file of rules: neither TOML nor JSON, or one that is not closed."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass(eq=False)
class RulesUnknown(Explained):
    """No such version in this rule set."""

    rule_set: str
    version: int

    def __str__(self) -> str:
        return f"the rule set {self.rule_set} has no version {self.version}; `rongan rules list` shows what there is"


@dataclass(eq=False)
class RulesStandAlready(Explained):
    """A version with exactly this content exists."""

    version: int

    def __str__(self) -> str:
        return f"version {self.version} has exactly this content"


@dataclass(eq=False)
class ActivationRefused(Explained):
    """The version cannot be activated now: it is in force, or another activation still waits."""

    version: int
    reason: str

    def __str__(self) -> str:
        return f"version {self.version} cannot be activated: {self.reason}"
