"""The conversion of one run from its corpora to MindRecord, and its audit."""
