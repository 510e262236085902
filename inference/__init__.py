"""Inference: engines that answer prompts, and the ledger of what they answered."""
