"""One file that llama.cpp and its kin read: weights, sizes and tokenizer in GGUF.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""
