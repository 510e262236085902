"""llama.cpp's own server as a process of a test, over a GGUF file that the kit wrote."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

needs_llama_cpp = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None, reason="xllamacpp is not here (the extra dev has it)"
)


@contextmanager
def llama_cpp(model: Path, *options: str) -> Iterator[str]:
    """Serve a model; the address is that of the host."""
    script = Path(__file__).with_name("llama_cpp_server.py")
    with subprocess.Popen(
        [sys.executable, str(script), str(model), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            assert address, f"llama.cpp does not serve {model}"
            yield address
        finally:
            process.kill()
