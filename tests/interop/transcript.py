"""`make transcript`: a session of the Inspector's CLI with `medvid mcp` on the demo clip, as it went, into docs/assistants.md.

The commands are run by bash as they are printed. Of what comes back long lines and long answers are cut, which is marked with `[...]`;
nothing is changed by hand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from medvid.simulate.demo import DEMO_QUESTION
from tests.interop.rows import INSPECTOR, NODE, ROOT

PAGE = ROOT / "docs" / "assistants.md"
BEGIN, END = "<!-- session: written by `make transcript` -->\n", "<!-- end of session -->\n"
ASK = "mcp-inspector --cli medvid mcp --method"
RAW = "--output answer.txt --output-format raw && cat answer.txt"
WIDEST, LONGEST = 600, 60
"""Characters of a line, lines of an answer."""


def cut(output: str) -> str:
    lines = [line if len(line) <= WIDEST else f"{line[:WIDEST]} [...]" for line in output.rstrip().splitlines()]
    return "\n".join(lines if len(lines) <= LONGEST else [*lines[:LONGEST], f"[...] {len(lines) - LONGEST} lines more"])


class Session:
    def __init__(self, folder: Path) -> None:
        programs = (Path(sys.executable).parent, NODE.parent, INSPECTOR / "node_modules" / ".bin")
        self.folder = folder
        self.environment = {
            **os.environ, "PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]]), "PYTHONPATH": str(ROOT), "HOME": str(folder),
            "MCP_INSPECTOR_SECRET_STORE": "memory", **{f"XDG_{kind}_HOME": str(folder / kind) for kind in ("DATA", "CACHE", "CONFIG")},
        }
        self.written: list[str] = []

    def run(self, command: str, *, fails: bool = False) -> str:
        """What the command wrote, and keeps both. The Inspector's notes on where it keeps secrets go to stderr, which is left out."""
        where = {"cwd": self.folder, "env": self.environment}
        done = subprocess.run(["bash", "-c", command], **where, capture_output=True, text=True)
        if (done.returncode != 0) is not fails:
            sys.exit(f"{command}\nended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        self.written.append(f"$ {command}\n{cut(done.stdout)}")
        return done.stdout

    def say(self, words: str) -> None:
        self.written.append(f"{words}\n")

    def page(self) -> str:
        """Markdown: the words as text, the commands between them in blocks."""
        parts, block = [], []
        for item in [*self.written, ""]:
            if item.startswith("$ "):
                block.append(item)
                continue
            if block:
                parts.append("```console\n" + "\n\n".join(block) + "\n```\n")
                block = []
            parts.append(item)
        return "\n".join(parts).strip() + "\n"


def main() -> None:
    for path in (NODE, INSPECTOR / "node_modules"):
        if not path.exists():
            sys.exit(f"{path} is missing; `make transcript` makes it")
    with tempfile.TemporaryDirectory() as name:
        session = Session(Path(name))
        # The demo clip is rendered on first use; a client that waits for it would find the server slow to start.
        subprocess.run(["medvid", "demo", "--json"], cwd=name, env=session.environment, check=True, capture_output=True)
        session.say("The tools, by name; `--strict` would end with 6 if a client could stumble over a schema:")
        names = "python -c 'import json, sys; print(*(tool[\"name\"] for tool in json.load(sys.stdin)[\"result\"][\"tools\"]))'"
        session.run(f"{ASK} tools/list --strict --format json | {names}")
        session.say("What there is to ask about. This is the text that a model reads:")
        listed = session.run(f"{ASK} tools/call --tool-name list_videos {RAW}")
        video = listed.splitlines()[1].partition(":")[0]
        call = f"{ASK} tools/call --tool-arg video_id={video}"
        session.say("When the cystic duct is clipped, first as text, then the structured content, which says the same:")
        session.run(f"{call} 'action=clip the cystic duct' --tool-name localize_action {RAW}")
        found = session.run(f"{call} 'action=clip the cystic duct' --tool-name localize_action")
        span = json.loads(found)["structuredContent"]["result"]["spans"][0]
        session.say("Where the clipper is meanwhile; the span is the one that was found:")
        within = f"'span={json.dumps(span)}'"
        session.run(f"{call} object=clipper every_s=1.0 {within} --tool-name ground_object {RAW}")
        middle_ms = round((span["start_s"] + span["end_s"]) * 500)
        session.say("A frame to look at, as a resource:")
        session.run(
            f"{ASK} resources/read --uri video://{video}/frame/{middle_ms} --output frame.jpg --output-format raw && "
            "python -c 'from PIL import Image; print(Image.open(\"frame.jpg\").size)'"
        )
        session.say("A whole question, planned and answered by the server:")
        session.run(f"{ASK} tools/call --tool-name ask_procedure --tool-arg 'video_ids=[\"{video}\"]' 'question={DEMO_QUESTION}' {RAW}")
        session.say("A mistake says what is wrong, so that the model which made it can mend it:")
        session.run(f"{call} 'action=clip the cystic duct' colour=blue --tool-name localize_action", fails=True)
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{session.page()}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main()
