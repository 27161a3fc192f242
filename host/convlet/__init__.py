"""Convlet: small int8 CNNs compiled to `.cvl` files and run from MicroPython, and on the laptop just the same."""

__version__ = "0.1.0"
