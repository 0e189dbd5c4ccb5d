"""A plan drawn: every step is a box, every reading an arrow, and no text of a plan is read as Mermaid."""

from __future__ import annotations

from medvid.agent.drawing import mermaid
from medvid.core import Plan, Step


def test_each_step_is_a_box_and_each_reading_an_arrow() -> None:
    steps = (
        Step(id="s1", tool="localize_action", args={"action": "tie the knot"}),
        Step(id="end", op="count", args={"spans": "$s1.spans"}),
        Step(id="s3", tool="assess_cvs", args={"span": "$item"}, for_each="$s1.spans"),
    )
    assert mermaid(Plan(steps=steps)).splitlines() == [
        "flowchart TD",
        '    s_s1["s1 localize_action<br>action: tie the knot"]',
        '    s_end(["end count<br>spans: $s1.spans"])',
        "    s_s1 --> s_end",
        '    s_s3["s3 assess_cvs<br>for each of $s1.spans<br>span: $item"]',
        "    s_s1 --> s_s3",
    ]


def test_a_hostile_text_stays_inside_its_box() -> None:
    hostile = 'x"]\n  click s_s1 href "javascript:alert(1)" <script>`**'
    drawn = mermaid(Plan(steps=(Step(id="s1", tool="localize_action", args={"action": hostile}),)))
    assert len(drawn.splitlines()) == 2
    label = drawn.splitlines()[1].split('["', 1)[1].removesuffix('"]')
    assert not set(label.replace("<br>", "")) & set('"<>`*[]()\n')
