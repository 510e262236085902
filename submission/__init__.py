"""From a finished run to the zip that is handed in: report, plots, screenshots, archive and its checker.

Nothing is computed here: the room shows what the rooms before it measured, and checks that it was shown truly.
"""
