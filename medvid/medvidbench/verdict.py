"""Verdicts: an outcome on a simulated video beside its truth, right or wrong.

The truth is cut to what the outcome says was looked at. Right is what a person would call right: spans and boxes that overlap the true
ones by half, scores that are all equal, a caption that names the true instrument and what it does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medvid.core import Evidence, Span
from medvid.core.clip import Clip, to_clip, to_source
from medvid.medvidbench.oracle import true_result
from medvid.medvidbench.texts import same_deed
from medvid.report.tables import in_words
from medvid.simulate import Truth
from medvid.tools.registry import TOOLS

RIGHT_FROM = {"localize_action": 0.5, "ground_object": 0.5, "caption_events": 0.5, "summarize_video": 0.8}
"""The tool's own score from which an answer counts as right; 1 for every other tool."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """right: None where the model gave no answer that could be judged. truth: in words, in source seconds and pixels."""

    right: bool | None
    truth: str


def judge(name: str, args: Mapping[str, Any], outcome: Mapping[str, Any], truth: Truth) -> Verdict:
    """args: the tool's, without references. outcome: its structured content. Both in source seconds and pixels, as `truth` is."""
    tool = TOOLS[name]
    evidence = Evidence.model_validate(outcome["evidence"])
    # What was looked at, as one clip on the source's own clock and pixels.
    span, fps = evidence.span, truth.fps
    if looks := evidence.looks:
        span, fps = Span.of(min(look.start_s for look in looks), max(look.end_s for look in looks)), max(look.fps for look in looks)
    times_s = tuple(span.start_s + i / fps for i in range(max(1, round(span.duration_s * fps))))
    clip = Clip("verdict", evidence.video_id, times_s, fps, True, truth.size, truth.size, "source")
    asked = tool.args_type.model_validate({**args, "video_id": evidence.video_id, "span": clip.span.model_dump()})
    true = true_result(name, to_clip(asked, clip), truth, clip)
    words = "does not occur" if true is None else in_words(to_source(true, clip).model_dump(mode="json"))
    if outcome["status"] not in ("ok", "not_observed"):
        return Verdict(None, words)
    said: Any = None if outcome["status"] == "not_observed" else to_clip(tool.result_type.model_validate(outcome["result"]), clip)
    if said is None or true is None:
        return Verdict(said is true, words)
    is_deed = name == "caption_region"
    return Verdict(same_deed(said.text, true.text) if is_deed else tool.score(said, true) >= RIGHT_FROM.get(name, 1.0), words)
