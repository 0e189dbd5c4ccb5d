"""Nothing is lost between model and user: with an engine that knows the truth, every tool on the decoded file returns the truth cut to the
span, in source time and source pixels, to the resolution of the answer's form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from medvid.core.access import Access
from medvid.core.span import Span
from medvid.engine.base import Profile
from medvid.medvidbench.oracle import OracleEngine
from medvid.simulate import Truth, clip_of, make_procedure, write_video
from medvid.tools.toolbox import Toolbox
from medvid.video import Library, probe
from tests.medvidbench.profiles import PER_MILLE, QWEN3, QWEN25
from tests.video.files import offset_copy, rotated_copy, variable_rate_copy

pytestmark = pytest.mark.anyio

# The file of seed 4 holds 5.5 to 33.5 s of its procedure. The procedure's events and states, less 5.5 s:
#   0.0-1.5 (began before), 4.5-11.0, 13.0-18.5 dissect the hepatocystic triangle; 20.5-26.5 clip the cystic duct;
#   then, past the file's end, clip the cystic artery. CVS 0, 1, 0 until 7.75 s, then 1, 2, 0.
DISSECT, CLIP = "dissect the hepatocystic triangle", "clip the cystic duct"
EVENTS = [(DISSECT, 0.0, 1.5), (DISSECT, 4.5, 11.0), (DISSECT, 13.0, 18.5), (CLIP, 20.5, 26.5)]
CAPTIONS = {DISSECT: "The hook dissects the hepatocystic triangle.", CLIP: "The clipper clips the cystic duct."}
CVS_CHANGE_S, CVS_BEFORE, CVS_AFTER = 7.75, (0, 1, 0), (1, 2, 0)
FILE_S = 28.0
COPIES: dict[str, Callable[[Path, Path], Path]] = {
    "turned by 90 degrees": lambda src, dst: rotated_copy(src, dst, 90),
    "variable rate": lambda src, dst: variable_rate_copy(src, dst, seed=3),
    "starts at 3.2 s": lambda src, dst: offset_copy(src, dst, 3.2),
}


@dataclass
class Films:
    """One procedure as a file and its copies, by name -> video_id, and the truth they share."""

    library: Library
    ids: dict[str, str]
    truth: Truth

    def toolbox(self, profile: Profile) -> Toolbox:
        return Toolbox(OracleEngine(profile, dict.fromkeys(self.ids.values(), self.truth)), self.library)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Films:
    folder = tmp_path_factory.mktemp("films")
    truth = clip_of(make_procedure(4, "cholecystectomy"), Span.of(5.5, 33.5))
    assert [(e.action, e.span.start_s, e.span.end_s) for e in truth.events] == EVENTS, "the simulator has changed: choose events anew"
    paths = {"as written": write_video(truth, folder / "written.mp4")}
    for name, copy in COPIES.items():
        paths[name] = copy(paths["as written"], folder / f"{name.replace(' ', '-')}.mp4")
    ids = {name: probe(path).video_id for name, path in paths.items()}
    assert len(set(ids.values())) == len(paths)
    return Films(Library(files=list(paths.values()), cache_file=folder / "probes.sqlite"), ids, truth)


@dataclass
class Asker:
    """Asks one video over one span at one rate. slack_s: how far a time may be off; box_slack_px likewise."""

    toolbox: Toolbox
    video_id: str
    truth: Truth
    span: Span
    fps: float
    slack_s: float

    async def __call__(self, tool: str, **own: Any) -> Any:
        args = {"video_id": self.video_id, "span": self.span.model_dump(), "fps": self.fps, **own}
        outcome = await self.toolbox.run(tool, args, access=Access())
        looks = outcome.evidence.looks
        self.shown = Span.of(looks[0].start_s, looks[-1].end_s)
        self.last_frame_s = looks[-1].start_s + (looks[-1].frames - 1) / looks[-1].fps
        return outcome

    def pieces(self) -> list[tuple[str, float, float]]:
        """The events cut to what was asked about and shown; pieces of half a frame step and more."""
        start_s, end_s = max(self.span.start_s, self.shown.start_s), min(self.span.end_s, self.shown.end_s)
        cut = [(action, max(a, start_s), min(b, end_s)) for action, a, b in EVENTS]
        return [piece for piece in cut if piece[2] - piece[1] >= 0.5 / self.fps]

    def assert_spans(self, found: list[tuple[str, Span]], wanted: list[tuple[str, float, float]]) -> None:
        assert [action for action, _ in found] == [action for action, _, _ in wanted]
        for (_, span), (_, start_s, end_s) in zip(found, wanted, strict=True):
            assert abs(span.start_s - start_s) <= self.slack_s and abs(span.end_s - end_s) <= self.slack_s, (span, start_s, end_s)


async def check_every_tool(ask: Asker) -> None:
    outcome = await ask("localize_action", action=DISSECT)
    wanted = [piece for piece in ask.pieces() if piece[0] == DISSECT]
    assert wanted and outcome.status == "ok", outcome.reason
    ask.assert_spans([(DISSECT, span) for span in outcome.result.spans], wanted)

    outcome = await ask("caption_events")
    ask.assert_spans([(event.action, event.span) for event in outcome.result.events], ask.pieces())
    assert [event.caption for event in outcome.result.events] == [CAPTIONS[action] for action, _, _ in ask.pieces()]

    outcome = await ask("ground_object", object="hook", every_s=1.5)
    track = outcome.result.track.root
    # The hook is in view at work, so at least a box for every 1.5 s of it, and never more than one a stride of the span.
    assert 2 <= len(track) <= int(ask.span.duration_s / 1.5) + 1
    for item in track:
        strides = (item.time_s - ask.shown.start_s) / 1.5
        assert abs(strides - round(strides)) < 0.05, item
        box = ask.truth.box_at("hook", item.time_s)
        assert box is not None and max(abs(a - b) for a, b in zip(box.root, item.box_px.root, strict=True)) < 0.25, (item, box)

    outcome = await ask("summarize_video")
    steps = dict.fromkeys(f"{action} with the {'hook' if action == DISSECT else 'clipper'}" for action, _, _ in ask.pieces())
    assert outcome.result.text == f"Steps seen: {', '.join(steps)}."

    box = ask.truth.box_at("hook", 8.0)
    assert box is not None
    outcome = await ask("caption_region", box_px=list(box.root), time_s=8.0)
    assert outcome.result.text == CAPTIONS[DISSECT]

    outcome = await ask("predict_next")
    begun = [action for action, start_s, _ in EVENTS if start_s <= ask.last_frame_s]
    assert outcome.result.action == (CLIP if begun[-1] == DISSECT else "clip the cystic artery")

    outcome = await ask("assess_cvs")
    assert tuple(outcome.result.scores.values()) == (CVS_BEFORE if ask.last_frame_s < CVS_CHANGE_S else CVS_AFTER)

    for tool, own in (("localize_action", {"action": "pack the gallbladder"}), ("ground_object", {"object": "irrigator", "every_s": 2.0})):
        outcome = await ask(tool, **own)
        assert outcome.status == "not_observed", (tool, outcome)


SPANS = [(0.5, 0.0, FILE_S), (1.0, 2.37, 13.86), (2.0, 3.0, 17.0)]


@pytest.mark.parametrize("profile", [QWEN3, QWEN25], ids=lambda profile: profile.architecture)
@pytest.mark.parametrize("copy", ["as written", *COPIES])
async def test_every_tool_returns_the_truth_of_any_copy_at_every_rate(films: Films, copy: str, profile: Profile) -> None:
    # Half a tenth of a second is the answer's resolution, also of a variable rate and a model that knows one rate only.
    for fps, start_s, end_s in SPANS:
        await check_every_tool(Asker(films.toolbox(profile), films.ids[copy], films.truth, Span.of(start_s, end_s), fps, 0.06))


async def test_boxes_of_a_model_that_counts_per_mille_come_back_in_source_pixels(films: Films) -> None:
    await check_every_tool(Asker(films.toolbox(PER_MILLE), films.ids["as written"], films.truth, Span.of(3.0, 17.0), 1.0, 0.06))


async def test_a_span_above_the_frame_budget_is_answered_in_windows_without_loss(films: Films) -> None:
    toolbox = films.toolbox(QWEN3)  # 28 s at 2 frames a second are 56 frames, above its 32
    ask = Asker(toolbox, films.ids["as written"], films.truth, Span.of(0.0, FILE_S), 2.0, 0.06)
    outcome = await ask("localize_action", action=DISSECT)
    assert len(outcome.evidence.looks) == 2
    ask.assert_spans([(DISSECT, span) for span in outcome.result.spans], EVENTS[:3])
    outcome = await ask("caption_events")
    ask.assert_spans([(event.action, event.span) for event in outcome.result.events], EVENTS)


async def test_a_sliver_that_no_frame_shows_is_not_reported(films: Films) -> None:
    # From 2.37 s at 0.5 frames a second the last frame of 2.37-13.86 is at 12.37 s: nobody sees the event that begins at 13.0 s.
    ask = Asker(films.toolbox(QWEN3), films.ids["as written"], films.truth, Span.of(2.37, 13.86), 0.5, 0.06)
    outcome = await ask("localize_action", action=DISSECT)
    ask.assert_spans([(DISSECT, span) for span in outcome.result.spans], [EVENTS[1]])
    outcome = await ask("predict_next")
    assert outcome.result.action == CLIP, "a further go at the same step is not the next step"


async def test_skill_comes_back_as_the_truth_has_it(tmp_path: Path) -> None:
    truth = clip_of(make_procedure(2, "suturing"), Span.of(24.0, 30.0))
    path = write_video(truth, tmp_path / "suturing.mp4")
    library = Library(files=[path], cache_file=tmp_path / "probes.sqlite")
    video_id = probe(path).video_id
    toolbox = Toolbox(OracleEngine(QWEN25, {video_id: truth}), library)
    outcome = await toolbox.run("assess_skill", {"video_id": video_id}, access=Access())
    assert truth.skill is not None
    assert tuple(outcome.result.scores.values()) == truth.skill
    outcome = await toolbox.run("assess_cvs", {"video_id": video_id, "insist": True}, access=Access())
    assert outcome.status == "not_observed"
