"""Builds the engine as the extension `convlet._engine`, and puts into the package what lies beside it in a checkout.

Called from here because neither has another hook.
"""

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, "host")  # engine_build.py imports the package


class BuildWithResources(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        ignored = shutil.ignore_patterns("__pycache__", "build")
        for name in ("device", "micropython_module"):
            target = Path(self.build_lib) / "convlet" / name
            shutil.rmtree(target, ignore_errors=True)  # of an earlier build
            shutil.copytree(name, target, ignore=ignored)


setup(cffi_modules=["host/convlet/engine_build.py:ffi"], cmdclass={"build_py": BuildWithResources})
