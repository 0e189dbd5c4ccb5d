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
    """What a sidecar file, a manifest, an option or the simulator's container tag states of a video.

    procedure: "laparoscopic cholecystectomy"; scene: the kind of surgery or source, in a few words; source: the benchmark's data source
    that the video is like, such as "CholecT50"; actions: the procedure's own list, in its usual order. Everything may be unknown.
    """

    procedure: str | None = None
    scene: str | None = None
    source: str | None = None
    actions: tuple[Action, ...] = ()
    simulated: bool = False

    @property
    def action_names(self) -> tuple[str, ...]:
        return tuple(action.name for action in self.actions)
