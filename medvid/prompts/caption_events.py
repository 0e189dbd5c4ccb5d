"""What caption_events asks: every event with its start, end and description, named by the actions listed."""

from medvid.prompts.form import Form
from medvid.prompts.styles import STYLES

PLAIN = Form("Describe every event in the video with its start and end in seconds.", lists="actions", styles=STYLES)
