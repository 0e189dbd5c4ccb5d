"""Case: what is known of a video before anyone looks at it. It is declared, never guessed."""

from typing import Any

from pydantic import model_validator

from medvid.core.span import Value


class Action(Value):
    """An action or step of a procedure: the name the model was trained on, and what people also call it."""

    name: str
    synonyms: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class Case(Value):
    """What a sidecar file, a manifest, an option or the simulator's container tag states of a video. Everything may be unknown."""

    procedure: str | None = None  # "laparoscopic cholecystectomy"
    scene: str | None = None  # the kind of surgery or source, in a few words
    source: str | None = None  # the benchmark's data source that the video is like, such as "CholecT50"
    actions: tuple[Action, ...] = ()  # the procedure's own list, in its usual order
    simulated: bool = False

    @property
    def action_names(self) -> tuple[str, ...]:
        return tuple(action.name for action in self.actions)
