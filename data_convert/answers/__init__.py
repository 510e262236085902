"""Answer engineering: rationales, rounding, paraphrases and options of training records, each re-checked."""

from data_convert.answers.rewriting import rewrite, variants

__all__ = ["rewrite", "variants"]
