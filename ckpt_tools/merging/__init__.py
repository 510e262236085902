"""An adapter becomes part of its base: the sum, the streams, what is kept of an interrupted merge, the manifest."""
