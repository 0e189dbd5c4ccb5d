"""The leaderboard's columns, computed from texts as its evaluators compute them, and our strict figure beside each."""
