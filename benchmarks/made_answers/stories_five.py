"""Set five of the word problems and their conclusions. Marks and parts of a story: see `stories.py`."""

from __future__ import annotations

STORIES: tuple[tuple[str, str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "en",
        "A shelf holds @a jars. @b of them are moved away. How many jars stay on the shelf?",
        "d",
        ("Of @a jars, @b are moved. ", "@a - @b is what we need.\n", ""),
        (
            "@v jars stay on the shelf.",
            "This leaves @v jars.",
            "So the shelf still holds @v jars.",
            "Answer: @v jars stay.",
            "The number of jars that stay is @v.",
        ),
    ),
    (
        "en",
        "Each crate holds @a melons. How many melons are in @b crates?",
        "p",
        ("There are @b crates with @a melons each. ", "Multiply @a by @b.\n", ""),
        (
            "There are @v melons in all.",
            "@b crates hold @v melons.",
            "In total that is @v melons.",
            "So we have @v melons.",
            "The crates hold @v melons together.\n#### @v",
        ),
    ),
    (
        "zh",
        "果园里有 @a 棵桃树和 @b 棵梨树，一共有多少棵树？",
        "s",
        ("桃树 @a 棵，梨树 @b 棵。", "两种树加在一起：", ""),
        (
            "果园里一共有 @v 棵树。",
            "总共是@v棵。",
            "答：一共有@v棵树。",
            "所以共有 @v 棵树。",
            "@a+@b=@v（棵）",
        ),
    ),
    (
        "zh",
        "一根绳子长 @a 米，剪去 @b 米，还剩多少米？",
        "d",
        ("绳子长 @a 米，剪去 @b 米。", "用减法计算。\n", ""),
        (
            "还剩 @v 米。",
            "绳子还剩@v米。",
            "答：还剩下 @v 米。",
            "@a - @b = @v（米），所以还剩 @v 米。",
            "剩下的长度是 @v 米。",
        ),
    ),
)
