"""Set four, second part: what is taken back, rejected, hedged, refused, said again or goes on. Marks: `forms.py`."""

from __future__ import annotations

CORRECTIONS = {
    "zh": (
        "答案是 @w。抱歉，我刚才算错了。正确答案是 @v。",
        "结果是 @w。不好意思，上面的计算有错误，重新计算：@e = @v",
        "@e = @w，哦不对，应该是 @v。",
        "等等，我之前得到的 @w 是错误的，正确的结果是 @v。",
        "对不起，之前的答案 @w 有误。更正后的答案为 @v。",
        "@s是 @w……等一下，让我再算一遍。@e = @v，所以@s是 @v。",
        "所以答案是 @w。\n\n嗯，等等，符号好像弄反了。再来一次：\n\n所以答案是 @v。",
        "我重新检查了一下，前面的 @w 不正确，最终答案是 @v。",
    ),
    "en": (
        "The answer is @w. Wait, let me recalculate. The answer is @v.",
        "The answer is @w. Apologies, I made an error. The correct answer is @v.",
        "@e = @w. Hmm, that doesn't look right. Let me try again: @e = @v.",
        "I apologize for the mistake: it is not @w. The correct result is @v.",
        "So we get @w. Wait, I dropped a digit. So we get @v.",
        "Earlier I said @w, but that was incorrect; the answer is @v.",
        "Answer: @w\n\nOops, I made a mistake. Answer: @v",
        "My initial answer of @w was wrong. The correct @s is @v.",
    ),
}
REJECTS = {
    "zh": (
        "答案应该是 @v，而不是 @w。",
        "注意@s不等于 @w，正确的是 @v。",
        "有同学会得到 @w，这是常见错误，正确答案为 @v。",
        "@w 是错误答案，正确答案是 @v。",
        "答案：@v（注意：不要写成 @w）",
        "如果忽略了小数点，会误得 @w；实际上@s为 @v。",
        "结果不是 @w，是 @v。",
    ),
    "en": (
        "The correct answer is @v, not @w.",
        "Some students get @w, which is a common mistake; the correct answer is @v.",
        "@w is incorrect. The correct answer is @v.",
        "The answer is @v (be careful not to write @w).",
        "It may look like @w, but the true value is @v.",
        "The @s is not @w but @v.",
        "Ignoring the decimal point would give @w, but the answer is @v.",
    ),
}
DOUBLES = {
    "zh": (
        "答案是 @v 或 @w。",
        "结果可能是 @v，也可能是 @w。",
        "@s大于 @v。",
        "@s约在 @v 和 @w 之间。",
        "@s至少为 @v。",
        "@s小于 @v，大于 @w。",
        "答案应该不超过 @v。",
        "有两个可能的答案：@v 和 @w。",
        "正确答案不是 @v。",
        "我不确定，可能是 @v，也可能是 @w。",
    ),
    "en": (
        "The answer is either @v or @w.",
        "The @s is greater than @v.",
        "The @s is somewhere between @v and @w.",
        "It is at least @v.",
        "The @s must be less than @v.",
        "There are two possible answers: @v and @w.",
        "The final answer is not @v.",
        "The answer might be @v or @w, depending on rounding.",
        "The @s is more than @v.",
        "It could be @v, or @w.",
    ),
}
REFUSALS = {
    "zh": (
        "对不起，我无法计算这个问题。",
        "抱歉，我是一个语言模型，不能保证计算结果，请使用计算器。",
        "很抱歉，题目信息不足，无法得出答案。",
        "这个问题无法解答，因为缺少条件。",
        "我还不会做这道题。",
    ),
    "en": (
        "I'm sorry, but I cannot calculate this.",
        "As an AI language model, I can't perform this calculation exactly.",
        "There is not enough information to answer the question.",
        "I don't know the answer.",
        "Sorry, I am unable to solve this problem.",
    ),
}
SUPPOSITIONS = {
    "zh": (
        "假设答案是 @w，代入后不成立，所以答案是 @v。",
        "如果结果是 @w，那么与 @a 矛盾。因此，结果是 @v。",
        "先估计大约是 @w，但精确计算得到 @v。",
        "我一开始以为是 @w，后来发现答案是 @v。",
        "粗略估算约为 @w。精确计算后，@s为 @v。",
    ),
    "en": (
        "Suppose the answer were @w; this contradicts @a. So the answer is @v.",
        "If the result were @w, something would be off. Therefore, the result is @v.",
        "A rough estimate is @w, but the exact @s is @v.",
        "At first I thought it was @w, but the answer is @v.",
        "Let's guess @w first. That doesn't work. The answer is @v.",
    ),
}
ECHOES = {
    "zh": (
        "@p\n答案是 @v",
        "题目：@q\n\n解答：@e = @v",
        "问题是“@p”。答案是 @v。",
        "@q\n@v",
        "你问的是：@p\n\n答案：@v",
        "问：@p\n答：@v",
        "@p@v",
        "### 问题\n@q\n\n### 答案\n@v",
        "@q\n\n让我们一步一步来思考。@e = @v\n\n因此，答案是 @v。",
    ),
    "en": (
        "@p\nThe answer is @v",
        "Question: @q\n\nAnswer: @v",
        "You asked: @p\n\nThe answer is @v.",
        "@q\n\n@v",
        "Q: @p\nA: @v",
        "The question is: @p The answer is @v.",
        "### Problem\n@q\n\n### Solution\n@e = @v",
        "@q\n\nLet's think step by step. The answer is @v.",
    ),
}
EXAMPLES = (
    ("Question: ", "Let's think step by step\nAnswer: ", "\n\n"),
    ("Q: ", "A: ", "\n\n"),
    ("Q：", "A：", "\n"),
    ("### Question:\n", "### Answer:\n", "\n\n"),
    ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>\n"),
    ("题目：", "解：", "\n\n"),
    ("[Problem]\n", "[Solution]\n", "\n\n---\n\n"),
    ("用户：", "机器人：", "\n"),
    ("Human: ", "Assistant: ", "\n\n"),
)
RUNS_ON = {
    "zh": (
        "\n\n问题：@X\n答案为：@Y",
        "\n题目：@X\n解：@Y",
        "\n\n@X\n@Y",
        "\n\n### 问题：\n@X\n\n### 回答：\n@Y",
        "\n<|im_end|>\n<|im_start|>user\n@X<|im_end|>\n<|im_start|>assistant\n答案是 @Y。",
        "\n\n用户：@X\n助手：@Y",
        "\n\n2. @X\n答案：@Y",
        "</s>\n@X @Y",
    ),
    "en": (
        "\n\nQ: @X\n\nA: @Y",
        "\n\nQuestion: @X\n\nAnswer: @Y",
        "\n\n@X\nThe answer is @Y.",
        "\n\nHuman: @X\nAssistant: The answer is @Y.",
        "\n\n### Instruction:\n@X\n\n### Output:\n@Y",
        "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n@X<|eot_id|>@Y",
        "\n\nProblem 2: @X\nSolution: @Y",
    ),
}
UNFINISHED = {
    "zh": (
        "首先，我们需要",
        "因此，我们可以得到",
        "步骤 1：取 @a 和 @b。\n步骤 2：",
        "所以答案是",
        "让我们先把 @a 写成",
    ),
    "en": (
        "First, we need to",
        "So the answer is",
        "Step 1: Take @a and @b.\nStep 2:",
        "Therefore, the @s is",
        "Let x =",
    ),
}
CLOSERS = {
    "zh": (
        "\n\n希望这能帮到你！",
        "如果您还有其他问题，请随时告诉我。",
        "\n\n如果你需要更详细的步骤，我可以分 3 步为你讲解。",
        "\n\n祝你学习进步！",
        "\n\n以上就是完整的解题过程。",
        "\n\n注意：以上计算仅供参考。",
    ),
    "en": (
        "\n\nI hope this helps!",
        " Let me know if you have any other questions.",
        "\n\nIs there anything else you'd like to know?",
        "\n\nIf you'd like, I can walk you through the 3 steps in more detail.",
        " Hope that helps! 😊",
        "\n\nNote: results may differ slightly due to rounding.",
    ),
}
