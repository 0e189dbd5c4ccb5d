"""A plan drawn as a Mermaid flow chart: a box for each step, an arrow for each that reads another. Source: Mermaid, "Flowcharts"."""

import json
import re

from medvid.agent.check import needed_steps
from medvid.core import Plan


def mermaid(plan: Plan) -> str:
    """Tools are boxes, operations are round; a text of the plan's is never read as Mermaid."""
    lines = ["flowchart TD"]
    for step in plan.steps:
        opening, closing = ('["', '"]') if step.tool else ('(["', '"])')
        listed = f"{len(step.for_each)} elements" if isinstance(step.for_each, tuple) else step.for_each
        args = [f"{name}: {value if isinstance(value, str) else json.dumps(value)}" for name, value in step.args.items()]
        said = [f"{step.id} {step.name}", *([f"for each of {listed}"] if listed else []), *args]
        # As entities, whatever Mermaid, or the HTML and Markdown within it, would read as markup.
        label = [re.sub(r"[^\w .,:$]", lambda found: f"#{ord(found[0])};", text) for text in said]
        lines.append(f"    s_{step.id}{opening}{'<br>'.join(label)}{closing}")  # a bare `end` would be Mermaid's own
        lines += [f"    s_{needed} --> s_{step.id}" for needed in sorted(needed_steps(step) - plan.parameters.keys())]
    return "\n".join(lines)
