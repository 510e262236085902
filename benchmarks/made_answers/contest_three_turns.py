"""Set three, second part: what is taken back, rejected, supposed, left open; echoes and other questions behind."""

from __future__ import annotations

CORRECTIONS = {
    "zh": (
        "@e = @w？检查一下……算错了，应该等于 @v。",
        "~~@w~~ @v",
        "抱歉，前面的 @w 算错了，正确答案应该是 @v。",
        "结果是 @w。\n\n哎呀，看错了一位，结果应改为 @v。",
        "等等，@w 好像不对，让我重新计算。重新计算后得到 @v。",
        "首次计算：@w\n复核后：@v\n以复核后的为准。",
        "答案为@w\n\n经过复查，上面的答案有误，修正后的答案为@v。",
        "$\\boxed{@W}$\n\n不对，重新检查后应为 $\\boxed{@t}$",
        "@s是@w。哦不，抄错数了，@s是@v。",
    ),
    "en": (
        "The answer is @w... wait, no. I misread the number. It should be @v.",
        "~~@w~~ @v",
        "I apologize for the mistake above: @w is incorrect. The correct @s is @v.",
        "$\\boxed{@W}$\n\nOn second thought, I slipped. The corrected answer is $\\boxed{@t}$.",
        "So @e = @w. But wait, let me double-check that. Recomputing, I find @e = @v.",
        "Oops, not @w. I meant @v.",
        "Initial answer: @w\nRevised answer: @v",
        "We get @w. Hold on, I copied a number wrongly. Redoing it, we get @v.",
    ),
}
REJECTS = {
    "zh": (
        "正确的@s为 @v，@w 则是漏了一位。",
        "如果忘了处理符号，会误得 @w；实际上结果为 @v。",
        "@e ≠ @w，而是 @v。",
        "别被 @w 迷惑，真正的答案是 @v。",
        "你给出的 @w 有误，正解为 @v。",
        "答案为 @v（@w 是干扰项）。",
        "答案是@v，很多同学却误写成@w。",
    ),
    "en": (
        "@e ≠ @w; it equals @v.",
        "You might expect @w, but the answer is @v.",
        "The correct @s is @v; the value @w comes from a slip.",
        "The answer is @v instead of @w.",
        "Don't be fooled by @w: the true value is @v.",
        "Your value of @w is wrong. The correct one is @v.",
        "@v, as opposed to @w.",
    ),
}
DOUBLES = {
    "zh": (
        "答案可能是 @v 或者 @w 其中之一。",
        "@v 和 @w 里必有一个是对的。",
        "答案在 @w 到 @v 的范围里。",
        "是 @v？还是 @w？我拿不定主意。",
        "@s至少是 @v。",
        "结果不会是 @v。",
        "答案小于 @v。",
        "@s比 @v 大。",
        "@s至多为 @v",
        "答案一：@v；答案二：@w",
        "答案绝不是 @v！",
    ),
    "en": (
        "The answer could be @v, or it could be @w.",
        "It lies in the range from @w to @v.",
        "Answer 1: @v\nAnswer 2: @w",
        "The answer is more than @v.",
        "It is smaller than @v.",
        "The answer is definitely not @v.",
        "It should be at most @v.",
        "The @s exceeds @v.",
        "I'm torn between @v and @w.",
        "The @s is anything but @v.",
    ),
}
REFUSALS = {
    "zh": (
        "作为一个语言模型，我没法进行这样的精确计算。",
        "很抱歉，无法判断@s是不是 @v。",
        "条件不足，不能求出答案。",
        "请您把题目再发一遍，@a 后面的内容没有显示。",
        "这个我还没学过，不会做。",
        "缺少关键数据，所以没法给出@s。",
        "对不起，@a 和 @b 这样的数字超出了我的计算能力。",
    ),
    "en": (
        "I'm not able to evaluate this; please use a calculator.",
        "I can't determine the @s from @a and @b.",
        "I have no idea.",
        "Not enough data to say if it's @v.",
        "This question is unclear. Did you mean @a or @b?",
        "I'd need a calculator for @a.",
        "It is impossible for me to say whether @v is correct.",
    ),
}
SUPPOSITIONS = {
    "zh": (
        "先假定@s等于 @w，倒推得不到 @a，假定不成立。重新求解得 @v。",
        "试一试 @w：不满足。再试 @v：满足。所以取 @v。",
        "倘若答案为 @w，则 @a 应为 @j，与题目不符；故答案应为 @v。",
        "如果结果真是 @w，那么 @b 就多余了。实际结果为 @v。",
        "有没有可能是 @w？没有。@s只能为 @v。",
        "令结果为 @w，两边不等，舍去。答案为 @v。",
    ),
    "en": (
        "Say it were @w; then @a would have to be @j, which it isn't. So we are left with @v.",
        "Trying @w gives a mismatch. Trying @v gives a match. Answer: @v",
        "If one forgot a digit, one would get @w. Done right, it's @v.",
        "Is the @s @w? That can't be, since @b would not fit. The @s is @v.",
        "Suppose for a moment that @e = @w. That contradicts @a. In fact, @e = @v.",
        "Had we misread @a as @j, the result would be @w. With @a it is @v.",
    ),
}
ECHOES = {
    "zh": (
        "用户的问题是：@p\n我们直接计算：@e = @v",
        "“@q”——这道题的结果是 @v。",
        "问：@p 答：@v",
        "**题目**：@p\n\n**解**：@e = @v",
        "好的，题目是「@q」。\n其中@A加@B是多少呢？大约@m。最后的答案是@v。",
        "首先，我们复述一下题目：@p\n经过计算，答案为@v。",
        "@q @v",
        "# 问题\n@p\n\n# 解答\n@v",
        "<question>@p</question>\n<answer>@v</answer>",
    ),
    "en": (
        "Restating the problem: @p\n\nThe result is @v.",
        "**Problem.** @p\n\n**Solution.** @e = @v",
        "@q @v",
        "You asked: @q\nHere is the result: @v",
        "<question>@p</question>\n<answer>@v</answer>",
        'Let\'s tackle "@q" First, what would @A and @B make? Roughly @m. The precise result is @v.',
        "Prompt: @p\nCompletion: @v",
    ),
}
RUNS_ON = {
    "zh": (
        "\n\n再来一道：@X\n答：@Y",
        "\n\n类似题目：@X 答案是@Y。",
        "\n\nUser: @X\nAssistant: @Y",
        "<|endoftext|>@X\n@Y",
        "\n\n【例2】@X\n【解】@Y",
        "\n\n### 输入：\n@X\n\n### 输出：\n@Y",
        "\n\n问题2：@X\n答案2：@Y",
        "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n@X<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n@Y",
    ),
    "en": (
        "\n\nNext problem: @X\nThe answer is @Y.",
        "\n\n[INST] @X [/INST] @Y",
        "</s><s>@X @Y",
        "\n\nProblem 2: @X\nAnswer 2: @Y",
        "\n\nNow try this one: @X (It's @Y.)",
        "\n\nUser: @X\n\nAssistant: @Y",
        "\n\n### Input:\n@X\n\n### Output:\n@Y",
    ),
}
UNFINISHED = {
    "zh": (
        "让我们继续：把 @a 拆开，",
        "综上所述，最终答案为",
        "@s为 $\\boxed{",
        "<think>\n用户给了 @a 和 @b，我需要",
        "故所求的@s =",
        "下面进行第 2 步：将 @B 与",
    ),
    "en": (
        "Therefore, the final answer is",
        "The @s is $\\boxed{",
        "<think>\nOkay, so the user gives @a and @b. I need to",
        "The @s is about",
        "## Step 2: Combine @A and",
        "Continuing from @j, we multiply by",
    ),
}
