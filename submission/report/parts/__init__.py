"""The sections of a report, each a function of the run: what it says, in Chinese and English, and no layout."""
