"""Marking a text that is handed in: asking for each line, placing the marks of the answers, checking the file."""
