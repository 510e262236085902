"""Set three of the forms of contest answers. Marks: see `forms.py`."""

from __future__ import annotations

from benchmarks.made_answers import contest_three_said, contest_three_turns
from benchmarks.made_answers.forms import Forms

FORMS = Forms(
    plain=("plain", "plain", "plain", "plain", "commas", "$ $", "(-)", "wide minus", "minus sign"),
    special=(
        "$,$",
        "spaces",
        "mathbf",
        "grouped",
        "scaled",
        "words point",
        "words",
        "e+",
        "x 10^",
        "×10^{}",
        "*10^()",
        "·10^",
        "<sup>",
        r"\times 10 in dollars",
        "no zero",
    ),
    fractions=("/", "dfrac", "over", "display", "$/$", " / ", " 分之 ", "又", "mixed"),
    bare=("@v", "@v。", "`@v`", "*@v*", "∴ @v", "＝@v", "<b>@v</b>"),
    announce=contest_three_said.ANNOUNCE,
    layouts=contest_three_said.LAYOUTS,
    steps=contest_three_said.STEPS,
    checks=contest_three_said.CHECKS,
    rounding={
        "zh": (
            "（保留到小数点后@r位）",
            "，结果保留了 @r 位小数。",
            "（近似到 @R）",
            "（四舍五入至小数点后第@r位）",
            "，这里取了近似值，精确度为 @R。",
            "（精确至@R）",
            "，小数位数取 @r。",
            "（保留 @r 位小数后的结果）",
        ),
        "en": (
            " (rounded to @r d.p.)",
            ", to @r places after the decimal point.",
            ", rounded off to @R",
            " (precision: @R)",
            " — rounded to @r decimals.",
            " if we round to @r decimal digits.",
            " (approximated to the nearest @R)",
            " (@r decimal places)",
        ),
    },
    rounding_before={
        "zh": ("若保留 @r 位小数，", "取到小数点后第 @r 位，", "近似到 @R 时，", "四舍五入至 @R 后，"),
        "en": ("When rounded to @r decimal digits, ", "To the nearest @R, ", "Keeping @r decimals, "),
    },
    twice=(
        "**@e = @n**, approximately @x",
        "@n，即约 @x",
        "The value is @n, which rounds to @x.",
        "计算值为 @n，近似取 @x。",
        r"\(@E = @t \approx @x\)",
        "答案：@n（约 @x）",
        "Answer: @n (about @x)",
        "≈ @x (more precisely, @n)",
    ),
    reasons={
        "zh": (
            "，依据是 @a 与 @b 的关系。",
            "（因为 @j 约去了）",
            "，由于 @A 和 @B 合计 @m，量级相符。",
            "（当第一个数为 @a 时）",
            "，原因在于 @b 保持不变。",
            "，这里用到了 @a 和 @b。",
            "，是从中间结果 @j 推出来的。",
        ),
        "en": (
            ", because the partial result was @j.",
            " since @A plus @B is @m already.",
            " for the given values @a and @b.",
            " (as @k cancels out)",
            ", assuming the first number is really @a.",
            " whenever the first number equals @a.",
            ", and this uses both @a and @b.",
        ),
    },
    corrections=contest_three_turns.CORRECTIONS,
    rejects=contest_three_turns.REJECTS,
    doubles=contest_three_turns.DOUBLES,
    refusals=contest_three_turns.REFUSALS,
    suppositions=contest_three_turns.SUPPOSITIONS,
    echoes=contest_three_turns.ECHOES,
    examples=(
        ("Task:\n", "Completion:\n", "\n\n"),
        ("例题：", "解析：", "\n\n"),
        ("User: ", "Assistant: ", "\n"),
        ("[INST] ", "[/INST] ", "\n"),
        ("<|user|>\n", "<|assistant|>\n", "\n"),
        ("Instruction: ", "Response: ", "\n\n"),
        ("题干：", "参考答案：", "\n\n"),
        ("Human: ", "AI: ", "\n"),
    ),
    runs_on=contest_three_turns.RUNS_ON,
    unfinished=contest_three_turns.UNFINISHED,
    closers={
        "zh": (
            "\n\n希望以上解答对您有所帮助，之后的 2 道、3 道题也可以继续问我。",
            "\n\n祝你考试拿 100 分！",
            "\n\n——解题完毕——",
            " 😊",
            "\n\n以上。",
        ),
        "en": (
            "\n\nGood luck with your exam, I hope you score 100!",
            " ∎",
            "\n\nThank you!",
            "\n\nIs there anything else I can do for you in the next 5 minutes?",
            "\n\n---\n*Solved in 3 steps.*",
        ),
    },
    conversions={
        "area": {
            "zh": (("（等于 @c 平方米）", "1/10000"), ("，合 @c mm²。", "100"), ("，也可以写成 @c dm²", "1/100")),
            "en": ((", equivalent to @c dm²", "1/100"), (" (that's @c m²)", "1/10000"), (", or @c mm^2.", "100")),
        },
        "mass": {
            "zh": (("（约合 @c 公斤）", "1/1000"), ("，亦即 @c 毫克。", "1000"), ("，合 @c 斤", "1/500")),
            "en": (
                (", which converts to @c kilograms.", "1/1000"),
                (", which equals @c mg", "1000"),
                (" (that is @c kg)", "1/1000"),
            ),
        },
        "sales": {
            "zh": (("（即 @c 亿）", "1/10000"), ("，也就是 @c 元", "10000"), ("（= @c 亿元）", "1/10000")),
        },
        "discount": {
            "zh": (("，写成小数就是 @c", "1/100"), ("（即小数 @c）", "1/100")),
            "en": ((" (@c as a decimal)", "1/100"),),
        },
    },
    scales={
        "sales": {
            "zh": ("今年的销售额达到 @n 亿元。", "@n 千万元", "**答案：@n 亿元**"),
            "en": ("Sales are now @n billion.", "The answer is @n thousand dollars."),
        },
        "add": {"zh": ("两数之和是 @n 万。",), "en": ("Their sum is @n million.",)},
        "power": {"zh": ("答案为 @n 千万。",), "en": ("The power is @n billion.",)},
        "mul": {"zh": ("乘积：@n 百万",), "en": ("That's @nK.",)},
        "discount": {
            "zh": ("折扣为万分之 @n。", "折扣是千分之@n。"),
            "en": ("That is a discount of @n basis points.",),
        },
    },
    units={
        "area": {
            "zh": ("面积为 @n 平方公分。", "S = @n cm^{2}", "长方形的面积：@n平方cm", "@n（平方厘米）"),
            "en": ("The area is @n sq. cm.", r"$A = @n\,\mathrm{cm}^{2}$", "Area: @n centimetres squared"),
        },
        "mass": {
            "zh": ("质量为 @n 公克。", "m = @n g", r"\(m = @n\ \text{克}\)", "@n（克）"),
            "en": ("It weighs @n grammes.", r"$m = @n~\mathrm{g}$", "The object's mass: @n gm"),
        },
        "discount": {
            "zh": ("折扣比例为百分之 @n。", r"$@n\%$", "降价了@n%", "折扣率 = @n%"),
            "en": ("The discount amounts to @n pct.", r"The reduction is \(@n\%\).", "@n per cent off"),
        },
        "sales": {
            "zh": ("今年销售额为 @n 万元人民币。", r"\(@n\ \text{万元}\)", "@n（万元）", "销售额＝@n万"),
            "en": ("This year's sales are $@n million.", "They come to @n million dollars.", "Sales now: @n million"),
        },
    },
)
