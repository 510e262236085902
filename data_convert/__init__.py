"""From a corpus to MindRecord: reading, checking, sampling, prompting, tokenising, writing."""
