"""The `rongan` command: one module a noun, listed here and imported only when it is asked for."""

import importlib
import importlib.util
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

# In the order of `--help`. A module holds either `app` (a noun with verbs) or a function of its own name (a verb).
_NOUNS: Final = (
    "run",
    "demo",
    "gateway",
    "dispatcher",
    "api",
    "migrate",
    "doctor",
    "compile",
    "clock",
    "area",
    "organisation",
    "roster",
    "calendar",
    "user",
    "device",
    "webhook",
    "message",
    "exchange",
    "simulate",
    "replay",
    "rules",
    "pattern",
    "backtest",
    "quarantine",
    "hazard",
    "audit",
    "kpi",
    "attachment",
    "export",
    "brief",
    "bench",
)


class _Nouns(TyperGroup):
    """Imports the module of the command that runs: a gateway has no use for the simulators' libraries."""

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return [name for name in _NOUNS if _exists(name)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"cli.{cmd_name}")
        if hasattr(module, "app"):
            command: Any = get_group(module.app)
        elif not hasattr(module, cmd_name):
            return None
        else:
            single = typer.Typer(add_completion=False)
            single.command(cmd_name)(getattr(module, cmd_name))
            command = get_command(single)
        command.name = cmd_name
        return command


def _exists(name: str) -> bool:
    spec = importlib.util.find_spec(f"cli.{name}")
    return spec is not None and spec.origin is not None


app = typer.Typer(
    name="rongan",
    cls=_Nouns,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def rongan() -> None:
    """Rongan (蓉安): community hardware and hotline calls become graded incidents and accountable tickets."""
