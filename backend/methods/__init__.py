"""Cells that tuning methods bring along where MindFormers has none: a module for each method that needs its own.

A method of core/methods/ names its module here as `cells`. Importing the module may register with MindFormers
(`MindFormerRegister`) what the method's trainer settings name; its `CHANGE`, a class below
`backend.changes.NetworkChange`, puts the method's cells into a network that MindFormers has made.
"""
