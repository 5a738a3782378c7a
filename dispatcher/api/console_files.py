"""The built console at `/`: its files, and its page for every path that is the page's own business."""

from importlib import resources
from pathlib import Path
from typing import Final

from aiohttp import web

from dispatcher.api.errors import NotFound
from dispatcher.api.models.wire import Filter
from dispatcher.api.routing import Call

_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_NOT_BUILT: Final = (
    "<!doctype html><html lang='zh-CN'><meta charset='utf-8'><title>蓉安 Rongan</title>"
    "<h1>控制台尚未构建 The console is not built</h1>"
    "<p>运行 <code>make install</code> 后重新载入。Run <code>make install</code> and reload.</p>"
    "<p>API: <a href='/api/v1/openapi.json'>/api/v1/openapi.json</a></p></html>"
)
# Paths below these are never pages: a wrong address there is told as such.
_NEVER_PAGES: Final = ("assets/", "open311/", "cap/", "public/")


class ConsolePath(Filter):
    path: str


def built_console() -> Path | None:
    """The folder of the built console; None where it was not built."""
    folder = Path(str(resources.files("dispatcher").joinpath("console", "dist")))
    return folder if (folder / "index.html").is_file() else None


async def serve_console(call: Call[ConsolePath, None, None]) -> web.StreamResponse:
    """A file of the console, or its page; files with a hash in their name are kept for ever."""
    asked = call.params.path
    folder = built_console()
    if folder is None:
        if asked in ("", "index.html"):
            return web.Response(text=_NOT_BUILT, status=503, content_type="text/html")
        raise NotFound("page")
    found = _inside(folder, asked)
    if found is not None:
        hashed = asked.startswith("assets/")
        return web.FileResponse(found, headers={"Cache-Control": _IMMUTABLE if hashed else "no-cache"})
    if asked.startswith(_NEVER_PAGES) or "." in asked.rsplit("/", 1)[-1]:
        raise NotFound("page")
    return web.FileResponse(folder / "index.html", headers={"Cache-Control": "no-cache"})


def _inside(folder: Path, asked: str) -> Path | None:
    """The file that a path names, if it is one below the folder and not reached through a link out of it."""
    if not asked or "\x00" in asked:
        return None
    try:
        path = (folder / asked).resolve()
    except (OSError, ValueError):
        return None
    return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
