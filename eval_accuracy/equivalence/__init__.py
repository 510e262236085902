"""Whether two formulas have the same value: asked of sympy, in a process of its own, with a limit on time."""
