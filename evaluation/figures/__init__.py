"""How far a measured figure can be trusted."""
