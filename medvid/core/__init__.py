"""Values that every part of medvid shares. Imports nothing else of medvid."""
