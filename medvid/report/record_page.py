"""A page of records, one by one, beside their figures: `index.html` and thumbnails, read from a folder without any server.

All that records and models say stands in one block of JSON in which no `<` is left, and is shown as text. The sources are records/*.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from medvid.report.saved import drawn

SOURCES = Path(__file__).parent / "records"
SIDE_PX, QUALITY = 160, 70


def write_page(folder: Path, told: Mapping[str, Any]) -> None:
    """told: what page.js shows: `facts`, `lines` (a table of texts), `published` by column and model, `records`."""
    style, script = ((SOURCES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    css, js = (b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    page = (SOURCES / "page.html").read_text(encoding="utf-8")
    page = page.replace("@policy@", f"default-src 'none'; img-src 'self' file:; style-src 'sha256-{css}'; script-src 'sha256-{js}'")
    page = page.replace("@style@", style).replace("@script@", script).replace("@told@", json.dumps(told).replace("<", "\\u003c"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(page, encoding="utf-8")


def write_thumbnail(folder: Path, key: str, read: Callable[[], Image.Image], box: Any) -> str:
    """Its name below `folder`, the same for the same key and box; `read` gives the picture where it is not there yet."""
    name = f"frames/{hashlib.blake2b(f'{key} {box}'.encode(), digest_size=8).hexdigest()}.jpg"
    if not (folder / name).exists():
        small = drawn(read(), box)
        small.thumbnail((SIDE_PX, SIDE_PX))
        (folder / "frames").mkdir(parents=True, exist_ok=True)
        small.save(folder / name, quality=QUALITY)
    return name
