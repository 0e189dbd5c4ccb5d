"""The GPU's benchmark, whole, with a tiny checkpoint on the CPU: both ways answer, measurements are kept, a further call goes on."""

from __future__ import annotations

import json
from pathlib import Path

from tests.benchmarks.programs import run


def test_it_measures_both_ways_keeps_what_it_has_and_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("gpu/throughput", "--tiny", "--rounds", "1", "--json", "--out", str(out))
    assert done.returncode == 0, done.stderr[-4000:]
    report = json.loads(done.stdout)
    assert report == json.loads((out / "throughput.json").read_text())
    cells = {(cell["way"], cell["questions_per_clip"]): cell for cell in report["cells"]}
    assert set(cells) == {("medvid", 1), ("published", 1), ("medvid", 8), ("published", 8)}
    for cell in cells.values():
        assert (cell["measurements"], cell["gpu_busy"]) == (1, None)
        # The answers of a question have 4 tokens each.
        assert abs(cell["answer_tokens_per_s"]["median"] / cell["questions_per_s"]["median"] - 4) < 0.01
    # One of the four finds keys and values: eight questions a clip with a prefix cache. A block has 128 tokens, a prompt 192 of video.
    reused = {key: cell["prompt_tokens_reused"]["median"] for key, cell in cells.items()}
    assert reused.pop(("medvid", 8)) > 0.3
    assert set(reused.values()) == {0.0}

    no_time = run("gpu/throughput", "--tiny", "--minutes", "0", "--out", str(out))
    assert no_time.returncode == 0
    assert "call again with the same --out" in no_time.stderr
    assert "| 8 | medvid | " in no_time.stdout
    assert len((out / "samples.jsonl").read_text().splitlines()) == 1 + 4


def test_without_a_gpu_it_says_so(tmp_path: Path) -> None:
    done = run("gpu/throughput", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "there is no GPU here" in done.stderr
