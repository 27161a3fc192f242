"""Builds the engine as the extension `convlet._engine`; cffi is called from here because it has no other hook."""

from setuptools import setup

setup(cffi_modules=["host/convlet/engine_build.py:ffi"])
