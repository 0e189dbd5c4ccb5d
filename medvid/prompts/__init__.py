"""Every wording sent to a vision-language model, one file a tool. A question's form is part of a model's interface."""

from medvid.prompts.form import Form
from medvid.prompts.wordings import Wording, all_words, wording

__all__ = ["Form", "Wording", "all_words", "wording"]
