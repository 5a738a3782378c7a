"""`rongan gateway`: one gateway process, alone or as a child of `rongan run`."""

from cli.program import read_settings, run_program


def gateway() -> None:
    """Take in what devices publish, and acknowledge it once it is committed."""
    settings = read_settings()

    async def main() -> None:
        from gateway.app import main as serve  # noqa: PLC0415  # the command line must start without the rest

        await serve(settings)

    run_program("gateway", settings, main)
