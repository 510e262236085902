"""The training of one run: its plan, and what becomes of what the workers leave behind."""
