"""The embedded model's tokenizer: whole words of our wordings and captions, numbers of up to three digits, Qwen's names for the
special tokens.

A span costs six tokens, a timed box thirteen. A word that is not in it becomes `<unk>`, and the tools say that they do not know it.
"""

import re
from collections.abc import Iterable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from medvid.engine.checkpoint import EMBEDDED_FOLDER
from medvid.prompts import all_words
from medvid.simulate.grammar import CASES, CVS_CRITERIA, HOLDING, INSTRUMENTS, SKILL_ASPECTS, STEPS
from medvid.tools.base import NOT_OBSERVED

SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
    "<unk>",
)  # fmt: skip
PIECES = r"\d{1,3}|\.\d(?!\d)|, (?=\d)| ?\p{L}+| (?=\d)|\n| ?[^\s\p{L}\d]|\s"
NUMBERS = range(1000)
MARKS = ".,:;/()[]<>-?!'\"%&+="
OTHER_WORDS = "system user assistant seconds Steps seen No step is seen idle then with the a an of in on and or to from at it not"
CHAT = (EMBEDDED_FOLDER / "chat_template.jinja").read_text(encoding="utf-8")


def words() -> list[str]:
    """Every word that a question or an answer about a simulated procedure can hold."""
    texts: list[str] = [*all_words(), OTHER_WORDS, NOT_OBSERVED, *SKILL_ASPECTS, *CVS_CRITERIA, *HOLDING.values()]
    texts += [name for names in INSTRUMENTS.values() for name in names]
    for kind, case in CASES.items():
        texts += [case.procedure or "", case.scene or "", *case.action_names, *(form.caption for form in STEPS[kind])]
        texts += [synonym for action in case.actions for synonym in action.synonyms]
    return sorted({word for text in texts for word in re.findall(r"[^\W\d_]+", text)})


def build_tokenizer() -> PreTrainedTokenizerFast:
    table = dict.fromkeys((*SPECIAL, *map(str, NUMBERS), *_pieces(words())))
    raw = Tokenizer(models.WordLevel({token: i for i, token in enumerate(table)}, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Split(Regex(PIECES), "isolated")
    raw.decoder = decoders.Fuse()
    raw.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    vision = {"vision_bos_token": "<|vision_start|>", "vision_eos_token": "<|vision_end|>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, unk_token="<unk>", eos_token="<|im_end|>", pad_token="<|endoftext|>", clean_up_tokenization_spaces=False,
        chat_template=CHAT, extra_special_tokens={"image_token": "<|image_pad|>", "video_token": "<|video_pad|>", **vision},
    )  # fmt: skip


def _pieces(vocabulary: Iterable[str]) -> list[str]:
    digits = [f".{digit}" for digit in range(10)]
    cased = sorted({form for word in vocabulary for form in (word, word.lower(), word[0].upper() + word[1:])})
    return [" ", "\n", ", ", *digits, *MARKS, *(f" {mark}" for mark in MARKS), *cased, *(f" {word}" for word in cased)]


def number_ids(tokenizer: PreTrainedTokenizerFast) -> dict[int, int]:
    """Value -> token id of every whole number that is one token."""
    return {number: int(tokenizer.convert_tokens_to_ids(str(number))) for number in NUMBERS}


def config_ids(tokenizer: PreTrainedTokenizerFast) -> dict[str, int]:
    """The ids that the model's configuration names."""
    tokens = {
        "eos_token_id": "<|im_end|>", "pad_token_id": "<|endoftext|>", "vision_start_token_id": "<|vision_start|>",
        "vision_end_token_id": "<|vision_end|>", "image_token_id": "<|image_pad|>", "video_token_id": "<|video_pad|>",
    }  # fmt: skip
    return {name: int(tokenizer.convert_tokens_to_ids(token)) for name, token in tokens.items()}
