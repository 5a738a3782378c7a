"""`rongan bench`: the figures that the platform promises, each beside its yardstick in the same run."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help=__doc__, no_args_is_help=True)

Quick = Annotated[bool, typer.Option("--quick", help="A smaller run that ends within 50 s.")]
Report = Annotated[
    Path | None, typer.Option("--report", help="Write tables (Markdown), figures (JSON) and plots into this folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.command("correlation")
def bench_correlation(quick: Quick = False, as_json: AsJson = False, report: Report = None) -> None:
    """Clustering in process: arrays in, finals out, beside batch and incremental DBSCAN on the same arrays."""
    from cli.bench import correlation, correlation_report  # noqa: PLC0415 -- compiles kernels; others do without

    figures = correlation.run(quick)
    if report is not None:
        correlation_report.write(figures, report)
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


@app.command("detectors")
def bench_detectors(quick: Quick = False, as_json: AsJson = False) -> None:
    """The rate detectors on real data, each figure beside what was published of it; needs RONGAN_DATA."""
    from cli.bench import detectors  # noqa: PLC0415 -- compiles kernels; other benchmarks do without

    figures = detectors.run(quick)
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        detectors.show(figures)


@app.command("dispatcher")
def bench_dispatcher(quick: Quick = False, as_json: AsJson = False) -> None:
    """From an event's commit to its incident's at three rates, beside plain inserts; and a take-over after kill -9."""
    from cli.bench import dispatcher  # noqa: PLC0415 -- compiles kernels; other benchmarks do without

    figures = dispatcher.run(quick)
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        dispatcher.show(figures)


@app.command("api")
def bench_api(quick: Quick = False, as_json: AsJson = False) -> None:
    """Lists, filters, indicators and due times over a million tickets at 50 requests/s, beside the SELECTs alone."""
    from cli.bench import api  # noqa: PLC0415 -- starts processes; other benchmarks do without

    figures = api.run(quick)
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        api.show(figures)
