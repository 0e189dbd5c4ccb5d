"""medvid answers questions about medical procedure videos. Research use only."""

__version__ = "0.1.0"
