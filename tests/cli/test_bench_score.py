"""`medvid bench score` on a results file in the reference's own form, and on a run's folder."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from medvid.core import Failure
from medvid.engine.profiles import profile_for
from medvid.medvidbench.answers import Answer, AnswersFolder, made_from, question_hash
from medvid.medvidbench.records import read_records
from tests.cli.program import medvid

CVS = "Two structures: 2, Cystic plate: 1, Hepatocystic triangle: 0"
SKILL = "Respect for tissue: 2/5, Suture/needle handling: 1/5, Time and motion: 1/5"
BOXES = "1.0 seconds: [0, 0, 10, 10] 2.0 seconds: [0, 0, 10, 10]"
ROWS = [  # qa_type, source, video, truth, answer
    ("tal", "AVOS", "a1", "0.0-10.0, 20.0-30.0 seconds.", "0.0-8.0, 21.0-31.0 seconds."),
    ("tal", "AVOS", "a2", "0.0-10.0 seconds.", "00:10-00:20"),
    ("stg", "CoPESD", "c1", BOXES, "1.0 seconds: [0, 0, 10, 10] 2.0 seconds: [5, 0, x]"),
    ("next_action", "AVOS", "a1", "tying", "tie a knot"),
    ("next_action", "EgoSurgery", "e1", "dissection", "dissection"),
    ("cvs_assessment", "Cholec80-CVS", "v1", CVS, "two structures: 2, cystic plate: 0"),
    ("skill_assessment", "JIGSAWS", "j1", SKILL, "Respect for tissue: 2/5, Suture handling: 1/5, Time and motion: 3/5"),
    ("dense_captioning_gpt", "AVOS", "a1", "0.0-4.0 seconds: cut: He cuts.", "1.0 - 2.5 seconds: cut: He cuts."),
    ("dense_captioning_gemini", "AVOS", "a2", "0.0-4.0 seconds: cut: He cuts.", "0.0-4.0 seconds: cut: He cuts."),
    ("video_summary_gpt", "AVOS", "a1", "He cuts.", "He cuts."),
    ("region_caption_gpt", "AVOS", "a1", "The knife cuts.", "</script><img src=x onerror=alert(1)>"),
    ("riddle", "AVOS", "a1", "?", "!"),
]


def reference_form(path: Path) -> Path:
    """As the published inference writes it: every value a plain one, no `gnd` anywhere else."""
    shared = {"struc_info": [], "question": "What is seen?"}
    results = {
        str(at): {
            "metadata": {"video_id": video, "fps": "1.0"}, "qa_type": task, "data_source": source, "gnd": gnd, "answer": answer, **shared,
        }
        for at, (task, source, video, gnd, answer) in enumerate(ROWS)
    }  # fmt: skip
    path.write_text(json.dumps(results))
    return path


def told_of(done: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return told, {(row["of"], row["name"]) if row["of"] else row["name"]: row for row in told["rows"] if row["source"] is None}


def test_the_scores_of_a_file_made_by_hand(tmp_path: Path) -> None:
    file = reference_form(tmp_path / "results.json")
    told, rows = told_of(medvid("bench", "score", str(file), "--json", "--markdown", str(tmp_path / "m.md")))
    board = {row["name"]: row["value"] for row in rows.values() if row["name"] not in ("strict", "unreadable")}
    strict, unreadable = ({row["of"]: row["value"] for row in rows.values() if row["name"] == name} for name in ("strict", "unreadable"))

    # First record: 8/10 and, of 21-31 with 20-30, 9/11; the second says 10-0, which overlaps nothing, and which the tools do not read.
    matched = (8 / 10 + 9 / 11) / 2
    assert (board["TAG @0.3"], board["TAG @0.5"]) == pytest.approx((matched / 2, matched / 2))
    assert (strict["TAG @0.5"], unreadable["TAG @0.5"]) == pytest.approx((matched / 2, 0.5))
    assert [board[f"recall @{at}"] for at in (0.3, 0.5, 0.7)] == [0.5, 0.5, 0.5]
    assert (board["start error, s"], board["end error, s"]) == ((0 + 1) / 2, (2 + 1) / 2)
    # The box that cannot be read repeats the one before for the leaderboard, and is missing for the tools.
    assert (board["STG mIoU"], strict["STG mIoU"], unreadable["STG mIoU"]) == (1.0, 0.5, 0.0)
    # `tie a knot` is nearest to `tying`; a list of steps does not hold it. EgoSurgery has no list, so the truths of the file are one.
    assert (board["NAP acc"], strict["NAP acc"], unreadable["NAP acc"]) == (1.0, 0.5, 0.5)
    # Two structures right, cystic plate wrong, the third missing; the tools read all three or none.
    assert (board["CVS acc"], strict["CVS acc"], unreadable["CVS acc"]) == (0.5, 0.0, 1.0)
    assert board["rating"] == 1.0  # the sum 2 + 0 is fair, as 2 + 1 + 0 is
    # Respect for tissue right, time and motion wrong, the third under another name. Mean 2 is a novice, mean 4/3 too.
    assert (board["SA acc"], board["level"]) == (0.5, 1.0)
    # A space around the dash makes no event: left out of the mean. The tools read it: 1.5 s of 4 s, the same words.
    assert board["DVC F1"] == pytest.approx(1.0)
    assert (strict["DVC F1"], unreadable["DVC F1"]) == (pytest.approx((1.5 / 4 + 1) / 2), 0.0)
    assert (board["DVC llm"], board["VS llm"], board["RC llm"]) == (None, None, None)
    assert strict["VS llm"] == 1.0

    # The two of AVOS choose from each other: the truth 0-10 for the first, one of the first's two stretches for the second.
    assert rows["TAG @0.5"]["baselines"].keys() == {"majority"}
    assert {row["source"] for row in told["rows"] if row["name"] == "NAP acc"} == {None, "AVOS", "EgoSurgery"}
    assert told["published"]["TAG @0.5"]["1.0a-7B-RL"] == 0.156 and told["published"]["DVC llm"]["27B-SFT"] == 3.89
    assert any("1 records are of no known task" in note for note in told["notes"])
    assert any("--blind" in note for note in told["notes"])
    markdown = (tmp_path / "m.md").read_text()
    assert "| CVS acc | all | 1 | 0.500 | 0.500-0.500 | 0.000 |" in markdown and "| not judged |" in markdown


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Four questions on two videos: one answered right, one cut off, one failed, one not asked yet."""
    (tmp_path / "frames").mkdir()
    for name in ("1.jpg", "2.jpg"):
        Image.new("RGB", (320, 240), (200, 30, 30)).save(tmp_path / "frames" / name)
    records = [
        {
            "id": "same", "qa_type": "tal", "data_source": "AVOS", "video": ["/elsewhere/1.jpg", "/elsewhere/2.jpg", "/elsewhere/gone.jpg"],
            "metadata": {"video_id": video, "fps": "0.5"}, "struc_info": [],
            "conversations": [
                {"from": "human", "value": f"<video>\nWhen, in {video}? </script><b>"}, {"from": "gpt", "value": "0.0-4.0 seconds."},
            ],
        }
        for video in ("a1", "a1", "a2", "a2")
    ]  # fmt: skip
    file = tmp_path / "records.json"
    file.write_text(json.dumps(records))
    read = read_records(file)
    for folder, texts in (("run", ("0.0-4.0 seconds.", "0.0-2.0")), ("blind", ("3.0-4.0", "0.0-1.0"))):
        made_with = {"records": made_from(file), "model": "uAI-NEXUS-MedVLM-1.0a-7B-SFT", "feeding": "published"}
        about = {"records_file": str(file), "frame_roots": {"/elsewhere": str(tmp_path / "frames")}, "root": str(tmp_path)}
        answers = AnswersFolder(tmp_path / folder, read, made_with, about)
        hashes = [question_hash(record) for record in read]
        answers.add(Answer(position=0, question=hashes[0], text=texts[0], finish="stop"))
        answers.add(Answer(position=1, question=hashes[1], text=texts[1], finish="length"))
        answers.add(Answer(position=2, question=hashes[2], failure=Failure(kind="video", message="gone.jpg is not there")))
    return tmp_path / "run"


class Script(HTMLParser):
    """What a browser takes for scripts, by their type; and the tags that are there."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: dict[str, str] = {}
        self.tags: list[str] = []
        self._type: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._type = (dict(attrs).get("type") or "") if tag == "script" else None

    def handle_data(self, data: str) -> None:
        if self._type is not None:
            self.scripts[self._type] = data
            self._type = None


def test_what_failed_is_counted_apart_and_baselines_fill_the_cards(run: Path, tmp_path: Path) -> None:
    cards, page = tmp_path / "profile.json", tmp_path / "page"
    cards.write_text(json.dumps({"abstains": True}))
    done = medvid("bench", "score", str(run), "--json", "--blind", str(tmp_path / "blind"), "--cards", str(cards), "--page", str(page))
    told, rows = told_of(done)
    counts = {"records": 4, "answered": 2, "failed": 1, "failed: tal, video": 1, "not asked": 1, "ended at the limit": 1}
    assert told["counts"] == counts
    figure = rows["TAG @0.5"]
    assert (figure["tests"], figure["cut"], figure["value"]) == (2, 1, (1 + 0.5) / 2)
    assert figure["baselines"]["blind"] == 0.0  # 1/4 and 1/4 lie below 0.5
    assert "majority" not in figure["baselines"]  # both answers are of one video, so there is no other to choose from

    config = {"model_type": "qwen2_5_vl", "vision_config": {"patch_size": 14}}
    profile = profile_for(tmp_path, config)
    assert profile.abstains
    assert profile.cards["tal"].text == "TAG mIoU at 0.5 0.750 on 2 tests (published feeding; baseline not published)"
    assert profile.cards["tal"].source == "records.json, 95 % 0.750-0.750, strict 0.750, blind 0.000"

    found = Script((page / "index.html").read_text())
    shown = json.loads(found.scripts["application/json"])
    assert [record["state"] for record in shown["records"]] == ["right", "right", "failed", "not asked"]
    assert shown["records"][0]["question"].endswith("</script><b>") and "b" not in found.tags
    assert shown["records"][2]["failure"] == "gone.jpg is not there" and shown["records"][1]["notes"] == ["ended at the limit"]
    frames = shown["records"][0]["frames"]
    assert [frame["name"] for frame in frames] == ["0.0 s, 1.jpg", "2.0 s, 2.jpg", "4.0 s, gone.jpg: no such file"]
    assert frames[2]["file"] is None and [record["frames"] for record in shown["records"]] == [frames] * 4
    assert len(list((page / "frames").iterdir())) == 2  # each picture once, however many records show it
    with Image.open(page / frames[0]["file"]) as picture:
        assert picture.size == (160, 120)
    assert "innerHTML" not in found.scripts[""] and not re.search(r"https?://", (page / "index.html").read_text())

    shown_there = medvid("bench", "score", str(run), env={"COLUMNS": "60"}).stdout
    row = next(line for line in shown_there.splitlines() if line.startswith("TAG @0.5") and " all " in line)
    assert row.split()[2:] == ["all", "2", "0.750", "0.750-0.750", "0.750", "0.750-0.750", "0.000", "1", "0.091"]
    again = medvid("bench", "score", str(run), "--page", str(page))
    assert (again.returncode, again.stdout) == (2, "") and "not an empty folder" in again.stderr


def test_a_blind_run_of_other_records_and_a_folder_without_a_run_are_refused(run: Path, tmp_path: Path) -> None:
    done = medvid("bench", "score", str(reference_form(tmp_path / "results.json")), "--blind", str(run))
    assert done.returncode == 2 and "other records" in done.stderr
    done = medvid("bench", "score", str(tmp_path / "frames"))
    assert done.returncode == 2 and "holds no results" in done.stderr
    done = medvid("bench", "score", str(run), "--markdown", str(tmp_path / "none" / "m.md"))
    assert done.returncode == 2 and "none does not exist; make it first" in done.stderr
