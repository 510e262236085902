"""Cells that tuning methods bring along where MindFormers has none: a module for each method that needs its own.

A method of core/methods/ names its module here as `cells`; importing the module registers with MindFormers
(`MindFormerRegister`) what the method's trainer settings name. Whoever builds a network of the method imports it first.
"""

from __future__ import annotations

import importlib

from core.registry import extended


def register_cells(name: str) -> None:
    """Import the module that registers a method's cells; nothing where `name` is empty. It may lie in a plug-in."""
    if name:
        extended("backend.methods")
        importlib.import_module(f"backend.methods.{name}")
