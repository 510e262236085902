"""The hard kinds of set three of the choice replies. Marks: see `choice_one.py`."""

from __future__ import annotations

from benchmarks.made_answers.choice_one import Replies

HARD: dict[str, Replies] = {
    "hard: correction": {
        "zh": (
            "答案选@M。抱歉，我看错了题目，正确答案应该是@L。",
            "~~@M~~ @L",
            "初选@M，复查后改选@L。",
            "正确答案是@M……等等，重新审题后，正确答案是@L。",
            "\\boxed{@M}\n\n重新考虑后，最终答案为 \\boxed{@L}",
            "我刚才说的@M不正确，正确选项是@L。",
            "起初我倾向于@M，仔细分析后，答案应为@L选项。",
        ),
        "en": (
            "The answer is @M. Apologies, I misread the question. The correct answer is @L.",
            "~~@M~~ @L",
            "\\boxed{@M}\n\nLet me reconsider. The final answer is \\boxed{@L}.",
            "First I picked @M, but after rereading I changed my answer to @L.",
            "Initial guess: @M. Final answer after review: @L.",
            "I said @M earlier; that was a mistake, and the correct option is @L.",
            "Wait, @M doesn't work. So the answer is @L.",
        ),
    },
    "hard: elimination": {
        "zh": (
            "逐一排除：@M与题意无关，@K自相矛盾。答案是@L。",
            "排除法：去掉@M和@K，答案选@L。",
            "@M错在时间，@K错在地点，@L正确。",
            "由题意可排除选项@M、选项@K，故选@L项。",
            "既不是@M也不是@K，而是@L。",
            "除了@L，其他选项都不成立。",
        ),
        "en": (
            "By elimination: @M is off-topic, @K is false. The answer is @L.",
            "We can rule out options @M and @K. Therefore, the correct option is @L.",
            "@M is wrong because of the date; @K is wrong because of the place; @L is right.",
            "Everything except @L can be excluded.",
            "Crossing out @M and @K, I am left with @L.",
            "(@M) fails, (@K) fails, (@L) holds.",
            "All options other than @L are incorrect.",
        ),
    },
    "hard: supposition": {
        "zh": (
            "假如@M成立，那么题干就说不通了，所以答案为@L。",
            "若选@M，则与常识不符；若选@L，则一切吻合。故选@L。",
            "是@M吗？题干并未提及。所以答案是@L。",
            "倘若没有第二个条件，@M也行；有了它，只有@L行。",
            "就算@M看起来合理，它也答非所问，正确答案是@L。",
        ),
        "en": (
            "If @M were correct, the second sentence would make no sense. Hence the answer is @L.",
            "Could it be @M? The text does not say so. The correct answer is @L.",
            "Without the second condition @M would do; with it, only @L does.",
            "Let's test @M: it fails. Let's test @L: it works. The answer is @L.",
            "Had the question asked about the past, @M would be the answer; as it stands, the answer is @L.",
            "Even if @M sounds plausible, it is not what is asked. Option @L is.",
        ),
    },
    "hard: comparison": {
        "zh": (
            "@M虽有一定道理，但不如@L全面，故答案为@L。",
            "与@M相比，@L更符合题意。",
            "@L和@M的区别在于范围，题目要求的是@L。",
            "@M只对了一半，@L完全正确。",
            "最符合的不是@M而是@L。",
            "@M是上一题的答案，本题的答案是@L。",
        ),
        "en": (
            "@M is partly true, but @L is the most complete answer.",
            "Compared with @M, @L fits the question better.",
            "@L is a better answer than @M.",
            "While @M comes close, the correct answer is @L.",
            "The difference between @M and @L is the scope; the question asks for @L.",
            "@M is only half right, whereas @L is entirely right.",
        ),
    },
    "hard: letters of words": {
        "zh": (
            "A4纸上写的是题目，答案应为@L选项。",
            "C语言课上讲过，因此正确选项是@L",
            "T恤、K歌都与题目无关，最终答案：@L",
            "他坐在D座，看的是B站视频，本题的正确选项是@L",
            "候选人甲落选，乙当选，答案应为@L选项。",
            "选修课与题目无关，我的选择是@L。",
            "GDP和CPI都不必考虑，参考答案：@L",
        ),
        "en": (
            "A closer look at the map helps. The correct option is @L.",
            "I am sure of this one. The correct answer is **@L**.",
            "Team B lost to Team C in the final. The right answer here is @L.",
            "In grade A schools this is taught early. Option @L is correct.",
            "The U.S. and the E.U. have nothing to do with it. So the answer should be @L.",
            "Mr. D. Jones wrote the textbook. Final choice: @L",
            "As a rule, a river ends in a sea. Answer is @L",
            "Exhibit A and Appendix B are missing, yet the correct option is @L.",
        ),
    },
    "hard: thinking": {
        "zh": (
            "<think>\n好像是@M……不对，再看题干，应该选别的。\n</think>\n\n最终答案：@L",
            "<think>@K可以排除，@M也许对。</think>\n本题的正确选项是@L",
            "<think>\n比较@M和@K，@M更像？\n</think>\n<answer>@L</answer>",
            "让我想想：@M？@K？都不像。\n\n### 最终答案\n@L",
        ),
        "en": (
            "<think>\nOkay, so @M or @K? Perhaps @M. Hmm, the passage says otherwise.\n</think>\n\n"
            "The correct option is @L.",
            "<think>I lean towards @M.</think>\n<answer>@L</answer>",
            "<think>The answer is @M. Wait, that ignores the passage.</think>\n\\boxed{@L}",
            "Thinking aloud: @M? Not quite. @K? No.\n\n**Final answer: @L**",
        ),
    },
    "hard: options said again": {
        "zh": (
            "@Q\n答案：@L",
            "我们来看各个选项：\n@O\n\n综上，正确答案是@L。",
            "题目有选项@Oi，其中正确的是@L。",
            "问题重述：\n@Q\n\n分析之后，@L选项正确。",
        ),
        "en": (
            "@Q\nAnswer: @L",
            "Let's consider the choices:\n@O\n\nThe correct option is @L.",
            "The choices are @Oi; the right one is @L.",
            "Here is the question again:\n@Q\n\nI would choose option @L.",
            "Looking at:\n@O\nonly @L holds up.",
        ),
    },
}
