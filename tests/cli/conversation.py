"""`make conversation`: five turns of `medvid chat` on the demo's operation, as they went, into docs/conversation.md.

The commands are run by bash as they are printed, and nothing is changed by hand.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from medvid.simulate.demo import DEMO_SEED
from tests.cli.program import ROOT

PAGE = ROOT / "docs" / "conversation.md"
QUESTIONS = (
    "When is the cystic duct clipped?",
    "How long did it take?",
    "And the cystic artery?",
    "What is the clipper doing there?",
    "What happens right after that?",
)
WORDS = """\
# A conversation of five turns

Written by `make conversation` from the commands that stand here. The video is the demo's simulated operation, which no training has seen. A
line that begins with `finished` says what was looked for in this turn, or that an earlier turn had found it.
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {
            **os.environ, "PATH": os.pathsep.join([str(folder), os.environ["PATH"]]), "HOME": name, "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "120",
            **{f"XDG_{kind}_HOME": str(folder / kind) for kind in ("DATA", "CACHE", "CONFIG")},
        }  # fmt: skip
        program = folder / "medvid"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m medvid.cli "$@"\n')
        program.chmod(0o755)
        (folder / "questions.txt").write_text("\n".join(QUESTIONS) + "\n")
        commands = (
            f"medvid simulate operation.mp4 --seed {DEMO_SEED}",
            "medvid chat operation.mp4 --thread morning < questions.txt 2>&1",
            'medvid ask "How often is the cystic duct clipped?" --thread morning 2>&1 | grep -e "^finished" -e "\\[s"',
            "medvid threads",
            "medvid threads forget morning && medvid threads",
        )
        blocks = []
        for command in commands:
            done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)
            if done.returncode > 2:
                sys.exit(f"{command}\nended with {done.returncode}\n{done.stdout}\n{done.stderr}")
            output = (done.stdout + done.stderr).replace(f"{name}/", "")
            blocks.append("\n".join(line.rstrip() for line in [f"$ {command}", *output.splitlines()]))
    PAGE.write_text(f"{WORDS}\n```console\n" + "\n\n".join(blocks) + "\n```\n", encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main()
