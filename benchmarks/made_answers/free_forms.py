"""How free problems are asked and their answers announced, by set.

@x is the value between dollars (or as words), @y its LaTeX without them, @z any other value of a step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.made_answers import free_four, free_three

QUESTIONS = (
    "Mara arranges tiles around a pond and counts them in two ways. What value does she find?",
    "Let $f$ be the function of the worksheet. Evaluate the expression that it asks for.",
    "In triangle $PQR$ the altitude from $P$ meets $QR$ at $S$. Determine the quantity that is marked.",
    "Consider the sequence that begins with $1, 4$ and follows the rule above. Find what is asked.",
    "Solve the problem on the card and give your answer in simplest form.",
    "A club has $24$ members who play chess or draughts. Compute the requested quantity.",
)
SOLUTIONS = (
    r"Working through the cases, we find that it is $\boxed{@y}$.",
    r"Simplifying, the value is $\boxed{@y}$.",
    "Adding up all the parts gives the result. $\\boxed{@y}$",
)
# By set: announcements of a value in LaTeX.
LATEX: Mapping[str, Sequence[str]] = {
    "one": (
        "The final answer is @x.",
        "The answer is @x.",
        r"\boxed{@y}",
        r"So the answer is $\boxed{@y}$.",
        "@x",
        "Therefore, the answer is @x.",
        "Step 1 gives @z. Step 2 gives @z.\nThe final answer is @x.",
        "答案是 @x。",
        "**Answer:** @x",
        "Final Answer: The final answer is @x. I hope it is correct.",
        "$$@y$$",
        "所以答案为 @x。",
    ),
    "two": (
        "We end up with @x.",
        "Our result is @x.",
        "Hence we obtain @x as the answer.",
        r"\[\boxed{@y}\]",
        "After some algebra involving $@z$ and $@z$, everything collapses to @x.",
        "Answer:\n\n@x",
        "This evaluates to @x, and we are done.",
        "The correct value turns out to be @x.",
        "First, $@z$ appears; then $@z$. Final result: @x",
        "In conclusion: @x",
        "### Solution\nCount the cases: $@z$.\n\n### Answer\n@x",
        "最终得到 @x。",
        "综上，结果是 @x。",
        "经过化简，可得 @x，即为所求。",
        r"Thus the requested quantity is \(@y\).",
        r"\[ @y \]",
        "<answer>@x</answer>",
        "So what we want is @x (the other root, $@z$, does not count).",
        "@x is the answer.",
        r"The final answer: $\fbox{@y}$",
        r"Hence, $\boxed{\displaystyle @y}$ is what we were looking for.",
    ),
    "three": free_three.SAID_LATEX,
    "four": free_four.SAID_LATEX,
}
# By set: announcements of a value in words.
WORDS: Mapping[str, Sequence[str]] = {
    "one": (
        "The final answer is @x.",
        "The answer is @x.",
        "So the answer is @x.",
        "Answer: @x",
        "We know $@z$. Therefore, the answer is @x.",
    ),
    "two": (
        "We end up with @x.",
        "The result is @x.",
        "In conclusion: @x",
        "After using $@z$ we see that the result is @x.",
        "My final answer: @x",
        "Hence, what we want is @x.",
        "Final Answer\n\n@x",
    ),
    "three": free_three.SAID_WORDS,
    "four": free_four.SAID_WORDS,
}
