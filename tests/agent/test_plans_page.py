"""docs/plans.md and docs/plan.schema.json say what the code does. `python -m tests.agent.test_plans_page` writes both anew."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import yaml

from medvid.agent.binding import bind
from medvid.agent.check import check_plan
from medvid.agent.operations import OPS
from medvid.core import Plan
from medvid.core.plan_file import plan_of
from tests.agent.fake import TOOLS, VIDEO_ID, listing

DOCS = Path(__file__).resolve().parents[2] / "docs"
TABLE = re.compile(r"(?<=## Operations\n\n)(.*?\n\n)(.*?)(?=\n\n## )", re.DOTALL)


def table() -> str:
    rows = ["| operation | gives |", "|---|---|"]
    rows += [f"| `{op.name}({', '.join(op.takes)})` | {op.says}: {_words(op.gives)} |" for op in OPS.values()]
    return "\n".join(rows)


def _words(schema: dict[str, object]) -> str:
    from medvid.agent.shapes import Placeholder, words

    kind = {"an object with end_s, start_s": "a span", "a list": "a list of spans"}
    said = words(Placeholder(schema, {}, ""))
    return kind.get(said, said) + (" or null" if "anyOf" in schema else "")


def schema() -> str:
    return json.dumps(Plan.model_json_schema(), indent=1) + "\n"


def test_every_operation_stands_in_the_table() -> None:
    found = TABLE.search((DOCS / "plans.md").read_text(encoding="utf-8"))
    assert found is not None and found[2] == table()


def test_the_schema_is_the_plans_own_and_takes_the_pages_example() -> None:
    assert (DOCS / "plan.schema.json").read_text(encoding="utf-8") == schema()
    (example,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "plans.md").read_text(encoding="utf-8"), re.DOTALL)
    jsonschema.validate(yaml.safe_load(example), json.loads(schema()))
    plan = bind(plan_of(example, Plan), {"action": "tie the knot"}, listing())
    check_plan(plan, TOOLS, listing=[listing()])
    assert plan.steps[0].args == {"video_id": VIDEO_ID, "action": "tie the knot"}


if __name__ == "__main__":
    page = DOCS / "plans.md"
    page.write_text(TABLE.sub(lambda found: found[1] + table(), page.read_text(encoding="utf-8")), encoding="utf-8")
    (DOCS / "plan.schema.json").write_text(schema(), encoding="utf-8")
