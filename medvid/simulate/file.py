"""A simulated procedure as an H.264 MP4 file. Its container tag `comment` says that it is simulated, and from what.

The tag is JSON: `{"medvid_simulated": {"version", "seed", "kind", "span", "case"}}`; the truth is made again from it.
"""

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from medvid.core import Span
from medvid.simulate.procedure import clip_of, make_procedure
from medvid.simulate.render import picture
from medvid.simulate.truth import Truth

VERSION = 1
TAG = "medvid_simulated"


def tag_of(truth: Truth) -> str:
    span = Span.of(truth.offset_s, truth.offset_s + truth.duration_s)
    case = truth.case.model_dump(mode="json", exclude_none=True)  # what is not stated changes no file
    return json.dumps({TAG: {"version": VERSION, "seed": truth.seed, "kind": truth.kind, "span": span.model_dump(), "case": case}})


def from_tag(tags: Mapping[str, str]) -> Truth | None:
    """The truth of a file with these container tags; None where it is not simulated, or by another version of the simulator."""
    try:
        said: Any = json.loads(tags.get("comment", ""))[TAG]
        if said["version"] != VERSION:
            return None
        return clip_of(make_procedure(int(said["seed"]), said["kind"]), Span.model_validate(said["span"]))
    except (ValueError, KeyError, TypeError):
        return None


def write_video(truth: Truth, path: Path, *, progress: Callable[[int, int], None] | None = None) -> Path:
    """Renders the whole of `truth` into an MP4. The same truth gives the same bytes. `progress` hears frames done and in all."""
    frames = round(truth.duration_s * truth.fps)
    part = path.with_name(f".{path.name}.part")
    try:
        with av.open(part, "w", format="mp4", options={"movflags": "+use_metadata_tags"}) as file:
            file.metadata["comment"] = tag_of(truth)
            stream = file.add_stream("libx264", rate=Fraction(truth.fps).limit_denominator(1000))
            stream.width, stream.height = truth.size
            stream.pix_fmt = "yuv420p"
            # x264's macroblock tree reads memory it never wrote: with it, the first frame's bytes differ from one write to the next.
            stream.codec_context.options = {"crf": "21", "preset": "veryfast", "threads": "1", "g": "30", "mbtree": "0"}
            for i in range(frames):
                file.mux(stream.encode(av.VideoFrame.from_ndarray(picture(truth, i / truth.fps).rgb, format="rgb24")))
                if progress is not None:
                    progress(i + 1, frames)
            file.mux(stream.encode(None))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path
