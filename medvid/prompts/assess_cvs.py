"""What assess_cvs asks: a score of 0 to 2 for each of Strasberg's criteria of the critical view of safety."""

from medvid.prompts.form import Form

PLAIN = Form("Give the critical view of safety by Strasberg a score from 0 to 2 for each criterion: {names}.")
