"""Set five, second part: what is taken back, rejected, hedged, refused, said again or goes on. Marks: `forms.py`."""

from __future__ import annotations

CORRECTIONS = {
    "zh": (
        "答案是@w。\n刚才的计算有误，正确结果为 @v。",
        "@s是 @w。不对，应该是 @v。",
        "得到 @w。重新检查后发现算错了，答案应改为 @v。",
        "结果为 @w，更正：结果为 @v。",
        "答案：@w\n\n（更正）答案：@v",
    ),
    "en": (
        "The answer is @w. Correction: the answer is @v.",
        "So the @s is @w. No, that is wrong; it is @v.",
        "We get @w. On second thought, that is a mistake. The @s is @v.",
        "Result: @w\nActually, the result is @v.",
        "The @s is @w. Sorry, I misread a digit. The @s is @v.",
    ),
}
REJECTS = {
    "zh": (
        "正确答案是 @v，不是 @w。",
        "@s是@v，@w是算错的结果。",
        "不少人会错算成 @w，其实答案是 @v。",
        "@w 不对，@v 才对。",
        "答案为 @v，千万别写成 @w。",
    ),
    "en": (
        "The result is @v rather than @w.",
        "@w would be wrong; the answer is @v.",
        "Many people wrongly get @w, but the @s is @v.",
        "The answer is @v and not @w.",
        "Do not answer @w: the correct value is @v.",
    ),
}
DOUBLES = {
    "zh": (
        "答案要么是 @v，要么是 @w。",
        "@s可能等于 @v。也可能等于 @w。",
        "@s比 @v 还要大。",
        "@s在 @w 到 @v 之间。",
        "结果不小于 @v。",
        "答案不等于 @v。",
        "大概是 @v 或者 @w 吧。",
    ),
    "en": (
        "It is @v or @w.",
        "The answer lies between @v and @w.",
        "The @s certainly exceeds @v.",
        "The @s is at most @v.",
        "Possible answers are @v and @w.",
        "The answer is anything but @v.",
        "Perhaps @v, perhaps @w.",
    ),
}
REFUSALS = {
    "zh": (
        "这个我算不出来。",
        "对不起，我没有办法回答这个问题。",
        "题目条件不够，不能求出结果。",
        "我不清楚答案是什么。",
    ),
    "en": (
        "I am not able to answer this.",
        "Sorry, this cannot be determined from what is given.",
        "I have no idea what the answer is.",
        "I can't do this calculation without a calculator.",
    ),
}
SUPPOSITIONS = {
    "zh": (
        "如果答案是 @w，就与题意不符；答案是 @v。",
        "假如@s为 @w，则不成立。所以@s为 @v。",
        "我先猜是 @w，验证后不对，答案是 @v。",
        "估计在 @w 左右，准确的@s是 @v。",
    ),
    "en": (
        "If the answer were @w, the units would not fit. The answer is @v.",
        "Assume it is @w. This fails. So the @s is @v.",
        "My first guess was @w, but the @s is @v.",
        "An estimate gives @w; the precise answer is @v.",
    ),
}
ECHOES = {
    "zh": (
        "@q 答案是 @v。",
        "“@p”的答案是 @v。",
        "题：@p\n解答：@v",
        "@p\n\n解：@e = @v",
        "针对问题：@q\n\n最终答案：@v",
        "我们要解决的问题是：@p\n结果为 @v。",
    ),
    "en": (
        "@q The answer is @v.",
        "The problem says: @p\n\nAnswer: @v",
        "@p\n\nSolution: @e = @v",
        "Regarding “@q”: the answer is @v.",
        "Task: @p\nAnswer: @v",
    ),
}
EXAMPLES = (
    ("问题：", "回答：", "\n\n"),
    ("Problem: ", "Solution: ", "\n\n"),
    ("### 问题：\n", "### 答案：\n", "\n\n"),
    ("Question: ", "Answer: ", "\n"),
    ("问：", "答：", "\n\n"),
    ("[INST] ", " [/INST] ", " </s>\n"),
)
RUNS_ON = {
    "zh": (
        "\n\n问：@X\n答：@Y",
        "\n### 指令：\n@X\n### 回答：\n@Y",
        "\n\n下一题：@X\n答案是 @Y。",
        "<|im_end|>\n<|im_start|>user\n@X",
        "\n\n练习：@X\n解：@Y",
    ),
    "en": (
        "\n\nNext question: @X\nAnswer: @Y",
        "\n\nUser: @X\nAssistant: The answer is @Y.",
        "</s>\nQuestion: @X\nAnswer: @Y",
        "\n\nExercise 2: @X\nThe answer is @Y.",
        "<|endoftext|>@X\n\nAnswer: @Y",
    ),
}
UNFINISHED = {
    "zh": ("那么，答案就是", "解：设", "我们先来看 @a 和 @b，", "第一步：把 @a 和 @b 代入，得到", "@e ="),
    "en": ("The answer will be", "Let us begin with @a and", "Now we compute @e =", "Hence the @s is equal to"),
}
CLOSERS = {
    "zh": (
        "\n\n如有疑问，欢迎再问。",
        " 希望我的解答对你有用。",
        "\n\n以上 3 步就是全部过程。",
        "\n\n加油，下次你也能做对！",
    ),
    "en": (
        "\n\nHope this makes sense!",
        " Please let me know if anything is unclear.",
        "\n\nThat completes all 3 steps.",
        "\n\nHave a great day!",
    ),
}
