"""What summarize_video asks: a short overview."""

from medvid.prompts.form import Form
from medvid.prompts.styles import STYLES

PLAIN = Form("Describe the video in short.", styles=STYLES)
