"""What every room shares: the configuration schema, the run folder, errors, files, prompts.

Nothing here imports MindSpore, so that scoring, planning and packing start at once on any machine.
"""

__version__ = "0.2.0"
