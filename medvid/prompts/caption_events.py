"""What caption_events asks: every event with its start, end and description, named by the actions listed."""

from medvid.prompts.form import STYLES, Form

PLAIN = Form(
    "Describe every event in the video with its start and end in seconds.",
    "Answer with one line for each event, `START-END seconds: ACTION: DESCRIPTION`, in seconds from the first frame with one decimal.",
    lists="actions", styles=STYLES,
)
