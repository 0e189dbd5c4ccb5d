"""Settings: flag over environment (`MEDVID_MODEL=...`) over files (`config.toml`, `tokens.toml`) over default; and paths."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import Field, JsonValue, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from medvid.core.access import Access
from medvid.core.errors import ConfigError
from medvid.core.span import Value

EngineName = Literal["local", "vllm", "remote"]
Device = Literal["auto", "cpu", "cuda", "mps"]


class EngineOptions(Value):
    """What goes through to an engine: `endpoint` and `api_key` to `remote`, the five from `tensor_parallel` on to `vllm`."""

    endpoint: str | None = Field(default=None, pattern=r"^https?://\S+$", description="address of an OpenAI-compatible server, to its /v1")
    api_key: SecretStr | None = None
    timeout_s: float = Field(default=600.0, gt=0, description="longest wait for one answer of a server")
    max_in_flight: int = Field(default=16, ge=1, le=1024, description="requests put to a server at once")
    tensor_parallel: int = Field(default=1, ge=1, description="GPUs that share one copy of the weights")
    data_parallel: int = Field(default=1, ge=1, description="copies of the weights, each on GPUs of its own")
    quantization: str | None = Field(default=None, description="a method of vLLM's, such as fp8; as the checkpoint states if left out")
    memory_share: float | None = Field(default=None, gt=0, le=1, description="of each GPU's memory; vLLM's own default if left out")
    max_context: int | None = Field(default=None, ge=256, description="tokens of prompt and answer; the profile's own if left out")
    vllm_args: dict[str, JsonValue] = Field(default={}, description="further fields of vLLM's EngineArgs, as they stand")


class Caller(Value):
    """Who may call over HTTP, by the blake2b-256 hash of their token. None: all that the server serves, its own longest span."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")
    blake2b: str = Field(pattern=r"^[0-9a-f]{64}$")
    videos: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")], ...] | None = None
    max_span_s: float | None = Field(default=None, gt=0)

    def access(self, own: Access) -> Access:
        videos = own.videos if self.videos is None else frozenset(self.videos)
        return Access(self.name, videos, self.max_span_s or own.max_span_s)


class Settings(EngineOptions, BaseSettings):
    """What the user can set. `model` is a checkpoint directory, a hub id or the name a server knows it by; None is the embedded model."""

    model_config = SettingsConfigDict(env_prefix="MEDVID_", extra="forbid", frozen=True, protected_namespaces=())

    model: str | None = None
    engine: EngineName = "local"
    device: Device = "auto"
    roots: tuple[Path, ...] = Field(default=(), description="folders whose videos are served")
    feeding: Literal["faithful", "published"] = "faithful"
    wording: str | None = Field(default=None, description="question forms to ask a model of real video by, see `medvid bench forms`")
    planner_model: str | None = Field(default=None, description="language model that plans, PROVIDER:MODEL; rules plan where None")
    planner_endpoint: str | None = Field(default=None, pattern=r"^https?://\S+$", description="OpenAI-compatible server that has it")
    planner_api_key: SecretStr | None = None
    planner_fallback: bool = Field(default=False, description="let the rules plan where the language model cannot")
    planner_answers: bool = Field(default=False, description="let it write the answers' texts too, which are then checked")
    mcp_servers: tuple[str, ...] = Field(default=(), description="URL or NAME=URL of other MCP servers, whose tools take part in plans")
    decode_limit_s: float = Field(default=300.0, gt=0, description="longest time that a server gives one reading of a video")
    decode_memory_gib: float = Field(default=4.0, gt=0.25, description="most memory that a process of a server may take to read videos")
    callers: tuple[Caller, ...] = Field(default=(), description="who may call an HTTP server; `medvid mcp --new-token NAME` adds one")
    allow_hosts: tuple[str, ...] = Field(default=(), description="names by which an HTTP server may be called beyond this machine")
    allow_origins: tuple[str, ...] = Field(default=(), description="sites whose pages may call an HTTP server")
    max_span_s: float = Field(default=6 * 3600.0, gt=0, description="longest span one call may look at")
    max_calls: int = Field(default=8, ge=1, le=1024, description="calls that look at videos which a server runs at once")
    max_waiting: int = Field(default=16, ge=0, le=1024, description="calls that may wait for those; more are answered `busy`")
    call_deadline_s: float = Field(default=1800.0, gt=0, description="a server stops a call after this time")
    approve_calls: int = Field(default=20, ge=0, description="a plan of more tool calls waits for a yes")
    approve_video_min: float = Field(default=240.0, ge=0, description="so does one that looks at more minutes of video")
    approve_s: float = Field(default=900.0, ge=0, description="and one that will take longer, by the time that tools took before")
    max_jobs: int = Field(default=16, ge=1, le=1024, description="unfinished jobs of one caller")
    keep_jobs_days: float = Field(default=7.0, gt=0, description="how long a server keeps a job, its result, and a turn of a thread")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource, file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=[config_file(), tokens_file()])


def load(**flags: Any) -> Settings:
    """The settings in force; a flag that is None was not given. Raises ConfigError naming the value and where it may stand."""
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"a setting cannot be used: {error}; set it by flag, by MEDVID_<NAME>, or in {config_file()}") from error


def config_file() -> Path:
    return Path(platformdirs.user_config_dir("medvid", appauthor=False)) / "config.toml"


def tokens_file() -> Path:
    return config_file().with_name("tokens.toml")


def data_dir() -> Path:
    """Holds `runs.sqlite`, the checkpoints of every question asked, and `jobs.sqlite`, a server's jobs. Made on first use."""
    path = Path(platformdirs.user_data_dir("medvid", appauthor=False))
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def cache_dir() -> Path:
    """Holds what can be made again: `probes.sqlite`, the rendered demo clip. Made on first use."""
    path = Path(platformdirs.user_cache_dir("medvid", appauthor=False))
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def runs_file() -> Path:
    return data_dir() / "runs.sqlite"
