"""Every error that medvid raises on purpose.

    MedVidError
    ├── ConfigError     a setting, an option or an installation that cannot work
    ├── VideoError      a file, a span or a time that cannot be read
    ├── EngineError     a model that failed to answer; `retryable` says whether asking again may help, `refused` that it would not
    ├── ParseError      a model's text that is no answer; the toolbox turns it into `unreadable`
    ├── PlanError       a plan that may not run; each complaint names its step
    └── AccessError     a caller who may not have what was asked, or asked for too much

A message gives the value, the unit, the limit and the way out. Anything else that is raised is a bug.
"""


class MedVidError(Exception):
    """Root of the tree. `kind` is the word that crosses process borders, `retryable` whether asking again may help."""

    kind = "error"
    retryable = False


class ConfigError(MedVidError):
    kind = "config"


class VideoError(MedVidError):
    kind = "video"


class EngineError(MedVidError):
    kind = "engine"

    def __init__(self, message: str, *, retryable: bool = False, refused: bool = False) -> None:
        super().__init__(message)
        self.retryable, self.refused = retryable, refused


class ParseError(MedVidError):
    """`text` is what the model wrote, kept whole."""

    kind = "parse"

    def __init__(self, message: str, *, text: str = "") -> None:
        super().__init__(message)
        self.text = text


class PlanError(MedVidError):
    """`complaints` holds one line for each thing that is wrong."""

    kind = "plan"

    def __init__(self, message: str, complaints: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join((message, *complaints)))
        self.complaints = complaints


class AccessError(MedVidError):
    kind = "access"
