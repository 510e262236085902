"""The sections of what was measured: retention, accuracy, ratio and score, best checkpoint; logs and appendix."""

from __future__ import annotations

from core.result_types import AccuracyResult
from core.terminal import visible
from submission.report.book import Book
from submission.report.content import Block, Code, Inline, Link, Picture, Section, bold
from submission.report.examples import Answer
from submission.report.parts.front import derivation

_SHOTS = {
    "ratio": ("低参比例", "Low-parameter ratio"),
    "training": ("训练日志", "Training log"),
    "squad": ("原有能力评估结果", "Retention"),
    "accuracy": ("准确率", "Task accuracy"),
}
_SCORES = ("各权重的 F1、EM 与准确率（竖线为 95% 置信区间，虚线为门槛）",
           "F1, EM and accuracy by checkpoint (bars: 95 % intervals, dashed: the gate)")  # fmt: skip


def _shot(book: Book, kind: str) -> list[Block]:
    file = book.order.screenshots.get(kind)
    return [Picture(file, book.say(*_SHOTS[kind]))] if file else []


def _plot(book: Book, kind: str, zh: str, en: str) -> list[Block]:
    file = book.order.plots.get(kind)
    return [Picture(file, book.say(zh, en), kind)] if file else []


def retention(book: Book) -> Section:
    """Say what is left of the old ability: figures, intervals, the gate."""
    rows: list[tuple[Inline, ...]] = []
    sure: list[tuple[Inline, ...]] = []
    for label in book.labels("squad"):
        at = f"squad/checkpoints/{label}"
        f1_em = [book.fig(f"{at}/{rule}/{name}", "points") for rule in ("contest", "official") for name in ("f1", "em")]
        required = [book.fig(f"{at}/gate/required_{name}", "points") for name in ("f1", "em")]
        rows.append((book.label(label), book.fig(f"{at}/count"), *f1_em, *required, book.yes(f"{at}/gate/passed")))
        spread = [book.fig(f"{at}/contest/{name}_interval", "spread") for name in ("f1", "em")]
        kept = [book.fig(f"{at}/gate/kept_{name}_interval", "percents") for name in ("f1", "em")]
        sure.append((book.label(label), *spread, *kept, book.fig(f"{at}/gate/pass_probability", "chance")))
    zh = ("权重", "题目数", "竞赛 F1", "竞赛 EM", "官方 F1", "官方 EM", "要求 F1", "要求 EM", "通过门槛")
    en = ("Checkpoint", "Questions", "Contest F1", "Contest EM", "Official F1", "Official EM", "Required F1",
          "Required EM", "Passed")  # fmt: skip
    blocks: list[Block] = [
        book.words(
            "SQuAD v1.1 格式，题目数：{}，选题方式：{}。“竞赛”为竞赛自身的 F1/EM，"
            "以此判定门槛；“官方”为 SQuAD v1.1 官方评测。均为百分数。",
            "Questions in SQuAD v1.1 format: {}, selection: {}. “Contest” is the contest's own F1/EM, which decides "
            "the gate; “official” is SQuAD v1.1's. All are percentages.",
            book.fig("squad/data/count"),
            book.fig("squad/data/selection"),
        ),
        book.table(zh if book.order.language == "zh" else en, rows),
        book.words(
            "这些数字的可信程度：95% 置信区间，每道题视为同类题目的一个样本（{}）。",
            "How sure these are: 95 % intervals, each question taken as a sample of its kind ({}).",
            book.fig("squad/checkpoints/base/intervals/method"),
        ),
        book.table(
            (
                book.say("权重", "Checkpoint"),
                book.say("竞赛 F1", "Contest F1"),
                book.say("竞赛 EM", "Contest EM"),
                book.say("占基础模型 F1 之比", "Share of the base's F1"),
                book.say("占基础模型 EM 之比", "Share of the base's EM"),
                book.say("通过门槛的概率", "Chance to pass"),
            ),
            sure,
        ),
        *_plot(book, "scores", *_SCORES),
        *_shot(book, "squad"),
    ]
    title = book.heading("模型微调后原有能力评估得分", "Retention of the original ability")
    return Section("retention", title, tuple(blocks))


def accuracy(book: Book, answers: tuple[Answer, ...]) -> Section:
    """Say how many questions are answered right, of which types, and show some answers."""
    rows: list[tuple[Inline, ...]] = []
    for label in book.labels("accuracy"):
        at = f"accuracy/checkpoints/{label}"
        counts = [book.fig(f"{at}/{name}") for name in ("empty", "unparsable", "truncated")]
        share = (book.fig(f"{at}/accuracy", "percent"), book.fig(f"{at}/interval", "percents"))
        rows.append((book.label(label), book.fig(f"{at}/count"), book.fig(f"{at}/correct"), *share, *counts))
    zh = ("权重", "题目数", "正确数", "准确率", "95% 置信区间", "空回答", "无法解析的回答", "被截断的提示词")
    en = ("Checkpoint", "Questions", "Right", "Accuracy", "95 % interval", "Empty", "Unparsable", "Cut prompts")
    blocks: list[Block] = [
        book.words(
            "题目数：{}，来自 {}（sha256 {}）。",
            "Questions: {}, from {} (sha256 {}).",
            book.fig("accuracy/data/count"),
            book.fig("accuracy/data/file"),
            book.fig("accuracy/data/sha256", "hash"),
        ),
        book.table(zh if book.order.language == "zh" else en, rows),
    ]
    if not (book.has("squad")):
        blocks += _plot(book, "scores", *_SCORES)
    blocks += _by_type(book) + _by_rule(book) + _answers(book, answers) + _shot(book, "accuracy")
    return Section("accuracy", book.heading("运算（答题）准确率", "Task accuracy"), tuple(blocks))


def _by_type(book: Book) -> list[Block]:
    best = book.best_or_base
    rows: list[tuple[Inline, ...]] = []
    for name in columns(book, "by_type"):
        at, base = f"accuracy/checkpoints/{best}/by_type/{name}", f"accuracy/checkpoints/base/by_type/{name}"
        share = (book.fig(f"{base}/accuracy", "percent"), book.fig(f"{at}/accuracy", "percent"))
        rows.append((visible(name), book.fig(f"{at}/count"), *share, book.fig(f"{at}/interval", "percents")))
    if not rows:
        return []
    head = (
        book.say("题型或学科", "Type or subject"),
        book.say("题目数", "Questions"),
        book.label("base"),
        book.label(best),
        book.say("95% 置信区间", "95 % interval"),
    )
    return [book.table(head, rows), *_plot(book, "types", "各题型（学科）的准确率", "Accuracy by type or subject")]


def _by_rule(book: Book) -> list[Block]:
    best = book.best_or_base
    rules = columns(book, "rules")
    if len(rules) < 2:
        return []
    places = [
        (visible(rule), f"accuracy/checkpoints/base/rules/{rule}", f"accuracy/checkpoints/{best}/rules/{rule}")
        for rule in rules
    ]
    rows = [(name, book.fig(base, "percent"), book.fig(tuned, "percent")) for name, base, tuned in places]
    return [book.table((book.say("判等规则", "Rule of equality"), book.label("base"), book.label(best)), rows)]


def columns(book: Book, key: str) -> list[str]:
    """Return the names (question types, rules of equality) under `key` of the accuracy of any checkpoint."""
    accuracy = book.facts.results.of(AccuracyResult)
    rows = accuracy.checkpoints.values() if accuracy else ()
    return [name for name in dict.fromkeys(name for row in rows for name in getattr(row, key)) if "/" not in name]


def _answers(book: Book, answers: tuple[Answer, ...]) -> list[Block]:
    if not answers:
        return []
    rows: list[tuple[Inline, ...]] = [
        (
            book.say("对", "right") if answer.right else book.say("错", "wrong"),
            visible(answer.type),
            visible(answer.question),
            visible(answer.reference),
            visible(answer.text),
        )
        for answer in answers
    ]
    head = (
        book.say("判定", "Verdict"),
        book.say("题型", "Type"),
        book.say("题目", "Question"),
        book.say("参考答案", "Reference"),
        book.say("模型的回答", "The model's answer"),
    )
    words = book.words("{} 的回答举例：", "Some answers of {}:", book.label(book.best_or_base))
    return [words, book.table(head, rows)]


def ratio_and_score(book: Book) -> Section:
    """Derive the low-parameter ratio and the score step by step."""
    blocks: list[Block] = []
    if book.has("ratio"):
        if table := derivation(book):
            blocks += [
                book.words(
                    "参与微调的参数（N 为层号）：", "The parameters that are trained (N is the layer's number):"
                ),
                table,
            ]
        blocks.append(
            book.words(
                "低参比例 = 参与微调的参数量 ÷ 模型总参数量 = {} ÷ {} = {}（小数 {}）。",
                "Low-parameter ratio = trained ÷ all parameters = {} ÷ {} = {} (as a fraction {}).",
                book.fig("ratio/trainable", "count"),
                book.fig("ratio/total", "count"),
                bold(book.fig("ratio/ratio", "ratio")),
                book.fig("ratio/ratio"),
            )
        )
        if book.knows("ratio/published_total"):
            blocks.append(
                book.words(
                    "按公布的总参数量 {} 计算为 {}。",
                    "By the published count of all parameters, {}, it is {}.",
                    book.fig("ratio/published_total", "count"),
                    book.fig("ratio/published_ratio", "ratio"),
                )
            )
        blocks += _shot(book, "ratio")
    if book.has("score"):
        blocks += _scores(book)
    if not (book.has("squad") or book.has("accuracy")):
        blocks += _plot(book, "scores", *_SCORES)
    return Section("ratio", book.heading("低参比例与得分", "Low-parameter ratio and score"), tuple(blocks))


def _scores(book: Book) -> list[Block]:
    blocks: list[Block] = [
        book.words(
            "得分 = {}，其中 r = {}。",
            "Score = {}, where r = {}.",
            book.fig("score/formula"),
            book.fig("score/ratio", "ratio"),
        )
    ]
    if book.best:
        at, rules = f"score/checkpoints/{book.best}", "run/rules"
        blocks.append(
            book.words(
                "最优权重：(1 − {} × {}) × {} + {} × {} = {}。",
                "Of the best: (1 − {} × {}) × {} + {} × {} = {}.",
                book.fig(f"{rules}/ratio_factor"),
                book.fig("score/ratio", "ratio"),
                book.fig(f"{rules}/ratio_weight"),
                book.fig(f"{at}/accuracy", "percent"),
                book.fig(f"{rules}/accuracy_weight"),
                bold(book.fig(f"{at}/score", "score")),
            )
        )
    rows: list[tuple[Inline, ...]] = []
    for item in book.facts.checkpoints:
        at = f"score/checkpoints/{item.name}"
        passed = (book.yes(f"{at}/gate_passed"), book.yes(f"{at}/eligible"))
        rows.append((item.name, book.fig(f"{at}/accuracy", "percent"), book.fig(f"{at}/score", "score"), *passed))
    head = (
        book.say("权重", "Checkpoint"),
        book.say("准确率", "Accuracy"),
        book.say("得分", "Score"),
        book.say("通过门槛", "Gate passed"),
        book.say("可参评", "Eligible"),
    )
    return [*blocks, book.table(head, rows)]


def best(book: Book) -> Section:
    """Name the best checkpoint, and how far its figure can be trusted."""
    blocks: list[Block] = []
    if book.best:
        blocks.append(
            book.words(
                "{} 是保持原有能力的权重中得分最高者：{}。",
                "{} has the highest score of the checkpoints that keep the old ability: {}.",
                bold(book.fig("score/best")),
                bold(book.fig(f"score/checkpoints/{book.best}/score", "score")),
            )
        )
        if book.knows("score/best_of/of"):
            blocks.append(
                book.words(
                    "它是用同一批题目从 {} 个权重中选出的，因此其准确率偏乐观：估计偏高 {}，至多 {}"
                    "（若各权重实际同样好）。在其他同类题目上可期望 {}。",
                    "It was chosen among {} by the same questions, so its accuracy is optimistic: by {}, or up to {} "
                    "if all are in truth equally good. On other questions of the kind {} can be expected.",
                    book.fig("score/best_of/of"),
                    book.fig("score/best_of/optimism", "percent"),
                    book.fig("score/best_of/optimism_of_equals", "percent"),
                    book.fig("score/best_of/expected", "percent"),
                )
            )
    else:
        blocks.append(
            book.words("无：没有权重可参评（{}）。", "None: no checkpoint is eligible ({}).", book.fig("score/best"))
        )
    return Section("best", book.heading("最优权重", "Best checkpoint"), tuple(blocks))


def logs(book: Book) -> Section:
    """List the logs and predictions of the zip."""
    facts = book.facts
    paths = [f"logs/{facts.relative(path)}" for path in (*facts.logs, *facts.predictions)]
    rows: list[tuple[Inline, ...]] = [(Link(visible(path), path),) for path in paths]
    blocks = [*_shot(book, "training"), book.table((book.say("文件", "File"),), rows)]
    return Section("logs", book.heading("日志", "Logs"), tuple(blocks))


def appendix(book: Book) -> Section:
    """Show all settings of the run, what the conversion counted, and the environment, as they are."""
    groups = [
        (book.say("全部设置", "All settings"), "run", "configs/run.yaml"),
        (book.say("数据转换的统计", "What the conversion counted"), "audit", "logs/data/audit.json"),
        (book.say("环境", "Environment"), "environment", "environment.json"),
    ]
    parts = []
    for title, source, file in groups:
        rows = [row for row in book.rows(source) if not _is_foreign(book, source, row[0])]
        if rows:
            table = book.table((book.say("名称", "Name"), book.say("取值", "Value")), rows)
            where = book.words("取自 {}。", "From {}.", Code(file))
            parts.append(Section(f"all_{source}", title, (where, table), folded=True))
    return Section("appendix", book.say("附录", "Appendix"), (), tuple(parts))


def _is_foreign(book: Book, source: str, name: str) -> bool:
    """Tell whether a setting is about something that the contest does not have."""
    if source != "run":
        return False
    if name.startswith("eval.squad") and "squad" not in book.facts.results.values:
        return True
    return name.startswith(("method.", "train.")) and "train" not in book.config.steps
