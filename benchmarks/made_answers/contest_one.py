"""Set one of the forms of contest answers: may be read while a reader is written. Marks: see `forms.py`."""

from __future__ import annotations

from benchmarks.made_answers.forms import Forms

FORMS = Forms(
    plain=("plain", "plain", "plain", "commas", "$", "minus sign", "negative"),
    special=("full width", "no zero", "negative", "万", "亿", "e", r"\times", "×10^", "words", "braced commas", "plus"),
    fractions=("/", "/", "frac", "dfrac", "mixed"),
    bare=("@v", "@v。", "@v.", "**@v**"),
    announce={
        "zh": (
            "答案是 @v",
            "答案是@v。",
            "答案为@v。",
            "答案：@v",
            "结果是 @v。",
            "所以答案是@v。",
            "因此，@e = @v。",
            "@e = @v",
            "@e=@v",
            "答案应该为@v。",
            "最终结果是 @v。",
            "∴ @e = @v",
            "所以，@s为@v。",
            "@s是 @v",
            "故答案为：@v.",
            "计算结果为@v",
            "答：@v。",
            "结果约为@v",
            "@e ≈ @v",
        ),
        "en": (
            "The answer is @v.",
            "@e = @v",
            "So the answer is @v.",
            "The @s is @v.",
            "Therefore, the answer (arabic numerals) is @v.",
            "The final answer is @v",
            "The answer would be @v.",
            "The final result is @v.",
            "So the @s is @v.",
            "Answer: @v",
            "Thus @e = @v.",
            "Hence, the result is @v.",
            "The answer is approximately @v.",
            "@e ≈ @v.",
        ),
    },
    layouts={
        "zh": (
            "**答案**\n\n@v",
            "<answer>@n</answer>",
            '{"result": "@n"}',
            "$$@t$$",
            "$$@E = @t$$",
            r"\boxed{@t}",
            r"答案是 $\boxed{@t}$。",
            "步骤 1：@a\n步骤 2：@j\n@v",
            "@n\n@n",
            "### 最终答案\n**@v**",
            "最终答案：\n@v",
            "计算过程略。\n#### @n",
        ),
        "en": (
            "# Answer\n\n@v",
            "<answer>@n</answer>",
            '{"answer": "@n"}',
            "$$@t$$",
            r"The answer is $\boxed{@t}$.",
            r"\[ @E = @t \]",
            "Step 1: @a\nStep 2: @j\n@v",
            "@n\n@n",
            "**Answer:** @v",
            "We are done.\n#### @n",
            "The final answer is:\n\n**@v**",
        ),
    },
    steps={
        "zh": (
            "首先代入 @a 和 @b。\n然后逐位计算，中间结果为 @j。\n",
            "步骤1：估算 @A 与 @B，大约是 @j。\n步骤2：精确计算。\n",
            "先算前一半得 @j，再算后一半得 @k。\n",
            "我们需要计算@s。第一步得 @j，第二步得 @k。",
            "1. 取 @a\n2. 取 @b\n3. 中间值 @j\n\n",
            "让我们一步一步来：@A + @B = @m。",
        ),
        "en": (
            "First, take @a and @b.\nThe intermediate value is @j.\n",
            "Step 1: estimate with @A and @B, which is about @j.\nStep 2: compute exactly.\n",
            "Let's think step by step. The first part gives @j, the second @k.\n",
            "1. Take @a\n2. Take @b\n3. Partial result: @j\n\n",
            "We know that @A + @B = @m. ",
        ),
    },
    checks={
        "zh": (
            "\n\n验算：反过来算得 @a，与题目一致。",
            "\n检查：@A + @B ≈ @m，大小合理。",
            "\n验证：代入后两边相等。",
        ),
        "en": (
            "\n\nCheck: going backwards we recover @a, so it is correct.",
            "\n\nCheck: @A and @B give roughly @j, which is close.",
            "\nTo check, estimate: @A + @B = @m.",
        ),
    },
    rounding={
        "zh": (
            "（保留@r位小数）",
            "，保留 @r 位小数。",
            "，精确到小数点后 @r 位",
            "，精确到 @R",
            "，四舍五入到 @R。",
            "（四舍五入保留@r位小数）",
        ),
        "en": (
            " (rounded to @r decimal places)",
            ", rounded to the nearest @R.",
            " (nearest @R)",
            " (@r d.p.)",
            " to @r decimal places.",
        ),
    },
    rounding_before={
        "zh": ("保留 @r 位小数，", "四舍五入到小数点后@r位："),
        "en": ("Rounded to @r decimal places, ", "To @r d.p.: "),
    },
    twice=("@e = @n ≈ @x", "@n ≈ @x", r"$@E = @t \approx @x$"),
    reasons={
        "zh": ("，因为 @A + @B ≈ @m。", "，因为题目给出了 @a 和 @b", "（已知 @a）", "，由 @j 得出"),
        "en": (" because @A + @B is about @m.", ", since @a and @b are given.", " for the number @a", " (from @j)"),
    },
    corrections={
        "zh": (
            "答案是 @w。等等，我算错了。答案是 @v。",
            "@e = @w，不对，应该是 @v。",
            "结果是@w。抱歉，更正一下，结果是@v。",
        ),
        "en": (
            "The answer is @w. Wait, that is wrong. The answer is @v.",
            "@e = @w. Sorry, I made a mistake: @e = @v.",
            "The result is @w. No, the result is @v.",
        ),
    },
    rejects={
        "zh": ("答案是 @v，而不是 @w。", "@v（而不是 @w）", "@e = @w 是错误的，应为 @v。", "不是@w，是@v"),
        "en": ("@v, not @w", "The answer is @v, not @w.", "@e = @w is wrong; it should be @v.", "Not @w but @v."),
    },
    doubles={
        "zh": ("@v 或 @w", "答案是 @v 或者 @w。", "答案不是 @v。", "结果大于 @v。", "答案在@v和@w之间"),
        "en": (
            "@v or @w",
            "The answer is @v or @w.",
            "The answer is between @v and @w.",
            "The answer is not @v.",
            "The answer is less than @v.",
            "The answer is at least @v.",
        ),
    },
    refusals={
        "zh": (
            "抱歉，我不能回答这个问题。",
            "我无法计算 @a 和 @b。",
            "我不知道答案是不是 @v。",
            "作为AI，我无法给出答案。",
        ),
        "en": (
            "I cannot solve this problem.",
            "Sorry, I can't work with @a and @b.",
            "I don't know whether the answer is @v.",
            "As an AI, I cannot do this.",
        ),
    },
    suppositions={
        "zh": (
            "如果答案是 @w，那么验算不成立。所以答案是 @v。",
            "假设@s是 @w，则矛盾。因此@s是 @v。",
        ),
        "en": (
            "Suppose the answer is @w. Then it does not fit. So the answer is @v.",
            "If the answer were @w, the check would fail. The answer is @v.",
        ),
    },
    echoes={
        "zh": (
            "@q\n答案是 @v。",
            "题目：@q\n解答：@v",
            "让我们来计算：\n@p\n答案是@v",
            "@p\n@e = @v",
            "问题：@p\n答案：@v",
            "我们要求@s。@A 加 @B 是多少？是 @m。所以答案是 @v。",
        ),
        "en": (
            "@q\nThe answer is @v.",
            "Question: @q\nAnswer: @v",
            "Problem: @p\nSolution: @v",
            "@p\n@e = @v",
            "What is @A plus @B? It is @m. So the answer is @v.",
        ),
    },
    examples=(("问题：", "答案：", "\n"), ("Question: ", "Answer: ", "\n\n"), ("题目：", "解答：", "\n\n")),
    runs_on={
        "zh": ("\n\n问题：@X\n答案：@Y", "\n@X\n@Y", "\n\n题目：@X\n解答：@Y"),
        "en": ("\n\nQuestion: @X\nAnswer: @Y", "\n@X\n@Y", "\n\nProblem: @X\nSolution: @Y"),
    },
    unfinished={
        "zh": ("让我们来计算：首先取 @a", "答案是", "先试 @j。接着"),
        "en": ("Let us start with @a and", "The answer is", r"The answer is \boxed{"),
    },
    closers={
        "zh": ("\n希望对你有帮助！", "\n\n如有疑问请告诉我。"),
        "en": ("\nI hope this helps!", "\n\nLet me know if you have questions."),
    },
    conversions={
        "area": {"zh": ((" = @c 平方分米", "1/100"), ("，即 @c 平方米", "1/10000")), "en": ((" = @c dm^2", "1/100"),)},
        "mass": {"zh": (("，即 @c 千克", "1/1000"),), "en": ((" = @c kg", "1/1000"),)},
        "sales": {"zh": ((" = @c 元", "10000"),)},
    },
    scales={
        "sales": {
            "zh": ("@n 亿元", "今年的销售额为 @n 亿元。"),
            "en": ("@n billion dollars", "The answer is @n thousand."),
        },
        "power": {"zh": ("答案是 @n 万。",), "en": ("The answer is @n million.",)},
        "add": {"zh": ("@n 万",), "en": ("@nk",)},
    },
)
