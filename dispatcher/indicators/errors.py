"""What about indicators is refused, with a code."""

from dataclasses import dataclass

from dispatcher.indicators.scoring import SchemeFlaw


@dataclass(eq=False)
class SchemeRefused(ValueError):
    """The weights of a scheme break a rule; `flaw` says which."""

    flaw: SchemeFlaw

    def __str__(self) -> str:
        return self.flaw.value


class SchemeNotFound(LookupError):
    """There is no scheme of this id."""


@dataclass(eq=False)
class SurveyRefused(ValueError):
    """A survey that breaks the rule of this name."""

    rule: str

    def __str__(self) -> str:
        return self.rule


class DecisionRefused(Exception):
    """A demand is found unreasonable by a supervisor of no handling unit, once."""
