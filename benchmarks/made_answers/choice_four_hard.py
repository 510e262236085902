"""The hard kinds of set four of the choice replies: held out. Marks: see `choice_one.py`."""

from __future__ import annotations

from benchmarks.made_answers.choice_one import Replies

HARD: dict[str, Replies] = {
    "hard: correction": {
        "zh": (
            "答案是@M。等等，我再看一下题目，答案应该是@L。",
            "答案是@M。不对，应该是@L。",
            "抱歉，之前的回答@M有误，正确答案是@L。",
            "我之前选了@M，这是错误的。正确答案是@L。",
            "@M……不，应该是@L。",
            "正确答案是@M。更正：正确答案是@L。",
        ),
        "en": (
            "The answer is @M. Wait, let me reconsider. The answer is @L.",
            "The answer is @M. Actually, no, it's @L.",
            "I apologize for the confusion. The correct answer is @L, not @M.",
            "I initially chose @M, but that was wrong. The correct answer is @L.",
            "@M. Hmm, no. @L.",
            "Answer: @M\n\nCorrection: Answer: @L",
        ),
    },
    "hard: elimination": {
        "zh": (
            "@M不符合题意，排除；@K也不对，排除。因此选@L。",
            "首先可以排除@M和@K，剩下的选项中@L最合适，所以选@L。",
            "@M错误，@K错误，因此正确答案是@L。",
            "排除@M、@K，故选@L。",
            "选项@M与文章内容相反，选项@K文中没有提到，所以正确选项为@L。",
        ),
        "en": (
            "@M can be eliminated, and so can @K. The answer is @L.",
            "Options @M and @K are incorrect. Therefore, the correct answer is @L.",
            "We can rule out @M and @K, which leaves @L.",
            "It can't be @M, because the text says otherwise. It can't be @K either. So it must be @L.",
            "Eliminating @M and @K, we are left with option @L.",
            "@M is wrong. @K is wrong. The answer is @L.",
        ),
    },
    "hard: supposition": {
        "zh": (
            "如果选@M，就与材料矛盾，所以选@L。",
            "假设答案是@M，那么与题意不符。因此答案是@L。",
            "有人可能会选@M，但正确答案是@L。",
            "乍一看@M似乎是对的，但实际上答案是@L。",
        ),
        "en": (
            "If the answer were @M, the text would say so. Therefore, the answer is @L.",
            "You might think the answer is @M, but it is actually @L.",
            "At first glance @M seems right, but the correct answer is @L.",
            "Suppose it is @M. That contradicts the passage. So the answer is @L.",
        ),
    },
    "hard: comparison": {
        "zh": (
            "@M和@L都有道理，但@L更准确，所以选@L。",
            "与@M相比，@L更符合题意，答案是@L。",
            "虽然@M也有一定道理，但最佳答案是@L。",
            "@L比@M更合适，因此选择@L。",
        ),
        "en": (
            "Both @M and @L are plausible, but @L is the better answer.",
            "@L is a better fit than @M, so the answer is @L.",
            "While @M is also reasonable, the best answer is @L.",
            "Compared with @M, option @L is more accurate. The answer is @L.",
        ),
    },
    "hard: letters of words": {
        "zh": (
            "这是B站上的一道题，答案是@L。",
            "A同学说选@M，其实正确答案是@L。",
            "维生素C和这道题没有关系，答案是@L。",
            "用AI分析后，答案是@L。",
            "从A到D逐个看，正确答案是@L。",
        ),
        "en": (
            "A closer look at the text shows that the answer is @L.",
            "I think that the answer is @L. I am sure.",
            "A good plan is to compare all options. The correct answer is @L.",
            "Plan B was never mentioned. The correct option is @L.",
            "As an AI, I would say the answer is @L.",
            "A careful reader will notice that @L is correct.",
        ),
    },
    "hard: thinking": {
        "zh": (
            "<think>\n答案可能是@M。再看看，@K也不对。应该是@L。\n</think>\n\n答案：@L",
            "<think>@M？不是。</think>@L",
            "思考：@M看起来不错，但是不够准确。\n结论：选@L",
        ),
        "en": (
            "<think>\nThe answer could be @M. But no, @K is also off. So @L.\n</think>\n\nThe answer is @L.",
            "<think>@M? No.</think>@L",
            "Thought: @M looks fine, but it is not precise.\nConclusion: the answer is @L",
        ),
    },
    "hard: options said again": {
        "zh": (
            "@Q\n\n正确答案是@L。",
            "题目的选项有：\n@O\n\n根据题意，正确的是@L。",
            "题目：@Q\n\n分析：需要找到与题意一致的选项。\n\n答案：@L",
        ),
        "en": (
            "@Q\n\nThe correct answer is @L.",
            "The options are:\n@O\n\nBased on the text, the answer is @L.",
            "Question: @Q\n\nLet's think step by step. The answer is @L.",
        ),
    },
}
