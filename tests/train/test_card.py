"""The cards hold the report's figures and nothing else."""

import json
from pathlib import Path

from medvid.engine.profiles import profile_for
from medvid.train.figures import CARDS, ROWS, Report, Row, write_cards


def _report() -> Report:
    rows = [
        Row(name=name, bar=bar, by_clip={3: (1, 2)}, tests=40 + i, figure=0.5 + i / 100, low=0.4, high=0.7, blind=0.25)
        for i, (name, (bar, _)) in enumerate(ROWS.items())
    ]
    return Report(model="small", clips=20, first_seed=1_000_000, rows=tuple(rows), elapsed_s=1.0)


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
    assert "| grounding mIoU | 42 | 0.520 | 0.400-0.700 | 0.250 | 0.650 | missed |" in card
    assert "--set heldout --clips 20" in card and "Shifted" not in card.split("## Figures")[1].split("###", 1)[1]


def test_a_shifted_report_adds_its_table_and_leaves_the_reliability_cards(tmp_path: Path) -> None:
    write_cards(_report(), tmp_path)
    before = (tmp_path / "profile.json").read_text()
    rows = tuple(row.model_copy(update={"figure": 0.125}) for row in _report().rows)
    write_cards(_report().model_copy(update={"first_seed": 2_000_000, "rows": rows}), tmp_path)
    assert (tmp_path / "profile.json").read_text() == before
    card = (tmp_path / "README.md").read_text()
    assert "| grounding mIoU | 42 | 0.520 |" in card and "| grounding mIoU | 42 | 0.125 |" in card
    assert 'by_clip": {}' in (tmp_path / "figures-shifted.json").read_text()
