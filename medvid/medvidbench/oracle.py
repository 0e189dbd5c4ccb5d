"""The oracle: every tool's true answer, from a simulated truth. In clip time and checkpoint pixels, in the exact form a model answers.

What a clip shows of an event is the event cut to the span looked at. A piece counts as seen when a frame of the clip falls into it and it
lasts at least half a frame step; what is shorter, or falls between two frames, nobody could tell from the frames.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from medvid.core import Box, Span, TimedBox, Track
from medvid.core.clip import Clip, to_clip, to_source
from medvid.engine.base import Profile, Request
from medvid.engine.scripted import ScriptedEngine
from medvid.medvidbench.texts import event_caption, region_text, summary_text
from medvid.simulate import Event, Truth, make_procedure
from medvid.tools.assess_cvs import CRITERIA
from medvid.tools.assess_skill import ASPECTS
from medvid.tools.caption_events import CaptionedEvent, Events
from medvid.tools.ground_object import Grounding, times_asked
from medvid.tools.localize_action import Spans
from medvid.tools.predict_next import NextAction
from medvid.tools.registry import TOOLS
from medvid.tools.scores import Scores
from medvid.tools.texts import Description

EPS_S = 1e-6
LEAST_OVERLAP = 0.2  # A drawn box that covers every instrument with less IoU than this shows none of them.


def true_result(tool: str, args: Any, truth: Truth, clip: Clip) -> Any | None:
    """In clip seconds and checkpoint pixels, as `args` are; None where the thing asked for does not occur (`Not observed.`). truth: of the
    file, in its source seconds and pixels."""
    window = to_source(args.span or Span.of(0.0, clip.duration_s), clip)
    match tool:
        case "localize_action":
            wanted = args.action.strip().lower()
            known = (action for action in truth.case.actions if wanted in (word.lower() for word in (action.name, *action.synonyms)))
            name = next((action.name for action in known), None)
            spans = tuple(event.span for event in seen_events(truth, clip, window) if event.action == name)
            return to_clip(Spans(spans=spans), clip) if spans else None
        case "ground_object":
            # At each time asked for at which a frame is shown and the object is in view.
            name = args.object.strip().lower().removeprefix("the ")
            times = (time_s for time_s in times_asked(args) if time_s < clip.duration_s - EPS_S)
            found = ((time_s, truth.box_at(name, clip.source_s(time_s))) for time_s in times)
            boxes = tuple(TimedBox(time_s=time_s, box_px=to_clip(box, clip)) for time_s, box in found if box is not None)
            return Grounding(track=Track(boxes)) if boxes else None
        case "predict_next":
            action = next_action(truth, clip)
            return NextAction(action=action) if action else None
        case "caption_events":
            seen = seen_events(truth, clip, window)
            events = tuple(CaptionedEvent(span=event.span, action=event.action, caption=event_caption(event)) for event in seen)
            return to_clip(Events(events=events), clip) if events else None
        case "summarize_video":
            return Description(text=summary_text(seen_events(truth, clip, window)))
        case "caption_region":
            name = instrument_in(to_source(args.box_px, clip), truth, clip.source_s(args.time_s))
            own = [event for event in seen_events(truth, clip, window) if event.instrument == name]
            return Description(text=region_text(name, own)) if name is not None else None
        case "assess_skill":
            return Scores(scores=dict(zip(ASPECTS, truth.skill, strict=True))) if truth.skill else None
        case "assess_cvs":
            # In force when the clip's last frame is shown; none where the procedure has no critical view.
            states = [state.scores for state in truth.cvs if state.start_s <= clip.times_s[-1] + EPS_S]
            return Scores(scores=dict(zip(CRITERIA, states[-1], strict=True))) if states else None
        case _:
            raise KeyError(f"no truth is known for the tool {tool!r}")


def seen_events(truth: Truth, clip: Clip, window: Span) -> list[Event]:
    """What the clip's frames show of each event inside `window`, in source seconds and time order."""
    within = clip.span.cut(window)
    parts = [(event, event.span.cut(within) if within else None) for event in truth.events]
    return [replace(event, span=part) for event, part in parts if part is not None and _is_seen(part, clip)]


def _is_seen(part: Span, clip: Clip) -> bool:
    shown = any(part.start_s - EPS_S <= time_s < part.end_s - EPS_S for time_s in clip.times_s)
    return shown and part.duration_s >= 0.5 / clip.fps - EPS_S


def next_action(truth: Truth, clip: Clip) -> str | None:
    """The step after the one last begun at the clip's last frame, in the whole procedure; a further go at the same step is none."""
    last_s = truth.offset_s + clip.times_s[-1] + EPS_S
    events = make_procedure(truth.seed, truth.kind).events
    begun = [event for event in events if event.span.start_s <= last_s]
    current = begun[-1].action if begun else None
    return next((event.action for event in events[len(begun) :] if event.action != current), None)


def instrument_in(box_px: Box, truth: Truth, time_s: float) -> str | None:
    """The instrument that a box (source pixels, source second) shows best; None where it shows none."""
    seen = [(box.iou(box_px), name) for name in truth.instruments if (box := truth.box_at(name, time_s)) is not None]
    overlap, name = max(seen, default=(0.0, None))
    return name if overlap >= LEAST_OVERLAP else None


class OracleEngine(ScriptedEngine):
    """Answers by `request.origin` as a perfect model would. truths: by video_id; a video without one is a KeyError, a bug in a test."""

    def __init__(self, profile: Profile, truths: Mapping[str, Truth]) -> None:
        super().__init__(profile, self._true_text)
        self.truths = truths

    def _true_text(self, request: Request) -> str:
        name, said = request.origin or ("", {})
        args = TOOLS[name].args_type.model_validate(said)
        return TOOLS[name].render(true_result(name, args, self.truths[request.clip.video_id], request.clip))
