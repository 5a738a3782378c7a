"""`rongan api`: one api process, alone or as a child of `rongan run`."""

from cli.program import read_settings, run_program


def api() -> None:
    """Serve the HTTP API, the live stream and the console."""
    settings = read_settings()

    async def main() -> None:
        from dispatcher.api.app import main as serve  # noqa: PLC0415  # the command line must start without the rest

        await serve(settings)

    run_program("api", settings, main)
