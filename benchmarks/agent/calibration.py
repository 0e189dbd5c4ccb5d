"""How far a checkpoint's confidence is off: claims about times on held-out simulated clips, each with its second look, against the truth.

Every declared action of a clip is localised through the product (plan, server, tools, decoding), whether it occurs or not. A claim is
right where its span meets a true one by half. The expected calibration error (ECE) is the mean distance of confidence and share of right
claims over ten equal bins, weighted by their claims. Beside it stands what saying `certain` every time would give.

    python benchmarks/agent/calibration.py                      # the embedded model, 120 clips
    python benchmarks/agent/calibration.py --card               # and writes the figure into its profile.json
    python benchmarks/agent/calibration.py --model DIR --clips 300
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from medvid.agent.references import parse, read
from medvid.agent.runs import ask
from medvid.app import open_client, open_library, open_model, open_server, open_toolbox
from medvid.core import Plan, Reliability, Span, Step
from medvid.core.settings import load
from medvid.engine.base import Engine
from medvid.medvidbench.held_out import held_out_clip, write_clip
from medvid.simulate import HELD_OUT_SEED, Truth
from medvid.video import probe

BINS = 10
RIGHT_IOU = 0.5
CARD = "tal_confidence"
"""Its key among the cards of a profile."""
PROFILE = Path(__file__).parents[2] / "medvid" / "engine" / "embedded" / "profile.json"


@dataclass(frozen=True, slots=True)
class Claim:
    """confidence: None where a look was not made or tells none. right: as first claimed. right_told: as adopted, where it was."""

    verdict: str
    confidence: float | None
    right: bool
    right_told: bool


def ece(claims: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error in [0, 1] over BINS bins of equal width; 0 of nothing."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in claims:
        bins.setdefault(min(int(confidence * BINS), BINS - 1), []).append((confidence, right))
    gaps = (abs(sum(c for c, _ in held) - sum(r for _, r in held)) for held in bins.values())
    return sum(gaps) / len(claims) if claims else 0.0


async def claims_of(truth: Truth, folder: Path, engine: Engine) -> list[Claim]:
    """Of one clip, whose file is made and taken away again."""
    path = write_clip(truth, folder)
    video_id = probe(path).video_id
    toolbox = open_toolbox(load(), open_library(load(), [path]), engine)
    claims: list[Claim] = []
    async with open_client(open_server(toolbox, pictures=False)) as client:
        for i, action in enumerate(truth.case.action_names):
            step = Step(id="s1", tool="localize_action", args={"video_id": video_id, "action": action})
            run_id = f"{video_id}-{i}"
            run = await ask(action, [video_id], client, run_id=run_id, plan=Plan(steps=(step,)), checkpoints=Path(":memory:"))
            true = [event.span for event in truth.events if event.action == action]
            for look in run.looks:
                said = Span.model_validate(read(run.outcomes[look.step][look.index], parse(f"$outcome.result.{look.place}").path))
                right = [max((span.iou(other) for other in true), default=0.0) >= RIGHT_IOU for span in (said, look.adopted or said)]
                claims.append(Claim(look.verdict, look.confidence, *right))
    path.unlink()
    return claims


def report_of(claims: Sequence[Claim]) -> list[str]:
    lines = []
    for verdict in ("confirmed", "rejected", "unverified"):
        held = [claim for claim in claims if claim.verdict == verdict]
        right = sum(claim.right for claim in held)
        lines.append(f"{verdict}: {len(held)} claims, {right} right as first made, {sum(claim.right_told for claim in held)} as told")
    sure = [(claim.confidence, claim.right) for claim in claims if claim.confidence is not None]
    lines.append(f"ECE {ece(sure):.3f} on {len(sure)} claims; saying certain every time {ece([(1.0, right) for _, right in sure]):.3f}")
    for low in range(BINS):
        held_at = [pair for pair in sure if min(int(pair[0] * BINS), BINS - 1) == low]
        if held_at:
            share, mean = sum(r for _, r in held_at) / len(held_at), sum(c for c, _ in held_at) / len(held_at)
            lines.append(f"  confidence {low / BINS:.1f}-{(low + 1) / BINS:.1f}: {len(held_at)} claims, mean {mean:.2f}, right {share:.2f}")
    return lines


def card_of(claims: Sequence[Claim], seed0: int) -> Reliability:
    sure = [(claim.confidence, claim.right) for claim in claims if claim.confidence is not None]
    return Reliability(
        qa_type=CARD, metric="confidence ECE", figure=round(ece(sure), 3), baseline=round(ece([(1.0, right) for _, right in sure]), 3),
        baseline_name="always certain", tests=len(sure), source=f"simulated clips, seeds from {seed0:,} on",
    )  # fmt: skip


async def measure(clips: int, seed0: int, engine: Engine) -> list[Claim]:
    claims: list[Claim] = []
    with tempfile.TemporaryDirectory() as folder:
        for index in range(clips):
            claims += await claims_of(held_out_clip(index, seed0), Path(folder), engine)
            if (index + 1) % 10 == 0:
                print(f"{index + 1} of {clips} clips, {len(claims)} claims", flush=True)
    return claims


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--seed0", type=int, default=HELD_OUT_SEED, help="the first clip's seed")
    parser.add_argument("--model", default=None, help="a checkpoint folder; the embedded model if left out")
    parser.add_argument("--card", action="store_true", help="writes the figure into the embedded profile, or the checkpoint's")
    given = parser.parse_args()
    engine = open_model(load(model=given.model))
    claims = anyio.run(measure, given.clips, given.seed0, engine)
    print("\n".join([f"{engine.profile.name}, {given.clips} clips, seeds from {given.seed0:,} on", *report_of(claims)]))
    if given.card:
        path = PROFILE if given.model is None else Path(given.model) / "profile.json"
        said = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        said.setdefault("cards", {})[CARD] = card_of(claims, given.seed0).model_dump(mode="json")
        path.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
