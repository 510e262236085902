"""Engines that answer prompts: one interface, and a module for each engine (see `inference.engines`)."""
