"""Set one of the forms of choice replies: may be read while a reader is written.

@L is the letter that a reply names, @T its option's text; @M @U another's and @K @S a third's; @Q the question, @O all
options. `NAMED` name @L, `NOTHING` name no single option. A list form is (before, line of @L, line of others, between,
behind); in its lines @I is the letter and @X the text.
"""

from __future__ import annotations

Replies = dict[str, tuple[str, ...]]

NAMED: dict[str, Replies] = {
    "naming": {
        "zh": (
            "@L",
            "@L.",
            "答案是@L",
            "答案：@L",
            "答案为 @L。",
            "选@L",
            "故选@L。",
            "正确答案是@L。",
            "答：@L",
            "答案选项为@L",
            "The right option is @L.",
            "（@L）@T",
            "@L、@T",
            "@L. @T",
            "【答案】@L",
            "所以答案应该选@L",
        ),
        "en": (
            "@L",
            "@L.",
            "(@L)",
            "The answer is @L.",
            "Answer: @L",
            "The right option is @L.",
            "The correct answer is (@L).",
            "Option @L: @T",
            "@L. @T",
            "most likely @L",
            "The correct answer is therefore @L.",
            "Ans: @L",
            "=> @L",
            "I choose @L.",
            "Antwort: @L",
            "My choice would be @L",
        ),
    },
    "layout": {
        "zh": (
            "<answer>@L</answer>",
            '{"answer": "@L"}',
            "**@L**",
            r"\boxed{@L}",
            "**答案：@L**",
            "答案：\n@L",
            "@L\n\n解析：略。",
        ),
        "en": ("<answer>@L</answer>", '{"answer": "@L"}', "**@L**", r"$\boxed{@L}$", "**Answer: @L**", "Answer:\n@L"),
    },
    "reason": {
        "zh": ("选@L，因为@T符合题意。", "答案是@L，因为@M是错误的。", "只有选项@L是对的。", "@L。@M不符合题意。"),
        "en": (
            "@L because @M is wrong",
            "The answer is @L because I checked a map.",
            "The answer is @L. Note that @M is a common distractor.",
        ),
    },
    "hard: correction": {
        "zh": ("不应该选@M，应该选@L。", "答案不是@M，是@L。", "答案是@M。不对，答案是@L。"),
        "en": (
            "The answer is @M. Wait, that is wrong. The answer is @L.",
            "I considered (@M), but it is incorrect. Final answer: @L.",
            "I think @M is wrong. The correct answer is @L",
        ),
    },
    "hard: elimination": {
        "zh": ("排除@M、@K，选@L", "@M和@K都错，所以选@L"),
        "en": ("Answer @M can be eliminated. The answer is @L.", "Option @M is too broad. @L is correct."),
    },
    "hard: supposition": {
        "zh": ("假设答案是@M，则矛盾。所以答案是@L。",),
        "en": ("Is the answer @M? No. The answer is @L.", "If @M were true, it would rain. So the answer is @L."),
    },
    "hard: letters of words": {
        "zh": ("人选很多，但答案是@L。", "首选方案不可行，选@L。", "这与A股无关，答案是@L。"),
        "en": ("A river flows here. The answer is @L.", "Vitamin C plays no role. The answer is @L."),
    },
    "option text": {
        "zh": ("应该是@T。", "@T"),
        "en": ("I would say @T", "@T", "The answer is @T."),
    },
    "runs on": {
        "zh": (
            "答案：@L\n\n题目：下面哪个是河？\nA. 东河\nB. 西山\n答案：@M",
            "@L\nQuestion: 下一题 \nA.甲\nB.乙\n答案：@M",
        ),
        "en": (
            "The right option is @L.\nQuestion: Which one? \nA.x\nB.y\nThe right option is @M.",
            "@L\n\nQuestion: Who? \nA.x\n@M",
        ),
    },
}
NOTHING: dict[str, Replies] = {
    "hedge": {
        "zh": ("@L和@M中的一个", "@L和@M都是正确的。", "答案是@L或@M"),
        "en": ("(@L) @T or (@M) @U", "The answer is @L or @M.", "Both @L and @M are correct."),
    },
    "refusal": {
        "zh": ("无法确定", "我不知道。", "抱歉，我不能回答。"),
        "en": ("I don't know.", "ANSWER: Don't know", "I cannot answer this question."),
    },
    "rejection alone": {"zh": ("答案不是@L。", "@L是错误的。"), "en": ("The answer is not @L.", "@L is wrong.")},
}
LISTS: dict[str, tuple[tuple[str, str, str, str, str], ...]] = {
    "zh": (("", "@I. 正确", "@I. 错误", "\n", ""), ("", "@I. @X：正确", "@I. @X：错误", "\n", "")),
    "en": (("", "@I. Correct", "@I. Incorrect", "\n", ""), ("", "(@I) @X - true", "(@I) @X - false", "\n", "")),
}
# How an example of a few-shot prompt is repeated: question, options' style, answer.
ECHOES = (("Question: {q}\n{o}\nAnswer: {a}", "{}. {}"), ("题目：{q}\n{o}\n答案：{a}", "{}. {}"))
