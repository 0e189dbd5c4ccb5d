"""The instruments' shapes: polygons along a shaft that runs from the trocar to the tip. Each has its own tip, colour and rings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Polygon = npt.NDArray[np.float64]
Colour = tuple[int, int, int]
Outline = list[tuple[Polygon, Colour]]
"""Polygons (K, 2) in pixels with their colours, drawn in this order; the last belongs to the tip."""

SHAFT_PX = 24.0
SHAFTS: dict[str, Colour] = {
    "grasper": (150, 160, 172),
    "hook": (38, 36, 42),
    "clipper": (196, 62, 190),
    "scissors": (240, 140, 30),
    "bipolar": (40, 86, 214),
    "irrigator": (236, 240, 240),
    "needle driver": (24, 120, 108),
    "forceps": (172, 176, 186),
}
GOLD, STEEL, WHITE, DARK = (236, 196, 40), (206, 212, 220), (250, 250, 250), (30, 30, 34)


def outline(instrument: str, tip: npt.NDArray[np.float64], trocar: npt.NDArray[np.float64], opening: float) -> Outline:
    """tip, trocar: (x, y) in pixels. opening: 0 closed to 1 wide."""
    along = trocar - tip
    along = along / max(float(np.hypot(*along)), 1e-6)
    across = np.array((-along[1], along[0]))

    def place(points: list[tuple[float, float]]) -> Polygon:
        """(back from the tip, across) -> pixels."""
        return np.array([tip + a * along + c * across for a, c in points])

    half, colour = SHAFT_PX / 2, SHAFTS[instrument]
    reach = 26.0
    shaft = [(place([(reach, -half), (420, -half), (420, half), (reach, half)]), colour)]
    shaft.append((place([(reach + 14, -half), (reach + 22, -half), (reach + 22, half), (reach + 14, half)]), _ring(instrument)))
    return shaft + [(place(points), tint) for points, tint in _tip(instrument, opening, half, reach)]


def _ring(instrument: str) -> Colour:
    return {"scissors": DARK, "clipper": WHITE, "needle driver": GOLD, "bipolar": WHITE, "irrigator": (60, 150, 220), "hook": GOLD}.get(
        instrument, DARK
    )


def _tip(instrument: str, opening: float, half: float, reach: float) -> list[tuple[list[tuple[float, float]], Colour]]:
    gap = 3 + 11 * opening
    match instrument:
        case "hook":
            return [([(reach, -5), (reach, 5), (6, 5), (6, -5)], GOLD), ([(0, -5), (9, -5), (9, 19), (0, 19)], GOLD)]
        case "irrigator":
            return [([(reach, -half), (reach, half), (0, half - 3), (0, 3 - half)], WHITE), ([(4, -5), (14, -5), (14, 5), (4, 5)], DARK)]
        case "clipper":
            jaw = [(reach, 1.0), (reach, half + 2), (0.0, gap + 9), (0.0, gap)]
            return [(jaw, STEEL), ([(a, -c) for a, c in jaw], STEEL)]
        case "scissors":
            blade = [(reach, 0.0), (reach, 7.0), (-4.0, gap + 2), (-4.0, gap)]
            return [(blade, WHITE), ([(a, -c) for a, c in blade], WHITE)]
        case "bipolar":
            prong = [(reach, half - 6), (reach, half), (0.0, gap + 6), (0.0, gap)]
            return [(prong, WHITE), ([(a, -c) for a, c in prong], WHITE)]
        case "needle driver":
            jaw = [(reach, 0.0), (reach, half), (0.0, gap * 0.6 + 5), (0.0, gap * 0.4)]
            return [(jaw, GOLD), ([(a, -c) for a, c in jaw], GOLD)]
        case _:
            jaw = [(reach, 0.0), (reach, half), (0.0, gap + 6), (0.0, gap)]
            return [(jaw, STEEL), ([(a, -c) for a, c in jaw], STEEL)]
