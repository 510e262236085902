"""Text that all rooms share: records, prompts, tokenizers, words."""
