r"""Set four of the forms of contest answers: held out, no reader is written from it. Marks: see `forms.py`."""

from __future__ import annotations

from benchmarks.made_answers import contest_four_said, contest_four_turns
from benchmarks.made_answers.forms import Forms

FORMS = Forms(
    plain=("plain", "plain", "plain", "plain", "plain", "commas", "$", "( )", "minus sign", "braced commas"),
    special=(
        "commas",
        "braced commas",
        "mathbf",
        "thin spaces",
        "full width",
        "negative",
        "minus",
        "words",
        "words point",
        "scaled",
        "万",
        "E+",
        "×10⁵",
        "×10^",
        "<sup>",
        r"\times",
        "no zero",
        "zeros behind",
    ),
    fractions=("/", "frac", "dfrac", "tfrac", "分之", "$/$", "display"),
    bare=("@v", "**@v**", "$@T$", r"\boxed{@T}", r"$\boxed{@T}$.", r"\(@T\)", "$$@T$$", "= @v", "【@v】", "@v."),
    announce=contest_four_said.ANNOUNCE,
    layouts=contest_four_said.LAYOUTS,
    steps=contest_four_said.STEPS,
    checks=contest_four_said.CHECKS,
    rounding={
        "zh": (
            "（答案保留@r位小数）",
            "（结果保留@r位小数）",
            "（四舍五入到小数点后@r位）",
            "，保留小数点后 @r 位。",
            "（四舍五入保留@r位小数）。",
            "（精确到小数点后@r位）",
            "（保留了 @r 位小数）",
            "，取 @r 位小数。",
        ),
        "en": (
            " (rounded to @r decimal places).",
            ", rounded to @r decimal places.",
            " when rounded to @r decimal places.",
            " (to @r decimal places)",
            " (rounded to the nearest @R).",
            ", accurate to @r decimal places.",
            " to @r decimal places of precision.",
        ),
    },
    rounding_before={
        "zh": ("保留@r位小数，", "四舍五入到小数点后@r位，", "结果保留 @r 位小数："),
        "en": ("If rounded to @r decimal places, ", "To @r decimal places, ", "Rounding to @r decimal places, "),
    },
    twice=(
        "@e = @n，也就是约 @x。",
        "答案是 @n，约等于 @x。",
        "The answer is @n, or approximately @x.",
        "结果为 @n（约 @x）。",
        "@e ≈ @n（约为 @x）",
        "The result is @n (about @x).",
        r"\(@E = @n \approx @x\)",
    ),
    reasons={
        "zh": (
            "，因为 @A + @B = @m。",
            "，这是由 @a 和 @b 计算得到的。",
            "，其中用到了中间结果 @j。",
            "（由 @a 与 @b 计算得出）。",
            "，这里先算出了 @j。",
        ),
        "en": (
            " because @A + @B = @m.",
            ", since the first step gave @j.",
            ", which follows from @a and @b.",
            " (computed from @a and @b).",
            ", where @j is the intermediate result.",
        ),
    },
    corrections=contest_four_turns.CORRECTIONS,
    rejects=contest_four_turns.REJECTS,
    doubles=contest_four_turns.DOUBLES,
    refusals=contest_four_turns.REFUSALS,
    suppositions=contest_four_turns.SUPPOSITIONS,
    echoes=contest_four_turns.ECHOES,
    examples=contest_four_turns.EXAMPLES,
    runs_on=contest_four_turns.RUNS_ON,
    unfinished=contest_four_turns.UNFINISHED,
    closers=contest_four_turns.CLOSERS,
    conversions={
        "area": {
            "zh": (("，即 @c 平方米。", "1/10000"), ("，也就是 @c 平方分米。", "1/100"), (" = @c dm²", "1/100")),
            "en": ((", or @c square metres.", "1/10000"), (" (= @c dm²)", "1/100"), (" = @c m²", "1/10000")),
        },
        "mass": {
            "zh": (("，即 @c 千克。", "1/1000"), ("（@c 千克）", "1/1000"), (" which equals @c kg", "1/1000")),
            "en": ((", or @c kilograms.", "1/1000"), (" (@c kg)", "1/1000"), (" which equals @c kg", "1/1000")),
        },
        "discount": {
            "zh": (("，即 @c。", "1/100"), ("，换成小数为 @c。", "1/100")),
            "en": ((", or @c as a decimal.", "1/100"), (", which is @c in decimal form.", "1/100")),
        },
        "sales": {
            "zh": (("，即 @c 亿元。", "1/10000"), ("，也就是 @c 元。", "10000"), ("，等于 @c 元。", "10000")),
        },
    },
    scales={
        "sales": {
            "zh": ("今年的销售额是 @n 亿元。", "答案：@n 亿", "销售额为 @n 千元。"),
            "en": ("The answer is @n billion.", "This year's sales are @n billion dollars.", "$@n thousand"),
        },
        "add": {"zh": ("它们的和是 @n 万。", "和：@n%"), "en": ("The sum is @n thousand.", "The answer is @n%.")},
        "mul": {"zh": ("答案是 @n 亿。",), "en": ("The product is @n million.",)},
        "discount": {"zh": ("折扣比例是 @n‰。",), "en": ("The discount is @n per mille.",)},
        "power": {"zh": ("结果是 @n 百万。",), "en": ("So it is @n million.",)},
    },
    units={
        "area": {
            "zh": ("面积是 @n 平方厘米。", "长方形的面积为 @n cm^2。", r"面积为 $@n \text{ 平方厘米}$。", "@n平方厘米"),
            "en": ("The area is @n square centimeters.", r"$@n \text{ cm}^2$", "Area = @n cm²", "@n sq. cm"),
        },
        "mass": {
            "zh": ("该物体的质量为 @n 克。", "质量 = @n 克", r"质量为 \(@n \text{ 克}\)。", "@n g"),
            "en": ("The mass is @n grams.", r"$@n \text{ g}$", "Mass = @n g", "@n gram"),
        },
        "discount": {
            "zh": ("折扣比例约为 @n%。", r"折扣比例为 $@n\%$。", "打折的折扣比例是百分之@n", "@n%"),
            "en": ("The price was reduced by @n%.", r"$@n\%$ off", "The discount is @n percent.", "@n%"),
        },
        "sales": {
            "zh": ("今年的销售额为 @n 万元。", r"今年的销售额是 \(@n \text{ 万元}\)。", "@n 万元", "答：@n万元。"),
            "en": ("This year's sales are @n million dollars.", r"$\$@n$ million", "$@n million", "@n million"),
        },
    },
)
