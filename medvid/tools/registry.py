"""The tools that look at a video, in the order in which people meet them."""

from typing import Any

from medvid.tools.assess_cvs import AssessCvs
from medvid.tools.assess_skill import AssessSkill
from medvid.tools.base import Tool
from medvid.tools.caption_events import CaptionEvents
from medvid.tools.caption_region import CaptionRegion
from medvid.tools.ground_object import GroundObject
from medvid.tools.localize_action import LocalizeAction
from medvid.tools.predict_next import PredictNext
from medvid.tools.summarize_video import SummarizeVideo

_ALL: tuple[Tool[Any, Any], ...] = (
    LocalizeAction(), GroundObject(), PredictNext(), CaptionEvents(), SummarizeVideo(), CaptionRegion(), AssessSkill(), AssessCvs(),
)  # fmt: skip
TOOLS: dict[str, Tool[Any, Any]] = {tool.name: tool for tool in _ALL}
BY_QA_TYPE: dict[str, Tool[Any, Any]] = {qa_type: tool for tool in _ALL for qa_type in tool.qa_types}
