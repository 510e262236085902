"""The engine of NPUs: MindFormers' own generation, one worker an NPU."""
