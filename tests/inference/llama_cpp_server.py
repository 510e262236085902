"""llama.cpp's own server over a GGUF file, run as a process: prints its port, and answers until it is ended.

Nothing here imitates it: this is what users have, from the package xllamacpp.
"""

from __future__ import annotations

import argparse
import sys

import xllamacpp

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--chat-template", default="", help="Jinja text of a conversation; default: the file's")
    options = parser.parse_args()
    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = 4
    params.n_ctx = 4 * 1024
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1  # several wait for each other by spinning
    params.warmup = False
    params.use_jinja = True
    # Half floats are the default, in the cache and in attention; then logits are near, and not nearly equal.
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.chat_template = options.chat_template
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()  # ends when whoever started it does
