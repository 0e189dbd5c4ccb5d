"""A page of records, one by one, beside their figures: `index.html` and thumbnails, read from a folder without any server.

All that records and models say stands in one block of JSON in which no `<` is left, and is shown as text. The sources are records/*.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image

from medvid.report.saved import drawn

SOURCES = Path(__file__).parent / "records"
SIDE_PX, QUALITY, MOST_THUMBNAILS = 160, 70, 20_000


def write_page(folder: Path, told: Mapping[str, Any]) -> Path:
    """told: what page.js shows: `facts`, `lines` and `published` (tables of texts), `records`, whose frames are `{name, path, box}`. Each
    frame is written once, however many records show it; what cannot be read, and what would be too many, is said in its place."""
    shown = [frame for record in told["records"] for frame in record["frames"]]
    wanted = {(frame["path"], str(frame["box"])): frame for frame in shown}
    files = {key: f"frames/{at}.jpg" for at, key in enumerate(list(wanted)[:MOST_THUMBNAILS])}
    (folder / "frames").mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor() as pool:
        reasons = dict(zip(files, pool.map(lambda key: _write(folder / files[key], **wanted[key]), files), strict=True))
    for frame in shown:
        key = frame.pop("path"), str(frame.pop("box"))
        reason = reasons.get(key, f"left out, the page has {MOST_THUMBNAILS:,} frames")
        frame |= {"file": None, "name": f"{frame['name']}: {reason}"} if reason else {"file": files[key]}
    style, script = ((SOURCES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    css, js = (b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    page = (SOURCES / "page.html").read_text(encoding="utf-8")
    page = page.replace("@policy@", f"default-src 'none'; img-src 'self' file:; style-src 'sha256-{css}'; script-src 'sha256-{js}'")
    page = page.replace("@style@", style).replace("@script@", script).replace("@told@", json.dumps(told).replace("<", "\\u003c"))
    (folder / "index.html").write_text(page, encoding="utf-8")
    return folder / "index.html"


def _write(file: Path, name: str, path: str, box: Any) -> str:
    """Why there is none; empty where there is one."""
    try:
        with Image.open(path) as picture:
            if box is None:
                picture.draft("RGB", (SIDE_PX, SIDE_PX))
            small = drawn(picture.convert("RGB"), box)
            small.thumbnail((SIDE_PX, SIDE_PX))
            small.save(file, quality=QUALITY)
    except FileNotFoundError:
        return "no such file"
    except (OSError, ValueError, TypeError, Image.DecompressionBombError):
        return "cannot be read"
    return ""
