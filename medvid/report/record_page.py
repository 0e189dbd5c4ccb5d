"""A page of records, one by one, beside their figures: `index.html` and thumbnails, read from a folder without any server.

All that records and models say stands in one block of JSON in which no `<` is left, and is shown as text. The sources are records/*.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from medvid.report.saved import drawn

SOURCES = Path(__file__).parent / "records"
SIDE_PX, QUALITY = 160, 70
Wanted = tuple[Path, Sequence[float] | None]  # A picture, and the box to be drawn on it.


def write_page(folder: Path, told: Mapping[str, Any]) -> Path:
    """told: what page.js shows: `facts`, `lines` and `published` (tables of texts), `records`."""
    style, script = ((SOURCES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    css, js = (b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    page = (SOURCES / "page.html").read_text(encoding="utf-8")
    page = page.replace("@policy@", f"default-src 'none'; img-src 'self' file:; style-src 'sha256-{css}'; script-src 'sha256-{js}'")
    page = page.replace("@style@", style).replace("@script@", script)
    page = page.replace("@told@", json.dumps(told).replace("<", "\\u003c"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(page, encoding="utf-8")
    return folder / "index.html"


def write_thumbnails(folder: Path, wanted: Iterable[Wanted]) -> dict[str, str]:
    """By `key_of` what is wanted: its file below `folder`, or nothing where there is no such picture."""
    (folder / "frames").mkdir(parents=True, exist_ok=True)
    each = {key_of(*one): one for one in wanted}

    def write(key: str) -> str:
        path, box = each[key]
        try:
            with Image.open(path) as picture:
                if box is None:
                    picture.draft("RGB", (SIDE_PX, SIDE_PX))
                small = drawn(picture.convert("RGB"), box)
                small.thumbnail((SIDE_PX, SIDE_PX))
                small.save(folder / "frames" / f"{key}.jpg", quality=QUALITY)
        except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError):
            return ""
        return f"frames/{key}.jpg"

    with ThreadPoolExecutor() as pool:
        return dict(zip(each, pool.map(write, each), strict=True))


def key_of(path: Path, box: Sequence[float] | None) -> str:
    return hashlib.blake2b(f"{path} {box}".encode(), digest_size=8).hexdigest()
