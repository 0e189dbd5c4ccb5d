"""What assess_skill asks: a score of 1 to 5 for each aspect named."""

from medvid.prompts.form import Form

PLAIN = Form("Give the skill a score from 1 to 5 for each aspect: {names}.")
