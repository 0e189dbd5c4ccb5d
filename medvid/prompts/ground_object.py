"""What ground_object asks: the boxes of a named object at regular times."""

from medvid.prompts.form import Form

PLAIN = Form(
    "Give the box of this object every {every_s} seconds from {start_s} to {end_s} seconds: {object}.",
    "Answer with nothing but `TIME seconds: [x1, y1, x2, y2]` for each time at which it is seen, times with one decimal.",
)
