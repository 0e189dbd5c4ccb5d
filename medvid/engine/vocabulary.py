"""The words that a checkpoint's tokenizer lacks: a small model trained on few words must not be asked in others."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from tokenizers import Tokenizer

UnknownWords = Callable[[str], tuple[str, ...]]


def unknown_words_of(folder: Path) -> UnknownWords:
    """A function from a text to its words that the tokenizer in this folder lacks, in order; always none for a byte-level one. Reads the
    tokenizer at its first use, without Transformers, which takes seconds to import."""

    @cache
    def vocabulary() -> tuple[Tokenizer, str] | None:
        file = folder / "tokenizer.json"
        if not file.is_file():  # an older checkpoint: vocabulary and merges of a byte-level tokenizer, which knows every text
            return None
        tokenizer = Tokenizer.from_file(str(file))
        unknown = getattr(tokenizer.model, "unk_token", None)
        return (tokenizer, unknown) if unknown is not None else None

    def unknown_words(text: str) -> tuple[str, ...]:
        if (known := vocabulary()) is None:
            return ()
        tokenizer, unknown = known
        encoding = tokenizer.encode(text, add_special_tokens=False)
        spans = [span for token, span in zip(encoding.tokens, encoding.offsets, strict=True) if token == unknown]
        words = (text[start:end].strip() for start, end in spans)
        return tuple(dict.fromkeys(word for word in words if word))

    return unknown_words
