"""Multiple-choice questions for made replies: invented facts, up to ten options, in the ways that tests write them."""

from __future__ import annotations

import random
from dataclasses import dataclass

LETTERS = "ABCDEFGHIJ"
# Question, and what its options are drawn from.
_POOLS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "en": (
        (
            "Which town lies on the river Orla?",
            tuple("Elbing Dunmore Castor Abeln Tarrow Mirfield Oslany Perrick Quenby Voltan".split()),
        ),
        (
            "What caused the decline of the guild?",
            (
                "A change in technology",
                "A loss of members",
                "Higher taxes on cloth",
                "An open border",
                "Competition from abroad",
                "Internal quarrels",
                "A shortage of wool",
                "Bad harvests",
                "The new harbour",
                "A lack of capital",
            ),
        ),
        ("How many legs has the creature of the tale?", ("12", "8", "6", "14", "10", "16", "4", "20", "2", "18")),
        (
            "Which compound is formed in the second step?",
            (
                "sodium chloride",
                "calcium oxide",
                "magnesium sulfate",
                "potassium nitrate",
                "zinc carbonate",
                "copper iodide",
                "silver bromide",
                "lead acetate",
                "iron oxide",
                "barium hydroxide",
            ),
        ),
        (
            "Who wrote the letter that is quoted?",
            tuple("Carl,Bertha,Diana,Anselm,Emil,Frieda,Gustav,Hedwig,Ida,Jakob".split(",")),
        ),
    ),
    "zh": (
        ("下列哪座城市位于奥拉河畔？", tuple("林州 东泽 卡城 安平 泰罗 米原 沃塘 佩里 昆比 北固".split())),
        (
            "该行会衰落的主要原因是（ ）",
            tuple("技术变革 成员流失 税收提高 边境开放 外来竞争 内部纷争 羊毛短缺 连年歉收 新港启用 资金不足".split()),
        ),
        ("故事中的动物有几条腿？", ("12条", "8条", "6条", "14条", "10条", "16条", "4条", "20条", "2条", "18条")),
        (
            "第二步生成的化合物是什么？",
            tuple("氯化钠 氧化钙 硫酸镁 硝酸钾 碳酸锌 碘化铜 溴化银 醋酸铅 氧化铁 氢氧化钡".split()),
        ),
        ("文中所引的信是谁写的？", tuple("王立 李冬 张川 赵安 钱塔 孙米 周沃 吴佩 郑昆 冯北".split())),
    ),
}
_STYLES = ("{}.{}", "{}. {}", "({}) {}", "{}) {}", "{}、{}", "{}: {}")
_STYLE_WEIGHTS = (6, 4, 1, 1, 1, 1)


@dataclass(frozen=True)
class Asked:
    """A question with its options.

    Attributes:
        text: question and options, as a prompt shows them.
        stem: the question alone.
        options: the options' texts, A first.
    """

    text: str
    stem: str
    options: tuple[str, ...]

    def listed(self, style: str = "{}. {}", sep: str = "\n") -> str:
        """Return the options once more, in another style."""
        return sep.join(style.format(LETTERS[at], option) for at, option in enumerate(self.options))


def draw(rng: random.Random, language: str) -> Asked:
    """Draw a question: mostly with four options in the contest's style, at times with up to ten."""
    stem, pool = rng.choice(_POOLS[language])
    count = 4 if rng.random() < 0.75 else rng.randint(3, 10)
    options = tuple(rng.sample(pool, count))
    style = rng.choices(_STYLES, _STYLE_WEIGHTS)[0]
    listed = "\n".join(style.format(LETTERS[at], option) for at, option in enumerate(options))
    return Asked(f"Question: {stem} \n{listed}" if rng.random() < 0.7 else f"{stem}\n{listed}", stem, options)
