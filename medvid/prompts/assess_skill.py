"""What assess_skill asks: a score of 1 to 5 for each aspect named."""

from medvid.prompts.form import Form

PLAIN = Form(
    "Give the skill a score from 1 to 5 for each aspect: {names}.",
    "Answer with nothing but `Respect for tissue: N/5, Suture/needle handling: N/5, Time and motion: N/5, "
    "Flow of operation: N/5, Overall performance: N/5, Quality of final product: N/5`, each N being 1 to 5.",
)
