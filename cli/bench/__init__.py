"""`rongan bench`: the figures that the platform promises, each beside its yardstick in the same run."""

import json
from typing import Annotated

import typer

app = typer.Typer(help=__doc__, no_args_is_help=True)

Quick = Annotated[bool, typer.Option("--quick", help="A smaller run that ends within 50 s.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.command("correlation")
def bench_correlation(quick: Quick = False, as_json: AsJson = False) -> None:
    """Clustering in process: arrays in, finals out, beside batch and incremental DBSCAN on the same arrays."""
    from cli.bench import correlation  # noqa: PLC0415 -- compiles kernels; other benchmarks do without

    figures = correlation.run(quick)
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        correlation.show(figures)


@app.command("intake")
def bench_intake(quick: Quick = False, as_json: AsJson = False) -> None:
    """Thousands of devices at the front door, beside an endpoint that stores nothing and beside the naive way."""
    from cli.bench import intake  # noqa: PLC0415 -- starts processes; other benchmarks do without

    figures = intake.run(quick)
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        intake.show(figures)
