"""Frames and a question in, text out: the engines, and how each checkpoint wants to be fed and asked."""

from medvid.engine.base import Engine, Profile, Reply, Request
from medvid.engine.open import open_engine
from medvid.engine.scripted import ScriptedEngine

__all__ = ["Engine", "Profile", "Reply", "Request", "ScriptedEngine", "open_engine"]
