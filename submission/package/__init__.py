"""The zip: what a run says, what belongs into it, packing."""
