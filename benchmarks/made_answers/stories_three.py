"""Set three of the word problems and their conclusions. Marks and parts of a story: see `stories.py`."""

from __future__ import annotations

STORIES: tuple[tuple[str, str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "en",
        "A baker made @a rolls and sold @b of them by noon. How many rolls remained?",
        "d",
        ("He starts out with @a rolls; @b get sold. ", "Subtract @b from @a. ", "First, read the problem twice. ", ""),
        (
            "By noon, @v rolls remained.",
            "After selling @b rolls, the baker still had @v.",
            "So the number of rolls that remained is @v.",
            "@a - @b = @v rolls",
            "The baker was left with @v rolls when the clock struck 12.",
            "Remaining rolls: @v",
            "Therefore, @v rolls were left unsold at noon.",
        ),
    ),
    (
        "en",
        "Each shelf has @a books. How many books do @b shelves hold?",
        "p",
        ("There are @b shelves with @a books each. ", "This calls for multiplication. ", ""),
        (
            "@b shelves hold a total of @v books.",
            "Altogether, the @b shelves have @v books on them.",
            "That is @b × @a = @v books in all.",
            "Number of books: **@v**",
            "The shelves hold @v books (@a on each of the @b shelves).",
            r"\boxed{@v} books",
        ),
    ),
    (
        "en",
        "Lena saved @a euros, and her brother saved @b euros. How much money do they have together?",
        "s",
        ("Lena's part is @a euros, her brother's @b. ", "We add both amounts. ", ""),
        (
            "Together, Lena and her brother have @v euros.",
            "They have €@v together.",
            "Lena and her brother have saved up @v euros between them.",
            "Combined savings: €@v",
            "The siblings own @v euros in total, Lena's share being @a.",
            "So the two of them have @v euros, enough for 2 presents.",
        ),
    ),
    (
        "zh",
        "学校买来 @a 盒粉笔，用掉 @b 盒，还剩几盒？",
        "d",
        ("学校一共有 @a 盒，用了 @b 盒，", "用减法计算。", ""),
        (
            "现在还有 @v 盒粉笔没有用。",
            "用掉 @b 盒以后，还剩 @v 盒粉笔。",
            "答：学校还剩@v盒粉笔。",
            "@a - @b = @v（盒）",
            "所以剩余 @v 盒。",
            "剩下的粉笔是 @v 盒，够用 3 周。",
        ),
    ),
    (
        "zh",
        "每行种 @a 棵树，种了 @b 行，共种了多少棵树？",
        "p",
        ("一行 @a 棵，共 @b 行，", "求几个相同加数的和，用乘法。", ""),
        (
            "共种了 @v 棵树。",
            "@a×@b=@v（棵）\n答：共种了@v棵树。",
            "这 @b 行一共是 @v 棵。",
            "因此，种树的总数是 @v 棵。",
            "@b 行共有树 **@v** 棵，每行 @a 棵。",
            "种树总棵数为@v。",
        ),
    ),
    (
        "zh",
        "一班有 @a 人参加比赛，二班有 @b 人参加，两个班共有多少人参加？",
        "s",
        ("一班 @a 人，二班 @b 人，", "求总数用加法。", ""),
        (
            "两个班共有 @v 人参加比赛。",
            "参加比赛的一共是 @v 人。",
            "@a + @b = @v，所以两个班共 @v 人。",
            "总人数为@v，其中二班 @b 人。",
            "答：两个班共有@v人参加。",
            "合起来是@v名同学，分成 4 队。",
        ),
    ),
    (
        "zh",
        "妈妈带了 @a 元，买菜花去 @b 元，还剩多少钱？",
        "d",
        ("带了 @a 元，花了 @b 元，", "从总钱数里减去花掉的钱，", ""),
        (
            "妈妈还剩 @v 元钱。",
            "剩余金额：@v 元",
            "还剩下￥@v。",
            "妈妈手里还有@v元，明天再花。",
            "买完菜以后，剩下的钱是@v元。",
        ),
    ),
)
