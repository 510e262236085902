"""The engine of the CPU: MindFormers' Llama weights, decoded with a key/value cache of the kit's own."""
