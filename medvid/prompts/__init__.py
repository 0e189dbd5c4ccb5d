"""Every wording sent to a vision-language model. A question's form is part of a model's interface."""

from medvid.prompts.wordings import PLAIN, Wording, all_words, wording

__all__ = ["PLAIN", "Wording", "all_words", "wording"]
