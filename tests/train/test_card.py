"""The cards hold the report's figures and nothing else."""

import json
from pathlib import Path

from medvid.engine.profiles import profile_for
from medvid.train.figures import CARDS, ROWS, Report, Row, write_cards


def _report() -> Report:
    rows = [
        Row(name=name, bar=bar, tests=40 + i, figure=0.5 + i / 100, low=0.4, high=0.7, blind=0.25)
        for i, (name, bar) in enumerate(ROWS.items())
    ]
    return Report(model="small", clips=20, first_seed=1_000_000, rows=tuple(rows), columns=(), elapsed_s=1.0)


def test_every_qa_type_gets_the_figure_of_its_row(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text(json.dumps({"base": "embedded", "default_fps": 2.0}))
    report = _report()
    write_cards(report, tmp_path)
    profile = profile_for(tmp_path, {"model_type": "qwen3_vl", "vision_config": {"patch_size": 14}})
    assert profile.default_fps == 2.0
    assert set(profile.cards) == set(CARDS)
    for qa_type, name in CARDS.items():
        row = report.row(name)
        assert row is not None
        assert (profile.cards[qa_type].figure, profile.cards[qa_type].tests) == (round(row.figure, 3), row.tests)
    card = (tmp_path / "README.md").read_text()
    assert "| grounding mIoU | 41 | 0.510 | 0.400-0.700 | 0.250 | 0.500 |" in card
    assert "--clips 20" in card
