"""The task in the real lmms-eval: found by `--include_path`, evaluated on simulated records with a model that answers as it is told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
evaluator = pytest.importorskip("lmms_eval.evaluator", reason="run by make test-lmms-eval")

from lmms_eval.api.model import lmms  # noqa: E402
from lmms_eval.tasks import TaskManager  # noqa: E402

import medvid.medvidbench  # noqa: E402
from medvid.core import ConfigError, Span  # noqa: E402
from medvid.engine.profiles import EMBEDDED  # noqa: E402
from medvid.medvidbench.lmms_eval.task import documents  # noqa: E402
from medvid.medvidbench.metrics.table import columns  # noqa: E402
from medvid.medvidbench.records import Record, result_of, write_records  # noqa: E402
from medvid.medvidbench.simulated import records_for  # noqa: E402
from medvid.simulate import make_procedure  # noqa: E402
from medvid.simulate.render import render  # noqa: E402

TASKS = Path(medvid.medvidbench.__file__).parent / "lmms_eval"


class Told(lmms):
    """Answers each document with the text at its place; keeps the questions and pictures it was shown."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self.texts, self.seen = texts, dict[int, tuple[str, list[Image.Image]]]()

    def generate_until(self, requests: list[Any]) -> list[str]:
        for request in requests:
            question, _, visual, at, task, split = request.args
            self.seen[at] = (question, visual(self.task_dict[task][split][at]))
        return [self.texts[request.args[3]] for request in requests]

    def loglikelihood(self, requests: list[Any]) -> Any:
        raise NotImplementedError

    def generate_until_multi_round(self, requests: list[Any]) -> Any:
        raise NotImplementedError


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """Of one simulated procedure, with its frames; lmms-eval's caches lie in a folder of the test."""
    truth = make_procedure(1_000_001)
    found = records_for(truth, Span.of(10.0, 18.0), 0.5, np.random.default_rng(0), EMBEDDED)
    for frame in {frame for record in found for frame in record.video}:
        (tmp_path / frame).parent.mkdir(exist_ok=True)
        Image.fromarray(render(truth, [int(Path(frame).stem) / truth.fps])[0]).save(tmp_path / frame)
    write_records(tmp_path / "records.json", found)
    monkeypatch.setenv("MEDVID_RECORDS", str(tmp_path / "records.json"))
    for name in ("HF_HOME", "HF_DATASETS_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return found


def evaluated(model: Any) -> dict[str, Any]:
    manager = TaskManager(include_path=str(TASKS), include_defaults=False)
    assert manager.all_tasks == ["medvidbench"]
    told = evaluator.simple_evaluate(model=model, tasks=["medvidbench"], task_manager=manager, bootstrap_iters=0)
    return {name.removesuffix(",none"): value for name, value in told["results"]["medvidbench"].items() if "stderr" not in name}


def test_simulated_records_go_through_the_evaluator_and_get_our_columns(records: list[Record]) -> None:
    """The model gives the true answers, but says of every action that it happens from 1 to 2 s."""
    texts = ["1.0-2.0 seconds." if record.qa_type == "tal" else record.answer or "" for record in records]
    model = Told(texts)
    found = evaluated(model)
    ours = {column.name: column for column in columns([result_of(*pair) for pair in zip(records, texts, strict=True)])}
    names = ours.keys() - {"absent"}
    assert {"TAG @0.3", "TAG @0.5", "DVC F1"} <= names
    assert {name: found[name] for name in names} == {name: pytest.approx(ours[name].leaderboard) for name in names}
    assert {name: found[f"{name} strict"] for name in names} == {name: pytest.approx(ours[name].strict) for name in names}
    assert found["DVC F1"] == pytest.approx(1) and found["TAG @0.5"] < 0.5

    assert [question for question, _ in model.seen.values()] == [record.question for record in records]
    for at, record in enumerate(records):
        pictures = model.seen[at][1]
        assert [picture.size for picture in pictures] == [make_procedure(1_000_001).size] * len(record.video)
        if record.rc_info:
            shown = pictures[record.video.index(record.rc_info["start_frame"])]
            left, top, *_ = record.rc_info["start_frame_bbox"]
            assert shown.getpixel((round(left) + 2, round(top) + 2)) == (0, 255, 0)
    assert any(record.rc_info for record in records)


def test_lmms_evals_own_dummy_model_runs_it(records: list[Record]) -> None:
    assert evaluated("dummy").keys() >= {"TAG @0.3", "TAG @0.3 strict", "STG mIoU"}


def test_without_records_the_way_to_name_them_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDVID_RECORDS", raising=False)
    with pytest.raises(ConfigError, match="let it name the file of records"):
        documents(None)
