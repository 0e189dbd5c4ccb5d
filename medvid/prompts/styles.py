"""The two caption styles of the benchmark. The default adds no word: captions of both kinds answer one task."""

STYLES = {"gemini": "Use the gemini style."}
