"""What is wrong with a configuration, found before anything expensive starts."""
