"""`rongan area`: the areas of the city."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.program import run_on_database
from registry.areas import read_areas
from registry.places import PlaceRefused, import_areas
from runtime.errors import Explained
from runtime.pool import Connection

app = typer.Typer(help="The areas of the city.", no_args_is_help=True)


class AreasRefused(Explained):
    """The file cannot be taken in; nothing of it was."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="GeoJSON FeatureCollection")],
) -> None:
    """Take areas in from a GeoJSON file, parents before children, all or nothing; restart the processes afterwards."""
    features = _features(file)

    async def work(conn: Connection) -> None:
        try:
            async with conn.transaction():
                count = await import_areas(conn, features)
        except PlaceRefused as refused:
            raise AreasRefused(f"{file}: {refused}") from refused
        typer.echo(f"{count} areas of {file} are known")

    run_on_database("area", work)


@app.command("list")
def list_areas(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """List the areas from the city down."""

    async def work(conn: Connection) -> None:
        areas = await read_areas(conn)
        if as_json:
            rows = [{"id": area.id, "level": area.level, "zh_name": area.zh_name, "path": area.path} for area in areas]
            typer.echo(json.dumps({"items": rows}, ensure_ascii=False))
            return
        table = Table("id", "level", "zh", "en", "boundary")
        for area in areas:
            table.add_row(area.id, area.level, area.zh_name, area.en_name, "yes" if area.boundary else "no")
        Console().print(table)

    run_on_database("area", work)


def _features(file: Path) -> list[dict[str, Any]]:
    try:
        features = json.loads(file.read_text(encoding="utf-8"))["features"]
    except (ValueError, KeyError, TypeError) as error:
        typer.secho(f"{file}: no GeoJSON FeatureCollection: {error}", fg=typer.colors.RED, err=True)
        raise typer.Exit(2) from None
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        typer.secho(f"{file}: `features` is no list of features", fg=typer.colors.RED, err=True)
        raise typer.Exit(2)
    return features
