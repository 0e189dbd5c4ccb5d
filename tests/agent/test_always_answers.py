"""A checkpoint that always answers, asked through ask_procedure: what it marks is told, and nothing is said to happen."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medvid.app import open_client, open_library, open_server, open_toolbox, planner
from medvid.core.settings import Settings
from medvid.engine.profiles import MEDVLM_1_0A_RL
from medvid.engine.scripted import ScriptedEngine
from tests.mcp_server.scripted import scripted_reply
from tests.video.files import write

pytestmark = pytest.mark.anyio

NOTE = "this model always answers; presence not verified"
Asked = Callable[[str], Awaitable[Any]]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("theatre")
    (folder / "case.medvid.json").write_text(json.dumps({"procedure": "laparoscopic cholecystectomy"}))
    picture = np.full((96, 160, 3), 90, np.uint8)
    return write(folder / "case.mp4", [i / 5 for i in range(100)], draw=lambda number: picture)


@pytest.fixture
async def asked(file: Path) -> AsyncIterator[Asked]:
    toolbox = open_toolbox(Settings(), open_library(Settings(), [file]), ScriptedEngine(MEDVLM_1_0A_RL, scripted_reply))
    async with open_client(open_server(toolbox, ask=planner(toolbox))) as client:
        (video,) = (await client.call_tool("list_videos", {})).structured_content["videos"]

        async def ask(question: str) -> Any:
            return await client.call_tool("ask_procedure", {"video_ids": [video["video_id"]], "question": question})

        yield ask


async def test_a_yes_no_question_is_answered_with_what_was_marked_and_the_note(asked: Asked) -> None:
    answer = (await asked("Is the cystic artery clipped?")).structured_content["answer"]
    assert [statement["text"] for statement in answer["statements"]] == [
        "If “clip the cystic artery” happens, the model places it at 1.0-3.0 s; that it happens is not verified, as this model always "
        "answers.",
        # The same model, asked for events and not told what to find: it captions another action there.
        "1.0-3.0 s is unverified: caption_events, which was not told what to find, sees nothing of it within 0.0-5.0 s.",
    ]
    assert f"Note: {NOTE}. [s1, s1_again]" in answer["text"].splitlines()
    assert "'clip the cystic artery' is 'clip cystic artery' among the class names of CholecT50" in answer["text"]


async def test_an_action_that_no_class_name_is_like_is_asked_as_it_stands_and_said(asked: Asked) -> None:
    answer = (await asked("Was the spleen removed?")).structured_content["answer"]
    assert "Note: 'remove the spleen' is no class name of CholecT50; asked as it stands. [s1]" in answer["text"].splitlines()


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Was the cystic duct clipped, and how often?", "“clip the cystic duct” is found 1 time, if it happens at all."),
        ("Is the grasper visible?", "If the grasper is in view, the model places it"),
        ("Summarise the video.", "Summary of 0.0-20.0 s, as told by a model that always answers: “"),
        ("Describe what happens.", "Events in 0.0-20.0 s, as told by a model that always answers: "),
        ("What is the grasper doing?", "What the grasper does, 0.0-20.0 s, as told by a model that always answers: “"),
        ("Was the critical view of safety achieved?", "By these scores it was not achieved in full; below the full score: "),
    ],
)
async def test_nothing_is_said_to_happen_on_its_word_alone(asked: Asked, question: str, said: str) -> None:
    answer = (await asked(question)).structured_content["answer"]
    assert said in answer["text"]
    assert NOTE in answer["text"]
    told = [re.sub(r"“.*?”", "“”", statement["text"]) for statement in answer["statements"]]
    told = [text for text in told if not text.startswith("These cannot both be right")]
    assert all(re.search(r"\bif\b|always answers|not verified|By these scores", text, re.IGNORECASE) for text in told), told
    assert not any(re.search(r"\bis seen\b|\byes\b|\bdoes happen\b|^The \w+ is at", text, re.IGNORECASE) for text in told), told
