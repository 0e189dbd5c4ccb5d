"""`medvid run`: every analysis that comes along on simulated videos, a cohort that was killed, failures, and what is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import pytest
from typer.testing import CliRunner

from medvid import app as parts
from medvid.cli.root import app
from medvid.core import MedVidError, Span
from medvid.engine.profiles import EMBEDDED
from medvid.medvidbench.oracle import OracleEngine
from medvid.simulate import Truth, clip_of, make_procedure, write_video
from medvid.video import probe
from tests.cli.program import ORACLE, ROOT, environment, medvid

Analyse = Callable[..., pandas.DataFrame]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Truth]]:
    """Two pieces of operations around the first clip and two of suturing, of at most 24 s, and their manifest `cases.csv`."""
    folder = tmp_path_factory.mktemp("cohort")
    made = {}
    for seed, kind in ((1_000_000, "cholecystectomy"), (1_000_003, "cholecystectomy"), (1_000_002, "suturing"), (1_000_005, "suturing")):
        whole = make_procedure(seed, kind)  # type: ignore[arg-type]
        clips = [event.span.end_s for event in whole.events if event.action == "clip the cystic duct"]
        end_s = min(whole.duration_s, round(clips[0] + 2 if clips else 24))
        truth = clip_of(whole, Span.of(max(0.0, end_s - 24), end_s))
        made[f"{kind[:4]}-{seed}"] = (write_video(truth, folder / f"{kind[:4]} {seed}.mp4"), truth)
    rows = [f"{path.name},{'early' if i % 2 else 'late'},{i // 2 + 1},{name}" for i, (name, (path, _)) in enumerate(made.items())]
    (folder / "cases.csv").write_text("\n".join(["video,group,attempt,id", *rows]) + "\n")
    return made


@pytest.fixture
def analyse(cohort: dict[str, tuple[Path, Truth]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Analyse:
    """The command in this process, with a model that knows the truth; gives a table by its name, `videos` unless another is asked for."""
    truths = {probe(path).video_id: truth for path, truth in cohort.values()}
    monkeypatch.setattr(parts, "open_model", lambda settings: OracleEngine(EMBEDDED, truths))

    def run(*args: str, table: str = "videos", out: str = "out", code: int = 0) -> pandas.DataFrame:
        manifest = str(next(path for path, _ in cohort.values()).parent / "cases.csv")
        done = CliRunner().invoke(app, ["run", *args, "--manifest", manifest, "--out", str(tmp_path / out)])
        if isinstance(done.exception, MedVidError):
            raise done.exception
        assert done.exit_code == code, done.output
        return pandas.read_parquet(tmp_path / out / f"{table}.parquet").set_index("id" if table != "summary" else "metric")

    return run


def doing(truth: Truth, action: str) -> list[Span]:
    return [event.span for event in truth.events if event.action == action]


def test_critical_view_before_the_first_clip(analyse: Analyse, cohort: dict[str, tuple[Path, Truth]]) -> None:
    videos = analyse("cvs_before_first_clip")
    for name in ("chol-1000000", "chol-1000003"):
        truth = cohort[name][1]
        first_s = min(span.start_s for span in doing(truth, "clip the cystic duct") + doing(truth, "clip the cystic artery"))
        assert videos.loc[name, "first_clip.first_s"] == pytest.approx(first_s, abs=1.0)  # to the rate looked at
        scores = [state.scores for state in truth.cvs if state.start_s <= first_s][-1]
        told = videos.loc[name, ["view.two_structures", "view.cystic_plate", "view.hepatocystic_triangle"]]
        assert tuple(told) == scores
    assert set(videos.loc[["sutu-1000002", "sutu-1000005"], "view.status"]) == {"not run"}  # nothing is clipped there
    assert videos.loc[["sutu-1000002", "sutu-1000005"], "until_clip_s"].isna().all()


def test_critical_view_by_the_minute(analyse: Analyse, cohort: dict[str, tuple[Path, Truth]], tmp_path: Path) -> None:
    videos = analyse("cvs_by_minute", "--set", "step_s=12")
    truth = cohort["chol-1000000"][1]
    for start_s in (0, 12):
        # The score of a stretch is the state when its last frame is shown, half a second or a second before its end.
        at = [state.scores for state in truth.cvs if state.start_s <= start_s + 11.0][-1]
        assert videos.loc["chol-1000000", f"view.{start_s}_s.two_structures"] == at[0]
    assert videos.loc["sutu-1000002", "view.0_s.status"] == "out_of_scope"
    assert (tmp_path / "out" / "minutes.png").read_bytes().startswith(b"\x89PNG")


def test_operative_timeline(analyse: Analyse, cohort: dict[str, tuple[Path, Truth]], tmp_path: Path) -> None:
    findings = analyse("operative_timeline", table="findings")
    for name, (_, truth) in cohort.items():
        told = findings.loc[[name]]
        events = told[told["step"] == "events"]
        assert events["name"].tolist() == [event.action for event in truth.events]
        active_s, paused_s = (told[told["step"] == step]["value"].item() for step in ("active_s", "paused_s"))
        assert active_s == pytest.approx(sum(event.span.duration_s for event in truth.events), abs=0.6 * len(truth.events))
        assert active_s + paused_s == pytest.approx(truth.duration_s)
    assert (tmp_path / "out" / "timeline.png").exists()


def test_instrument_usage(analyse: Analyse, cohort: dict[str, tuple[Path, Truth]], tmp_path: Path) -> None:
    videos = analyse("instrument_usage")
    truth = cohort["chol-1000000"][1]
    for name in ("clipper", "hook"):
        looks = [at for at in range(0, int(truth.duration_s), 2) if truth.box_at(name, float(at)) is not None]
        assert videos.loc["chol-1000000", f"seen.{name}.boxes"] == len(looks)
    assert videos.loc["chol-1000000", "seen.irrigator.status"] == "not_observed"
    summary = pandas.read_csv(tmp_path / "out" / "summary.csv").set_index(["metric", "group"])
    assert summary.loc[("seen.irrigator", "late"), ["observed", "missing"]].tolist() == [0, "2 not_observed"]  # seen in none, and told


def test_skill_over_attempts(analyse: Analyse, cohort: dict[str, tuple[Path, Truth]], tmp_path: Path) -> None:
    analyse("skill_trend")
    trend = pandas.read_csv(tmp_path / "out" / "trend.csv")
    late = trend[(trend["group"] == "late") & (trend["metric"] == "skill.respect_for_tissue")].iloc[0]
    assert (late["videos"], late["observed"], late["missing"]) == (2, 1, "1 out_of_scope")
    assert late["note"] == "fewer than 3 videos: no interval"
    skill = cohort["sutu-1000002"][1].skill
    videos = pandas.read_csv(tmp_path / "out" / "videos.csv").set_index("id")
    assert skill is not None and videos.loc["sutu-1000002", "skill.respect_for_tissue"] == skill[0]


def test_checklist(analyse: Analyse, cohort: dict[str, tuple[Path, Truth]]) -> None:
    told = analyse("nursing_checklist", table="checklist")
    for name, (_, truth) in cohort.items():
        happened = {event.action for event in truth.events}
        for _, row in told.loc[[name]].iterrows():
            assert (row["verdict"] == "missing") == (row["expected"] not in happened)
            if row["expected"] in happened:
                assert row["first_s"] == pytest.approx(doing(truth, row["expected"])[0].start_s, abs=1.0)


def test_two_groups_compared(analyse: Analyse, cohort: dict[str, tuple[Path, Truth]], tmp_path: Path) -> None:
    summary = analyse("compare_groups", "--set", "action=clip the cystic duct", table="summary")
    length = summary.loc["duration_s"].set_index("group")
    late, early = ([truth.duration_s for _, truth in list(cohort.values())[start::2]] for start in (0, 1))
    assert length.loc["late", "mean"] == pytest.approx(sum(late) / 2)
    assert length.loc["early - late", "mean"] == pytest.approx(sum(early) / 2 - sum(late) / 2)
    clips = summary.loc["action_s"].set_index("group").loc["late"]
    assert (clips["observed"], clips["missing"]) == (1, "1 not_observed")
    assert (tmp_path / "out" / "groups.png").read_bytes().startswith(b"\x89PNG")


def test_another_plan_or_parameter_in_the_same_folder_is_refused(analyse: Analyse) -> None:
    analyse("skill_trend")
    with pytest.raises(MedVidError, match="holds results of another analysis"):
        analyse("nursing_checklist")


def test_the_analyses_are_listed_with_their_parameters() -> None:
    told, listed = (CliRunner().invoke(app, ["run", "--list", *more]).output for more in (["--json"], []))
    assert json.loads(told)["cvs_by_minute"]["parameters"]["step_s"]["default"] == 60
    assert "compare_groups: Durations and scores of two groups" in listed


def test_a_cohort_that_was_killed_goes_on_and_asks_nothing_twice(cohort: dict[str, tuple[Path, Truth]], tmp_path: Path) -> None:
    files = [str(path) for path, _ in cohort.values()]
    log, out = tmp_path / "asked.txt", tmp_path / "out"
    command = [sys.executable, "-m", ORACLE, "run", "cvs_before_first_clip", *files, "--out", str(out), "--jobs", "2"]
    env = environment(ORACLE_LOG=str(log), ORACLE_WAIT_S="0.7")
    lines = out / "outcomes.jsonl"
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        limit_s = time.monotonic() + 120
        while not lines.exists() or not lines.read_bytes().endswith(b"\n"):
            assert process.poll() is None and time.monotonic() < limit_s
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    finished = {json.loads(line)["video_id"] for line in lines.read_text().splitlines() if line.endswith("}")}
    asked = len(log.read_text().split())

    done = medvid(*command[3:], program=ORACLE, env={"ORACLE_LOG": str(log)})
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in lines.read_text().splitlines()]
    assert len(told) == len({line["video_id"] for line in told}) == 4
    assert {line["video_id"] for line in told[: len(finished)]} == finished
    # Looks in all: what one uninterrupted run asks, and of each of the two videos in flight at most the looks that were not answered.
    whole = medvid(*command[3:-4], "--out", str(tmp_path / "again"), program=ORACLE, env={"ORACLE_LOG": str(tmp_path / "whole.txt")})
    assert whole.returncode == 0, whole.stderr
    needed = len((tmp_path / "whole.txt").read_text().split())
    assert needed <= len(log.read_text().split()) <= needed + 4, f"{asked} before it was killed"
    one, other = (pandas.read_csv(folder / "videos.csv").drop(columns="elapsed_s") for folder in (out, tmp_path / "again"))
    assert one.equals(other)


def test_an_interrupt_ends_with_130_says_how_to_go_on_and_leaves_tables(cohort: dict[str, tuple[Path, Truth]], tmp_path: Path) -> None:
    files = [str(path) for path, _ in cohort.values()]
    command = [sys.executable, "-m", ORACLE, "run", "operative_timeline", *files, "--out", str(tmp_path / "out")]
    env = environment(ORACLE_WAIT_S="1")
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("1 of 4 videos: chol 1000000: done (")
        os.kill(process.pid, signal.SIGINT)
        told, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on where it was" in rest
    assert "Traceback" not in rest
    assert "3 not run" in told
    assert pandas.read_csv(tmp_path / "out" / "videos.csv")["status"].tolist() == ["done", "not run", "not run", "not run"]


def test_a_folder_with_a_broken_file_and_a_copy(cohort: dict[str, tuple[Path, Truth]], tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    content = cohort["sutu-1000002"][0].read_bytes()
    for name, written in {"a.mp4": content, "b.mp4": content, "broken [red].mp4": content[:2000]}.items():
        (videos / name).write_bytes(written)
    env = {"ORACLE_FILES": str(videos / "a.mp4")}
    done = medvid("run", "skill_trend", str(videos), "--out", str(tmp_path / "out"), "--json", program=ORACLE, env=env)
    assert done.returncode == 1, done.stderr
    assert "b.mp4 holds the same video as a.mp4; it is run once" in done.stderr
    rows = {row["id"]: row for row in json.loads(done.stdout)["videos"]}
    assert (rows["a"]["status"], rows["broken [red]"]["status"]) == ("done", "failed")
    assert "broken [red].mp4 is no video that can be read" in rows["broken [red]"]["reason"]
    told: dict[str, Any] = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert told["made_with"]["model"] == "embedded" and told["packages"]["numpy"] and set(told["videos"]) == set(rows)
    assert str(tmp_path) not in json.dumps(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("file,group\na.mp4,x\n", "line 1: the columns are file, group"),
        ("video,status\na.mp4,x\n", "line 1: the columns are video, status"),
        ("video,group\na.mp4,x\nb.mp4,y\n", "line 3: there is no file"),
        ("video,group\na.mp4\n", "line 2: it has not the 2 cells"),
        ("video,group\na.mp4,x,y\n", "line 2: it has not the 2 cells"),
        ("video,group\n", "no video is named"),
        ("video,group\na.mp4,x\nc.mp4,y\n", "c.mp4 holds the same video as a.mp4, and other things are said of it"),
        ("video,group\na.mp4,x\n", "compares two groups; the manifest's column group has ['x']"),
        ("video,attempt\na.mp4,1\nc.mp4,first\n", "line 3: the attempt 'first' is no number"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused_by_its_line(
    text: str, told: str, cohort: dict[str, tuple[Path, Truth]], tmp_path: Path
) -> None:
    for name in ("a.mp4", "c.mp4"):
        (tmp_path / name).write_bytes(cohort["sutu-1000002"][0].read_bytes())
    (tmp_path / "m.csv").write_text(text)
    done = CliRunner().invoke(app, ["run", "compare_groups", "--manifest", str(tmp_path / "m.csv"), "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, MedVidError)
    assert told in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_a_procedure_in_the_manifest_counts(cohort: dict[str, tuple[Path, Truth]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, truth = cohort["sutu-1000002"]
    monkeypatch.setattr(parts, "open_model", lambda settings: OracleEngine(EMBEDDED, {probe(path).video_id: truth}))
    (tmp_path / "m.csv").write_text(f"video,procedure\n{path},laparoscopic cholecystectomy\n")
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["run", "skill_trend", "--manifest", str(tmp_path / "m.csv"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert pandas.read_csv(out / "videos.csv")["skill.status"].tolist() == ["out_of_scope"]  # as an operation, not as suturing
