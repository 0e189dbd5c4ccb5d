"""The toolbox on small real files, with an engine that says what the test wants."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import anyio
import numpy as np
import pytest

from medvid.core.access import Access
from medvid.core.errors import AccessError, ArgumentsError, ConfigError, EngineError, VideoError
from medvid.core.outcome import Outcome, Reliability
from medvid.engine.base import Profile, Reply, Request
from medvid.engine.profiles import EMBEDDED, MEDVLM_1_0A_RL
from medvid.engine.scripted import ScriptedEngine
from medvid.prompts.read import ReadForm, Slot, write_forms
from medvid.tools.toolbox import Toolbox
from medvid.video import Library
from tests.tools.clips import CASE
from tests.video.files import write

pytestmark = pytest.mark.anyio
FPS, SECONDS, SIZE = 5, 80, (160, 96)
CLINICAL = replace(EMBEDDED, name="clinical", domain=None)
"""The embedded model's limits, without its domain: 32 frames, boxes in fed pixels, it abstains."""


def gray(level: int) -> Callable[[int], Any]:
    return lambda number: np.full((SIZE[1], SIZE[0], 3), level, np.uint8)


@dataclass
class Videos:
    library: Library
    ids: dict[str, str]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Videos:
    """`bright` (80 s, a declared cholecystectomy), `ward` (a declared nursing procedure, without a list), `bare` (nothing declared),
    `dark`, and `half` (its first 40 s dark)."""
    root = tmp_path_factory.mktemp("videos")
    times_s = [i / FPS for i in range(SECONDS * FPS)]
    draws = {
        "bright": gray(100),
        "ward": gray(102),
        "bare": gray(101),
        "dark": gray(2),
        "half": lambda number: gray(2 if number < 40 * FPS else 100)(number),
    }
    for name, draw in draws.items():
        write(root / f"{name}.mp4", times_s, size=SIZE, draw=draw)
    (root / "bright.medvid.json").write_text(json.dumps(CASE.model_dump(mode="json", exclude={"simulated"})))
    (root / "ward.medvid.json").write_text('{"procedure": "bed shampoo"}')
    library = Library((root,), cache_file=root / "probes.sqlite")
    return Videos(library, {video.title: video.video_id for video in library.listing(Access())})


class Bench:
    """Runs a tool on one of the videos; keeps the engine."""

    def __init__(self, videos: Videos, reply: Any, profile: Profile = CLINICAL) -> None:
        self.videos = videos
        self.engine = ScriptedEngine(profile, reply)
        self.toolbox = Toolbox(self.engine, videos.library)

    async def run(self, name: str, video: str = "bright", *, access: Access = Access(), **args: Any) -> Outcome[Any]:
        return await self.toolbox.run(name, {"video_id": self.videos.ids[video], **args}, access=access)


def span(start_s: float, end_s: float) -> dict[str, float]:
    return {"start_s": start_s, "end_s": end_s}


async def test_spans_come_back_in_source_time(videos: Videos) -> None:
    outcome = await Bench(videos, "2.0-5.5 seconds.").run("localize_action", action="irrigate", span=span(30, 50))
    assert outcome.status == "ok"
    assert outcome.result.model_dump() == {"spans": ({"start_s": 32.0, "end_s": 35.5},)}
    assert outcome.evidence.span.model_dump() == span(30, 50)


async def test_boxes_come_back_in_source_pixels(videos: Videos) -> None:
    # 160 x 96 is fed as 112 x 56: 160 / sqrt(15360 / 9408) = 125 and 96 -> 75, floored to 28s.
    bench = Bench(videos, "1.0 seconds: [28, 14, 56, 28]")
    outcome = await bench.run("ground_object", object="hook", span=span(30, 40))
    assert bench.engine.requests[0].clip.fed_size == (112, 56)
    item = outcome.result.track.root[0]
    assert item.time_s == pytest.approx(31.0)
    assert item.box_px.root == pytest.approx((40, 24, 80, 48))


async def test_the_evidence_says_what_was_shown_and_what_was_said(videos: Videos) -> None:
    bench = Bench(videos, Reply("2.0-5.5 seconds.", logprobs=(-0.5, -0.1)))
    evidence = (await bench.run("localize_action", action="irrigate", span=span(30, 50), fps=0.5)).evidence
    assert [(look.start_s, look.end_s, look.fps, look.frames) for look in evidence.looks] == [(30, 50, 0.5, 10)]
    assert evidence.raw[0].text == "2.0-5.5 seconds."
    assert evidence.raw[0].mean_logprob == pytest.approx(-0.3)
    assert (evidence.model, evidence.feeding, evidence.video_id) == ("clinical", "faithful", videos.ids["bright"])


async def test_beside_the_figure_of_a_localisation_stands_how_far_confidence_in_it_is_off(videos: Videos) -> None:
    figure, off = (Reliability(qa_type=name, metric=name, figure=0.5) for name in ("tal", "tal_confidence"))
    bench = Bench(videos, "1.0-3.0 seconds.", replace(CLINICAL, cards={"tal": figure, "tal_confidence": off}))
    assert (await bench.run("localize_action", action="drive the needle", span=span(0, 20))).evidence.reliability == (figure, off)


async def test_fed_as_published_the_published_figures_hold(videos: Videos) -> None:
    bench = Bench(videos, "2.0-5.0 seconds.", MEDVLM_1_0A_RL)
    asked: dict[str, Any] = {"action": "irrigate", "span": span(30, 45)}
    figure = "TAG mIoU at 0.5 0.156 on 1,637 tests (published feeding; baseline not published)"
    faithful = await bench.run("localize_action", **asked)
    assert [card.text for card in faithful.evidence.reliability] == ["TAG mIoU at 0.5: not measured in faithful mode", figure]
    bench.toolbox = Toolbox(bench.engine, videos.library, feeding="published")
    published = await bench.run("localize_action", **asked)
    assert published.evidence.feeding == "published"
    assert [card.text for card in published.evidence.reliability] == [figure]
    assert published.result == faithful.result, "seconds are read as they stand, as the leaderboard reads them"
    assert published.evidence.looks == faithful.evidence.looks and published.evidence.looks[0].frames == 15
    told, untold = bench.engine.requests
    assert (told.told_fps, untold.told_fps, len(told.frames), len(untold.frames)) == (1.0, None, 15, 16)
    # 160 x 96: 160 / 28 = 5.7 -> 6, 96 / 28 = 3.4 -> 3; 160 / 56 = 2.9 -> 3, 96 / 56 = 1.7 -> 2.
    assert (told.frames.size, untold.frames.size) == ((168, 84), (168, 112))
    assert told.clip.id != untold.clip.id and bench.toolbox.asked == "uAI-NEXUS-MedVLM-1.0a-7B-RL (published feeding)"


async def test_what_was_measured_fed_faithfully_does_not_hold_otherwise(videos: Videos) -> None:
    bench = Bench(videos, "1.0-3.0 seconds.", replace(CLINICAL, cards={"tal": Reliability(qa_type="tal", metric="R@0.5", figure=0.9)}))
    bench.toolbox = Toolbox(bench.engine, videos.library, feeding="published")
    cards = (await bench.run("localize_action", action="drive the needle", span=span(0, 20))).evidence.reliability
    other = "R@0.5 0.900 (faithful feeding; baseline not published)"
    assert [card.text for card in cards] == ["R@0.5: not measured in published mode", other]


async def test_the_reliability_of_the_style_asked_for_is_attached(videos: Videos) -> None:
    card = Reliability(qa_type="video_summary_gemini", metric="judge", figure=3.0)
    bench = Bench(videos, "Water flows.", replace(CLINICAL, cards={"video_summary_gemini": card}))
    assert (await bench.run("summarize_video", span=span(0, 20), style="gemini")).evidence.reliability == (card,)
    unmeasured = (await bench.run("summarize_video", span=span(0, 20))).evidence.reliability
    assert [item.qa_type for item in unmeasured] == ["video_summary_gpt"]
    assert "not measured" in unmeasured[0].text


async def test_what_a_model_says_beyond_the_span_is_cut_or_left_out(videos: Videos) -> None:
    # 30-40.4 at 1 fps shows 11 frames, which last until 41.
    outcome = await Bench(videos, "5.0-11.0 seconds.").run("localize_action", action="irrigate", span=span(30, 40.4))
    assert outcome.result.model_dump() == {"spans": ({"start_s": 35.0, "end_s": 40.4},)}


async def test_an_absence_is_believed_only_of_a_model_that_was_trained_to_say_so(videos: Videos) -> None:
    outcome = await Bench(videos, "Not observed.").run("localize_action", action="irrigate", span=span(0, 20))
    assert outcome.status == "not_observed"
    assert "'irrigate' was not observed in 0.0-20.0 s" in (outcome.reason or "")
    published = await Bench(videos, "Not observed.", MEDVLM_1_0A_RL).run("localize_action", action="irrigate", span=span(0, 20))
    assert published.status == "unreadable"


async def test_a_model_that_always_answers_is_not_taken_as_proof(videos: Videos) -> None:
    note = "this model always answers; presence not verified"
    assert note in (await Bench(videos, "2.0-5.0 seconds.", MEDVLM_1_0A_RL).run("localize_action", action="irrigate")).notes
    assert note not in (await Bench(videos, "2.0-5.0 seconds.").run("localize_action", action="irrigate", span=span(0, 20))).notes


async def test_a_text_that_is_no_answer_is_kept_and_said(videos: Videos) -> None:
    outcome = await Bench(videos, "near the beginning").run("localize_action", action="irrigate", span=span(0, 20))
    assert (outcome.status, outcome.result) == ("unreadable", None)
    assert outcome.evidence.raw[0].text == "near the beginning"


async def test_dropped_items_and_a_cut_off_answer_are_noted(videos: Videos) -> None:
    reply = Reply("9.0-3.0, 2.0-5.0, 10.0-1", finish="length")
    notes = (await Bench(videos, reply).run("localize_action", action="irrigate", span=span(0, 20))).notes
    assert any("cut off at 256 tokens" in note for note in notes)
    assert any("'9.0-3.0': runs backwards" in note for note in notes)
    assert any("10.0-" in note and "cut off" in note for note in notes)


async def test_a_number_that_lost_digits_is_not_read_as_another(videos: Videos) -> None:
    outcome = await Bench(videos, Reply("2.0-5.0, 10.0-1", finish="length")).run("localize_action", action="irrigate", span=span(0, 20))
    assert outcome.result.model_dump() == {"spans": ({"start_s": 2.0, "end_s": 5.0},)}


async def test_an_undeclared_procedure_is_noted(videos: Videos) -> None:
    assert "procedure not declared" in (await Bench(videos, "Water flows.").run("summarize_video", "bare", span=span(0, 20))).notes
    assert "procedure not declared" not in (await Bench(videos, "Water flows.").run("summarize_video", span=span(0, 20))).notes


async def test_what_is_out_of_scope_is_not_asked_unless_the_caller_insists(videos: Videos) -> None:
    bench = Bench(videos, "irrigate", EMBEDDED)
    outcome = await bench.run("predict_next", span=span(0, 20))
    assert outcome.status == "out_of_scope"
    assert bench.engine.requests == []
    insisted = await bench.run("predict_next", span=span(0, 20), insist=True)
    assert insisted.status == "ok"
    assert any("insistence" in note for note in insisted.notes)


async def test_a_synonym_is_asked_by_its_listed_name(videos: Videos) -> None:
    bench = Bench(videos, "2.0-5.0 seconds.")
    outcome = await bench.run("localize_action", action="duct clipping", span=span(0, 20))
    assert "clip the cystic duct" in bench.engine.requests[0].question
    assert any("duct clipping" in note for note in outcome.notes)


async def test_a_real_procedure_without_a_list_is_asked_by_its_class_names_and_that_is_said(videos: Videos) -> None:
    bench = Bench(videos, "comb hair")
    outcome = await bench.run("predict_next", "ward", span=span(0, 20))
    assert "[Apply shampoo, Comb hair, Dry hair, Moisten hair, Place an underpad, Rinse shampoo]" in bench.engine.requests[0].question
    assert outcome.result.action == "Comb hair"
    assert outcome.notes == ("no list of steps is declared; that of NurViD's class names was shown",)
    assert (await bench.run("summarize_video", "ward", span=span(0, 20))).notes == ()


async def test_a_phrase_of_the_users_and_its_class_name_are_both_shown(videos: Videos) -> None:
    bench = Bench(videos, "2.0-5.0 seconds.")
    outcome = await bench.run("localize_action", "ward", action="drying the hair", span=span(0, 20))
    assert "happens: Dry hair." in bench.engine.requests[0].question
    assert outcome.notes == ("'drying the hair' is 'Dry hair' among the class names of NurViD",)


async def test_a_model_is_asked_in_the_forms_that_its_profile_names_or_in_ours_and_that_is_said(videos: Videos) -> None:
    parts = ("When {is} ", Slot(value="action", write="lower"), " done in ", Slot(value="procedure"), "?")
    write_forms("theirs", [ReadForm(tool="localize_action", style=None, source="NurViD", records=2, parts=parts)])
    bench = Bench(videos, "2.0-5.0 seconds.", replace(CLINICAL, wording="theirs"))
    assert (await bench.run("localize_action", "ward", action="Dry hair", span=span(0, 20))).notes == ()
    undeclared = await bench.run("localize_action", "bare", action="wave", span=span(0, 20))
    assert "asked in medvid's own words: the form of NurViD names procedure, not declared" in undeclared.notes
    other = await bench.run("assess_cvs", span=span(0, 20))
    assert "asked in medvid's own words: theirs has no form of assess_cvs" in other.notes
    asked = [request.question for request in bench.engine.requests]
    assert asked[0] == "When {is} dry hair done in Bed Shampoo?"
    assert asked[1] == "You are an expert in medical video. Find every span in which this action happens: wave. Answer in seconds."


async def test_a_dark_video_is_not_assessable_and_not_asked_about(videos: Videos) -> None:
    bench = Bench(videos, "2.0-5.0 seconds.")
    outcome = await bench.run("localize_action", "dark", action="irrigate", span=span(0, 20))
    assert outcome.status == "not_assessable"
    assert "mean luma" in (outcome.reason or "")
    assert "below 10" in (outcome.reason or "")
    assert bench.engine.requests == []
    assert len(outcome.evidence.looks) == 1


async def test_dark_windows_are_named_beside_what_others_found(videos: Videos) -> None:
    # Windows of 32 s: 0-32 is dark; 24-56 and 48-80 are not wholly.
    outcome = await Bench(videos, "25.0-30.0 seconds.").run("localize_action", "half", action="irrigate")
    assert [(item.start_s, item.end_s) for item in outcome.result.spans] == [(49, 54), (73, 78)]
    assert any("0.0-32.0 s is too dark" in note for note in outcome.notes)


async def test_a_long_span_is_looked_at_in_windows_whose_answers_are_joined(videos: Videos) -> None:
    def reply(request: Request) -> str:
        # 20-40 s of the source, in the clip's own time.
        start_s, end_s = (request.clip.clip_s(time_s) for time_s in (20.0, 40.0))
        inside = max(0.0, start_s), min(end_s, request.clip.duration_s)
        return f"{inside[0]:.1f}-{inside[1]:.1f} seconds." if inside[0] < inside[1] else "Not observed."

    bench = Bench(videos, reply)
    outcome = await bench.run("localize_action", action="irrigate")
    assert [look.start_s for look in outcome.evidence.looks] == [0, 24, 48]
    assert [(item.start_s, item.end_s) for item in outcome.result.spans] == [(20, 40)]


async def test_one_unreadable_window_of_several_is_noted_and_of_silent_ones_decides(videos: Videos) -> None:
    def first_is(text: str, rest: str) -> Callable[[Request], str]:
        return lambda request: text if request.clip.times_s[0] == 0 else rest

    found = await Bench(videos, first_is("in the middle", "2.0-5.0 seconds.")).run("localize_action", action="irrigate")
    assert found.status == "ok"
    assert any("0.0-32.0 s could not be read" in note for note in found.notes)
    silent = await Bench(videos, first_is("in the middle", "Not observed.")).run("localize_action", action="irrigate")
    assert silent.status == "unreadable"
    assert "1 of 3 looks" in (silent.reason or "")


async def test_a_score_is_never_made_of_windows(videos: Videos) -> None:
    bench = Bench(videos, "")
    outcome = await bench.run("assess_cvs")
    assert outcome.status == "not_assessable"
    assert "ask about 64.0 s or less" in (outcome.reason or "")
    assert bench.engine.requests == []


async def test_an_instant_is_looked_at_for_one_frame(videos: Videos) -> None:
    outcome = await Bench(videos, "0.0 seconds: [28, 14, 56, 28]").run("ground_object", object="hook", span=span(31, 31))
    assert [item.time_s for item in outcome.result.track.root] == [31]
    assert outcome.evidence.looks[0].frames == 1


async def test_a_region_is_drawn_and_its_time_must_lie_in_the_span(videos: Videos) -> None:
    bench = Bench(videos, "The hook moves.")
    outcome = await bench.run("caption_region", box_px=[40, 24, 120, 72], time_s=33, span=span(30, 40))
    assert outcome.result.text == "The hook moves."
    rgb = bench.engine.requests[0].frames.rgb
    assert [bool((picture == (0, 255, 0)).all(axis=2).any()) for picture in rgb] == [i == 3 for i in range(10)]
    with pytest.raises(VideoError, match="outside the span"):
        await bench.run("caption_region", box_px=[40, 24, 120, 72], time_s=50, span=span(30, 40))
    with pytest.raises(VideoError, match="outside the frame"):
        await bench.run("caption_region", box_px=[400, 24, 520, 72], time_s=33, span=span(30, 40))


async def test_what_cannot_be_asked_is_an_error_that_says_the_way_out(videos: Videos) -> None:
    bench = Bench(videos, "")
    with pytest.raises(VideoError, match="past the end"):
        await bench.run("predict_next", span=span(100, 120))
    with pytest.raises(AccessError):
        await bench.run("predict_next", access=Access(videos=frozenset()))
    with pytest.raises(AccessError, match="shorter span"):
        await bench.run("predict_next", access=Access(max_span_s=10))
    with pytest.raises(ArgumentsError, match="aktion"):
        await bench.run("localize_action", aktion="irrigate")
    with pytest.raises(ConfigError, match="there is no tool 'guess'; the tools are localize_action, "):
        await bench.run("guess")
    with pytest.raises(ConfigError, match="published feeding is known for frames in multiples of 28 px"):
        Toolbox(ScriptedEngine(replace(MEDVLM_1_0A_RL, factor=32), ""), videos.library, feeding="published")


async def test_an_engines_error_comes_out_as_it_is_also_from_several_windows(videos: Videos) -> None:
    def fail(request: Request) -> str:
        raise EngineError("out of memory", retryable=True)

    with pytest.raises(EngineError, match="out of memory") as caught:
        await Bench(videos, fail).run("localize_action", action="irrigate")
    assert caught.value.retryable


async def test_a_bug_in_an_engine_is_seen_as_one(videos: Videos) -> None:
    def fail(request: Request) -> str:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        await Bench(videos, fail).run("localize_action", action="irrigate")
    assert caught.group_contains(ZeroDivisionError)


async def test_progress_counts_the_windows(videos: Videos) -> None:
    told: list[tuple[float, float]] = []

    async def progress(done: float, total: float, message: str) -> None:
        told.append((done, total))

    bench = Bench(videos, "2.0-5.0 seconds.")
    args = {"video_id": videos.ids["bright"], "action": "irrigate"}
    await bench.toolbox.run("localize_action", args, access=Access(), progress=progress)
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


async def test_a_cancelled_run_cancels_the_engine(videos: Videos) -> None:
    engine = ScriptedEngine(CLINICAL, "word " * 200, token_s=0.05)
    toolbox = Toolbox(engine, videos.library)
    with anyio.move_on_after(1.0) as scope:
        await toolbox.run("summarize_video", {"video_id": videos.ids["bright"], "span": span(0, 20)}, access=Access())
    assert scope.cancelled_caught
    made = engine.tokens_made
    await anyio.sleep(0.2)
    assert engine.tokens_made == made < 200


async def test_windows_are_asked_about_at_once_but_not_all(videos: Videos) -> None:
    running, most = 0, 0

    class Counting(ScriptedEngine):
        async def generate(self, request: Request) -> Reply:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await anyio.sleep(0.3)
            running -= 1
            return await super().generate(request)

    toolbox = Toolbox(Counting(replace(CLINICAL, frame_budget=8), "Not observed."), videos.library, max_in_flight=3)
    await toolbox.run("localize_action", {"video_id": videos.ids["bright"], "action": "irrigate"}, access=Access())
    assert 1 < most <= 3
