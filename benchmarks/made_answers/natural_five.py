"""Set five of natural conclusions and remarks: written after the reader was last improved. Marks: see `forms.py`."""

from __future__ import annotations

LEADS = {
    "zh": (
        "",
        "",
        "题目给出了 @a 和 @b，让我们求@s。",
        "我来算一下。\n\n",
        "先观察数据：@a 与 @b。估一估，@A + @B = @m。",
        "把式子整理一下，可得 @j。\n",
        "这类题分 2 步就够了。",
    ),
    "en": (
        "",
        "",
        "The problem gives @a and @b and asks for the @s. ",
        "Let me work this out.\n\n",
        "Looking at @a and @b, I expect something near @A + @B = @m. ",
        "After rearranging we have @j.\n",
        "Two steps are enough here. ",
    ),
}
CONCLUSIONS = {
    "zh": (
        "算完之后，@s是 @v。",
        "所以我得到的结果是 @v。",
        "这样一来，@s就等于 @v。",
        "最后的@s是 @v。",
        "计算表明，@s为 @v。",
        "于是答案为 @v。",
        "所以最终@s = @v。",
        "结果正好是 @v。",
        "依此计算，@s应当是 @v。",
        "我最终得出的答案是 @v。",
        "@e 算下来等于 @v。",
        "因此可以断定@s是 @v。",
    ),
    "en": (
        "When the dust settles, the @s is @v.",
        "So my result is @v.",
        "Working it through, the @s is @v.",
        "From this we see that the @s is @v.",
        "It follows that the @s equals @v.",
        "The final figure is @v.",
        "So in total we get @v.",
        "The calculation shows the @s to be @v.",
        "Hence I arrive at @v.",
        "The answer works out to @v.",
        "In other words, the @s is @v.",
        "So the correct @s is @v.",
    ),
}
REMARKS = {
    "zh": (
        "",
        "",
        "有不懂的地方可以再问我。",
        "其中 @j 是过程量。",
        "一共 2 个步骤。",
        "用到的数据是 @a 和 @b。",
        "请注意单位和符号。",
    ),
    "en": (
        "",
        "",
        "Ask me if something is unclear.",
        "Here @j was a value along the way.",
        "That took 2 steps.",
        "The data used were @a and @b.",
        "Mind the units and the sign.",
    ),
}
