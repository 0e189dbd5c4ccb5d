"""`make cohort-transcript`: twenty simulated operations compared in two groups, as it went, into docs/analyses.md and docs/cohort.png.

The groups are made by the truth: operations with one go at the hepatocystic triangle, and those with more. The commands are run by bash as
they are printed; nothing is changed by hand.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

from PIL import Image

from medvid.simulate import Truth, make_procedure
from tests.cli.program import ROOT

PAGE, PICTURE = ROOT / "docs" / "analyses.md", ROOT / "docs" / "cohort.png"
BEGIN, END = "<!-- transcript: written by `make cohort-transcript` -->\n", "<!-- end of transcript -->\n"
ACTION = "dissect the hepatocystic triangle"
FIRST_SEED, EACH = 1_000_300, 10
RUN = "medvid run compare_groups --manifest cases.csv --out compared --jobs 2"


def times(truth: Truth) -> float:
    return sum(event.span.duration_s for event in truth.events if event.action == ACTION)


def chosen() -> dict[str, list[Truth]]:
    """The first ten of each group, from FIRST_SEED on."""
    groups: dict[str, list[Truth]] = {"one go": [], "more goes": []}
    for seed in range(FIRST_SEED, FIRST_SEED + 200):
        truth = make_procedure(seed, "cholecystectomy")
        group = groups["one go" if sum(event.action == ACTION for event in truth.events) == 1 else "more goes"]
        if len(group) < EACH:
            group.append(truth)
    return groups


def transcript(folder: Path, groups: dict[str, list[Truth]]) -> Iterator[str]:
    program = folder / "bin" / "medvid"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m medvid.cli "$@"\n')
    program.chmod(0o755)
    environment = {
        **os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "160",
        **{f"XDG_{kind}_HOME": str(folder / ".home" / kind) for kind in ("DATA", "CACHE", "CONFIG")},
    }  # fmt: skip

    def run(command: str) -> str:
        both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, text=True, **both)
        said = re.sub(r"^bash: line.*\n|^.*Killed.*\n", "", done.stdout, flags=re.MULTILINE)
        return f"$ {command}\n{said.rstrip()}\n"

    (folder / "videos").mkdir()
    lines = ["video,group,id"]
    for group, truths in groups.items():
        for truth in truths:
            run(f"medvid simulate videos/{truth.seed}.mp4 --seed {truth.seed}")
            lines.append(f"videos/{truth.seed}.mp4,{group},{truth.seed}")
    (folder / "cases.csv").write_text("\n".join(lines) + "\n")
    yield run("head -3 cases.csv")
    yield run(f"timeout -s KILL 60 {RUN}")
    yield run(RUN)
    yield run("ls compared")
    yield run("head -2 compared/videos.csv | cut -c1-150")
    yield run("head -c 45 compared/provenance.json")


def main() -> None:
    groups = chosen()
    with tempfile.TemporaryDirectory() as name:
        parts = list(transcript(Path(name), groups))
        Image.open(Path(name) / "compared" / "groups.png").convert("RGB").quantize(48).save(PICTURE, optimize=True)
    true = {group: (mean(map(times, truths)), mean(truth.duration_s for truth in truths)) for group, truths in groups.items()}
    told = "; ".join(f"{group}: {seconds:.2f} s of {whole:.2f} s" for group, (seconds, whole) in true.items())
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    text = "".join(f"```console\n{part}```\n\n" for part in parts)
    truth = f"The truth of the {2 * EACH} files, mean time at the triangle of mean length: {told}.\n\n"
    truth += "![The chart of the run](cohort.png)\n\n"
    PAGE.write_text(f"{before}{BEGIN}\n{text}{truth}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
