"""What lies under the instruments: the abdomen of a cholecystectomy and the bench of a suturing task, as they look at a second.

Every shape is drawn twice: in colour, and as a part number into a small map from which training learns what is where.
"""

import itertools

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from medvid.core import Span
from medvid.simulate.motion import now, pose
from medvid.simulate.stage import Point, Stage, axes
from medvid.simulate.truth import Truth

PARTS = ("ground", "gallbladder", "duct", "artery", "plate", "fat", "bed", "clip", "bag", "blood", "needle", "thread", "stitch", "mark")
PART_SCALE = 4
"""The map of parts is this many times smaller than the picture."""


class Canvas:
    """A colour picture and its map of parts. `origin` is added to every point: the camera's drift."""

    def __init__(self, picture: Image.Image, parts: Image.Image | None, origin: Point) -> None:
        self._rgb = ImageDraw.Draw(picture)
        self._parts = ImageDraw.Draw(parts) if parts else None
        self._origin = origin

    def polygon(self, points: npt.ArrayLike, colour: npt.ArrayLike, part: str) -> None:
        moved = np.asarray(points, float) + self._origin
        self._rgb.polygon([tuple(p) for p in moved.tolist()], fill=tuple(np.clip(np.asarray(colour, float), 0, 255).astype(int).tolist()))
        if self._parts:
            self._parts.polygon([tuple(p) for p in (moved / PART_SCALE).tolist()], fill=PARTS.index(part))

    def disc(self, centre: Point, rx: float, ry: float, colour: npt.ArrayLike, part: str, turn: float = 0.0) -> None:
        angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
        x, y = rx * np.cos(angle), ry * np.sin(angle)
        self.polygon(centre + np.stack((x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)), 1), colour, part)

    def tube(self, points: list[Point], width: float, colour: npt.ArrayLike, part: str) -> None:
        for a, b in itertools.pairwise(points):
            side = axes(a, b)[1] * width / 2
            self.polygon([a + side, b + side, b - side, a - side], colour, part)


def _done(stage: Stage, action: str, time_s: float, share: float = 0.5) -> list[float]:
    """How far each go of an action has come, 0 to 1; a go counts from `share` of its length on."""
    goes = [event.span for event in stage.whole.events if event.action == action]
    return [min(1.0, (time_s - go.start_s) / go.duration_s) for go in goes if time_s >= go.start_s + share * go.duration_s]


def cvs_at(truth: Truth, time_s: float) -> tuple[int, int, int]:
    """The scores in force at this second; times of the truth given."""
    return [state.scores for state in truth.cvs if state.start_s <= time_s][-1]


def draw_abdomen(canvas: Canvas, stage: Stage, time_s: float) -> None:
    at, tint = stage.places, stage.tints
    structures, plate, triangle = cvs_at(stage.whole, time_s)
    canvas.polygon([(-60, -60), (380, -60), (380, 62), (250, 92), (120, 50), (-60, 96)], tint["liver"], "ground")
    taken = _done(stage, "dissect the gallbladder from the liver", time_s, 0.0)
    total = sum(event.action == "dissect the gallbladder from the liver" for event in stage.whole.events)
    off = (len(taken) - 1 + taken[-1] if taken else 0.0) / max(total, 1)
    if plate or off:
        size = (0, 20, 34)[plate]
        canvas.disc(at["plate"], size + 6, size * 0.62, tint["plate"], "plate", 0.35)
    if off:
        canvas.disc(at["liver bed"], 14 + 26 * off, 8 + 18 * off, tint["bed"], "bed", 0.2)
        scorched = _done(stage, "coagulate the liver bed", time_s, 0.3)
        for i in range(4 * len(scorched)):
            canvas.disc(at["liver bed"] + stage.marks[i] * (24, 12), 6, 5, (52, 34, 30), "bed")
        if _done(stage, "irrigate the liver bed", time_s, 0.3):
            canvas.disc(at["liver bed"] + (0, 6), 26, 10, (120, 120, 150), "bed", 0.2)
    _gallbladder(canvas, stage, time_s, off)
    if structures >= 1:
        _vessel(canvas, stage, "cystic duct", "duct", 15, time_s)
    if structures >= 2:
        _vessel(canvas, stage, "cystic artery", "artery", 11, time_s)
    for i in range((11, 5, 0)[triangle]):
        centre = at["hepatocystic triangle"] + stage.marks[i] * (26, 22) + (0, 4)
        canvas.disc(centre, 11, 9, tint["fat"] * (0.92 + 0.02 * (i % 5)), "fat")
    if structures < 2:
        canvas.tube([at["neck"] + (-10, 14), at["artery end"]], 30, tint["fat"] * 0.94, "fat")
    if structures < 1:
        canvas.tube([at["neck"] + (10, 14), at["duct end"]], 32, tint["fat"] * 0.98, "fat")
    _clips(canvas, stage, time_s)
    if now(stage, time_s) is not None and _done(stage, "pack the gallbladder", time_s, 0.0):
        canvas.polygon(at["bag"] + np.array([(-34, -16), (34, -16), (24, 36), (-24, 36)]), (238, 238, 246), "bag")


def _gallbladder(canvas: Canvas, stage: Stage, time_s: float, off: float) -> None:
    at, tint = stage.places, stage.tints
    packed = _done(stage, "pack the gallbladder", time_s, 0.0)
    if packed and packed[-1] >= 1:
        return
    centre = at["gallbladder"] + np.array((-16.0, 10.0)) * off
    if packed:
        centre = pose(stage, "grasper", time_s).tip - canvas._origin + (4, -14)
    canvas.disc(centre, 48, 33, tint["gallbladder"], "gallbladder", 0.62)
    canvas.disc(centre + (-10, -12), 16, 8, tint["gallbladder"] * 1.25, "gallbladder", 0.62)
    if off < 1 and not packed:
        canvas.tube([centre + (24, 18), at["neck"]], 26, tint["gallbladder"] * 0.95, "gallbladder")


def _vessel(canvas: Canvas, stage: Stage, name: str, part: str, width: float, time_s: float) -> None:
    a, b, middle = stage.places["neck"], stage.places[f"{part} end"], stage.places[name]
    colour = stage.tints[part]
    if _done(stage, f"cut the {name}", time_s, 0.6):
        gap = axes(a, b)[0] * 9
        canvas.tube([a, middle - gap], width, colour, part)
        canvas.tube([middle + gap, b], width, colour, part)
    else:
        canvas.tube([a, b], width, colour, part)


def _clips(canvas: Canvas, stage: Stage, time_s: float) -> None:
    for name, part in (("cystic duct", "duct"), ("cystic artery", "artery")):
        along, across = axes(stage.places["neck"], stage.places[f"{part} end"])
        for i in range(2 * len(_done(stage, f"clip the {name}", time_s, 0.5))):
            centre = stage.places[name] + along * (-14, 14, -22, 22)[i % 4]
            canvas.tube([centre - across * 12, centre + across * 12], 5, (232, 238, 244), "clip")


def draw_bench(canvas: Canvas, stage: Stage, time_s: float) -> None:
    at, tint = stage.places, stage.tints
    skill = stage.whole.skill or (3,) * 6
    canvas.polygon(at["middle"] + np.array([(-130, -88), (130, -88), (130, 100), (-130, 100)]), tint["pad"], "ground")
    canvas.tube([at["middle"] + (-100, 0), at["middle"] + (100, 0)], 9, tint["slit"], "ground")
    for i in range(2 * (5 - skill[0])):
        canvas.disc(at["middle"] + stage.marks[i] * (92, 52), 7, 6, (196, 30, 36), "mark")
    crooked = (5 - skill[5]) * 5.5
    for i in range(3):
        x = -92 + 30 * i
        lean = stage.marks[i + 8] * crooked
        canvas.tube([at["middle"] + (x + lean[0], -26), at["middle"] + (x - lean[0], 28 + lean[1])], 6, (40, 60, 190), "stitch")
    _thread_and_needle(canvas, stage, time_s, (5 - skill[1]) * 0.22)


def _thread_and_needle(canvas: Canvas, stage: Stage, time_s: float, wobble: float) -> None:
    at, blue = stage.places, (40, 60, 190)
    last = next((event for event in reversed(stage.whole.events) if event.span.start_s <= time_s), None)
    tip = pose(stage, "needle driver", time_s).tip - canvas._origin
    angle, where = 0.4 + wobble * float(np.sin(3.1 * time_s + stage.phases[30])), at["needle"]
    action, span = (last.action, last.span) if last else ("", Span.of(0.0, 0.0))
    if action in ("drive the needle through the tissue", "pull the thread", "tie the knot"):
        canvas.tube([at["entry"], at["exit"]], 6, blue, "thread")
    match action:
        case "pick up the needle":
            where = tip + (-4, 4) if time_s >= (span.start_s + span.end_s) / 2 else where
        case "position the needle":
            where, angle = tip + (-4, 4), angle + 1.6
        case "drive the needle through the tissue":
            where = tip + (-4, 4)
        case "pull the thread":
            where = tip + (8, -6)
            canvas.tube([at["exit"], tip], 5, blue, "thread")
        case "tie the knot":
            canvas.disc(at["knot"], 15, 12, blue, "thread")
            canvas.disc(at["knot"], 9, 7, stage.tints["pad"], "ground")
    if action == "tie the knot" or (action == "cut the thread" and time_s < span.start_s + 0.6 * span.duration_s):
        canvas.tube([at["knot"], at["thread"] + (34, 18)], 5, blue, "thread")
    if action == "cut the thread":
        canvas.tube([at["entry"], at["exit"]], 6, blue, "stitch")
        canvas.disc(at["knot"], 6, 6, blue, "stitch")
    points = np.stack((np.cos(np.linspace(0, 2.6, 7)) * 20, np.sin(np.linspace(0, 2.6, 7)) * 20), 1)
    turn = np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))))
    canvas.tube([where + p @ turn.T for p in points], 5, (236, 240, 250), "needle")
