"""Which option a reply names, in stages: its letters, its clauses, what each clause does, and the answer they give."""
