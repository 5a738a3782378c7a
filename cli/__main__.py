"""Runs the command as `python -m cli`, which is how the supervisor starts its children."""

from cli.main import app

app(prog_name="rongan")
