"""`medvid serve-model`: the `vllm serve` line that holds a model as medvid asks it, printed or run."""

from typing import Annotated

import typer

from medvid.cli.options import Model, examples, settings_of

EXAMPLES = examples(
    "medvid serve-model --model UII-AI/uAI-NEXUS-MedVLM-1.0a-7B-RL",
    "medvid serve-model --model checkpoints/7b --port 8001 --run",
    "medvid mcp --model UII-AI/uAI-NEXUS-MedVLM-1.0a-7B-RL --engine http://127.0.0.1:8000/v1 --root recordings",
)

HOST = "127.0.0.1"


def serve_model(
    model: Model = None,
    host: Annotated[str, typer.Option(help="Where the server listens. It asks for no key: keep it on loopback or behind a proxy.")] = HOST,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    run: Annotated[bool, typer.Option("--run", help="Become that server instead of printing the line; needs vLLM installed.")] = False,
) -> None:
    """Prints the exact `vllm serve` line for a model, or runs it.

    The line makes the server take every frame with its own time, resize nothing, and write the prompt that the model was trained on.
    MEDVID_TENSOR_PARALLEL, MEDVID_QUANTIZATION and the other settings of an engine go into it."""
    from medvid.engine.serving import serve_command, shell_line

    command = serve_command(model, settings_of(), host=host, port=port)
    if not run:
        typer.echo(shell_line(command))
        return
    import os
    import shutil

    from medvid.core import ConfigError

    if shutil.which(command[0]) is None:
        raise ConfigError("vllm is not on the PATH; `pip install 'medvid[vllm]'` on the machine with the GPU, or run the line there")
    os.execvp(command[0], command)
