"""What assess_cvs asks: a score of 0 to 2 for each of Strasberg's criteria of the critical view of safety."""

from medvid.prompts.form import Form

PLAIN = Form(
    "Give the critical view of safety by Strasberg a score from 0 to 2 for each criterion: {names}.",
    "Answer with nothing but `Two structures: N, Cystic plate: N, Hepatocystic triangle: N`, each N being 0, 1 or 2.",
)
