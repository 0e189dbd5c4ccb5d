"""Every wording sent to a vision-language model. A question's form is part of a model's interface."""

from medvid.prompts.wordings import FORMS, Wording, all_words, one_shot, wording

__all__ = ["FORMS", "Wording", "all_words", "one_shot", "wording"]
