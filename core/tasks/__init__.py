"""What a question of a task is made of: the types of math problems, boxed answers, the options of a choice."""
