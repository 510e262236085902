"""The one room that knows MindFormers and msrun: its YAML, its networks, its workers."""
