"""What predict_next asks: the step that follows the clip, out of the steps listed."""

from medvid.prompts.form import Form

PLAIN = Form("Which step comes next after the video?", "Answer with nothing but the step's name, as the list spells it.", lists="steps")
