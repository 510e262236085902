"""Records become rows: prompt parts, tokens, packing, shards."""
