"""What summarize_video asks: a short overview."""

from medvid.prompts.form import STYLES, Form

PLAIN = Form("Describe the video in short.", styles=STYLES)
