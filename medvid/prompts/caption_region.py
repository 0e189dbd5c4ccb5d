"""What caption_region asks: what the object in a drawn box does. The box itself is in the picture, never in the text."""

from medvid.prompts.form import STYLES, Form

PLAIN = Form("The green box at {time_s} seconds marks an object. Describe this object from {start_s} to {end_s} seconds.", styles=STYLES)
