"""What ground_object asks: the boxes of a named object at regular times."""

from medvid.prompts.form import Form

PLAIN = Form("Give the box of this object every {every_s} seconds from {start_s} to {end_s} seconds: {object}.")
