"""Which engine runs which model: the one place that chooses."""

from dataclasses import replace
from pathlib import Path

from medvid.core import ConfigError
from medvid.core.settings import EngineOptions
from medvid.engine.base import Engine
from medvid.engine.checkpoint import read_checkpoint, read_served, unknown_words_of


def open_engine(
    model: str | Path | None = None, engine: str = "local", device: str = "auto", options: EngineOptions | None = None
) -> Engine:
    """model: a checkpoint directory or hub id, or what a server calls it; None is the embedded model. device: of `local`. Reads the
    configuration now and the weights at the first request. Raises ConfigError where the checkpoint cannot be used."""
    options = options or EngineOptions()
    if engine == "remote":
        return _remote(model, options)
    if engine not in ("local", "vllm"):
        raise ConfigError(f"there is no engine {engine!r}; use local, vllm or remote")
    checkpoint = read_checkpoint(model)
    checkpoint = replace(checkpoint, profile=checkpoint.profile.within(options.max_context))
    if engine == "vllm":
        from medvid.engine.vllm import VllmEngine

        return VllmEngine(checkpoint, options)
    from medvid.engine.local import LocalEngine

    return LocalEngine(checkpoint, device=device)


def _remote(model: str | Path | None, options: EngineOptions) -> Engine:
    """The weights are elsewhere: a name is enough, where its profile is known by it."""
    try:
        from medvid.engine.remote import RemoteEngine
    except ImportError as error:
        raise ConfigError(f"the engine remote needs the openai client ({error}); `pip install 'medvid[remote]'`") from error
    profile, name, checkpoint = read_served(model)
    words = unknown_words_of(checkpoint.folder) if checkpoint is not None else None
    return RemoteEngine(profile.within(options.max_context), name, options, words)
