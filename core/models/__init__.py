"""Model families: shapes and names of their tensors, and what MindFormers calls them."""
