"""Set one of natural conclusions and remarks, as models write prose. Marks: see `forms.py`."""

from __future__ import annotations

LEADS = {
    "zh": (
        "",
        "",
        "好的，我们来解这道题。",
        "这是一道关于@s的题目。",
        "我们可以直接用公式计算。代入 @a 和 @b 即可。",
        "先把题目中的数据列出来：@a，@b。",
    ),
    "en": (
        "",
        "",
        "Sure, let's solve this.",
        "To find the @s, we use the numbers in the question.",
        "We are given @a and @b. ",
        "This is a straightforward calculation with @a.",
    ),
}
CONCLUSIONS = {
    "zh": (
        "所以@s就是 @v。",
        "因此最后的答案应该是 @v。",
        "也就是说，@s等于 @v。",
        "由此可见，答案为 @v。",
        "这样我们就得到了@s：@v。",
        "通过计算，我们得出结果为 @v。",
        "最终，我们可以得到答案 @v。",
        "于是答案就是 @v 了。",
        "所以，这道题的答案是@v。",
        "经过计算，@s约为 @v。",
        "计算可知@s是 @v。",
        "因此，@e 的值是 @v。",
        "综上所述，答案是 @v。",
        "所以我们的答案是 @v。",
        "那么@s应为 @v。",
    ),
    "en": (
        "So the @s is @v.",
        "Therefore, the final answer is @v.",
        "This means that the @s equals @v.",
        "As a result, the answer is @v.",
        "So we have found the @s: @v.",
        "After calculating, we obtain @v.",
        "In the end, the answer is @v.",
        "Thus, the answer to the question is @v.",
        "That means the answer is @v.",
        "The @s is approximately @v.",
        "Hence @e is @v.",
        "To sum up, the answer is @v.",
        "So our answer is @v.",
        "The @s should be @v.",
        "Therefore the @s would be @v.",
    ),
}
REMARKS = {
    "zh": (
        "",
        "",
        "这个结果是合理的。",
        "注意，这里没有使用计算器。",
        "如果你需要保留 2 位小数，可以再四舍五入。",
        "（题中第一个数为 @a。）",
        "其中 @a 是题目给出的。",
        "希望这能帮到你！",
    ),
    "en": (
        "",
        "",
        "This is a reasonable result.",
        "Note that no calculator was used.",
        "If you need 2 decimal places, you can round it.",
        "(The first number was @a.)",
        "Here @a was given in the question.",
        "I hope that helps!",
    ),
}
