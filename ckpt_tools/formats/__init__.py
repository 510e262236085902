"""Files of tensors: reading and writing each format, and finding out which one it is."""
