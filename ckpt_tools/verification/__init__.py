"""What `verify.py` compares: a network of MindFormers on the CPU, and the files of a run."""
