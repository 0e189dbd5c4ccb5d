"""Memory: what a conversation holds, its runs, newest last. Follow-ups are resolved against it, and outcomes in it are used again."""

from medvid.core import Run, Value


class Memory(Value):
    """turns: runs without what no later turn needs."""

    thread: str | None = None
    turns: tuple[Run, ...] = ()

    def after(self, run: Run) -> "Memory":
        """The memory with one more turn."""
        return Memory(thread=self.thread, turns=(*self.turns, run))
