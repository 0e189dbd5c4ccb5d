"""`medvid plan`: a plan written by hand is checked, drawn, and shown as it would run on a video."""

from __future__ import annotations

import json
from pathlib import Path

from medvid.simulate import Truth
from medvid.video import probe
from tests.cli.program import medvid

HAND = """
title: How long it takes
parameters:
  action: {says: what to time}
steps:
- {id: s1, tool: localize_action, args: {video_id: $video.video_id, action: $action}}
- {id: s2, op: total_duration, args: {spans: $s1.spans}}
"""


def test_a_plan_is_shown_as_it_would_run_on_a_video(operation: tuple[Path, Truth], tmp_path: Path) -> None:
    (tmp_path / "hand.yaml").write_text(HAND)
    done = medvid("plan", "hand.yaml", str(operation[0]), "--set", "action=$5 knot", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    args = {"video_id": probe(operation[0]).video_id, "action": "$$5 knot"}
    assert json.loads(done.stdout)["steps"][0] == {"id": "s1", "tool": "localize_action", "args": args}


def test_an_open_plan_is_checked_and_drawn_without_a_video(tmp_path: Path) -> None:
    (tmp_path / "hand.yaml").write_text(HAND)
    shown = medvid("plan", "hand.yaml", cwd=tmp_path)
    assert "How long it takes" in shown.stdout and "$action: what to time" in shown.stdout
    drawn = medvid("plan", "hand.yaml", "--mermaid", cwd=tmp_path)
    assert drawn.stdout.startswith("flowchart TD\n") and "s_s1 --> s_s2" in drawn.stdout


def test_what_is_wrong_is_told_with_the_file_and_the_place(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("steps:\n- {id: S1, tool: x}\n")
    done = medvid("plan", "bad.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "bad.yaml is no plan: steps.0.id: String should match pattern" in done.stderr
    (tmp_path / "bad.yaml").write_text("steps: [")
    assert "bad.yaml is no YAML" in medvid("plan", "bad.yaml", cwd=tmp_path).stderr
    (tmp_path / "bad.yaml").write_text(HAND.replace("$video.video_id", "$video.title_length"))
    done = medvid("plan", "bad.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "step 's1' (localize_action): $video.title_length leads nowhere: $video is an object with actions" in done.stderr
