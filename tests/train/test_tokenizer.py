"""The tokenizer knows every word that we ask with, and writes numbers in few tokens."""

import re

import numpy as np
import pytest

from medvid.engine.checkpoint import EMBEDDED_FOLDER
from medvid.engine.profiles import EMBEDDED
from medvid.medvidbench.simulated import questions_for
from medvid.prompts import all_words
from medvid.simulate.grammar import CASES
from medvid.train.footage import plan_takes
from medvid.train.lessons import clip_of_take, in_whole_pixels
from medvid.train.tokenizer import build_tokenizer


def _pieces(text: str) -> list[str]:
    tokenizer = build_tokenizer()
    return tokenizer.convert_ids_to_tokens(tokenizer.encode(text, add_special_tokens=False))


def test_a_span_costs_six_tokens_and_a_timed_box_thirteen() -> None:
    assert len(_pieces("22.0-78.0, 89.5-94.0 seconds.")) == 6 + 5 + 2
    assert len(_pieces("66.0 seconds: [12, 9, 104, 60] 74.0 seconds: [1, 2, 3, 4]")) == 13 + 1 + 13


def test_every_wording_word_and_every_action_is_known() -> None:
    words = [*all_words(), *(name for case in CASES.values() for action in case.actions for name in (action.name, *action.synonyms))]
    assert len(words) > 50
    assert [word for word in words if "<unk>" in _pieces(word) or "<unk>" in _pieces(f" {word}")] == []


def test_an_unknown_word_is_seen_as_unknown() -> None:
    assert _pieces("dissect the zebra")[-1] == "<unk>"


def test_questions_and_answers_of_simulated_clips_are_written_without_unknown_words_and_read_back_whole() -> None:
    tokenizer, rng = build_tokenizer(), np.random.default_rng(0)
    takes = [take for rows in plan_takes(24).values() for take in rows]
    asked = [in_whole_pixels(item) for take in takes for item in questions_for(take.truth, clip_of_take(take), rng, EMBEDDED)]
    assert len(asked) > 200
    for item in asked:
        for text in (item.question, item.answer):
            ids = tokenizer.encode(text, add_special_tokens=False)
            assert tokenizer.unk_token_id not in ids, text
            assert tokenizer.decode(ids) == text


@pytest.mark.skipif(not (EMBEDDED_FOLDER / "tokenizer.json").exists(), reason="the embedded weights are not in this tree")
def test_the_shipped_tokenizer_is_the_one_that_the_wordings_make() -> None:
    from transformers import AutoTokenizer

    assert AutoTokenizer.from_pretrained(EMBEDDED_FOLDER).get_vocab() == build_tokenizer().get_vocab()
    assert re.search(r"\w", " ".join(all_words()))
