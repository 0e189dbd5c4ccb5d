"""What localize_action asks: all spans of one named action."""

from medvid.prompts.form import Form

PLAIN = Form(
    "Find every span in which this action happens: {action}. Answer in seconds.",
    "Answer with nothing but `START-END, START-END seconds.`, times in seconds from the first frame with one decimal.",
)
