"""The first sections: summary, algorithm, data, hyper-parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from core.errors import InputError
from core.methods import method_of
from core.result_types import AccuracyResult
from core.step_names import BASE
from core.terminal import visible
from submission.report.book import Book
from submission.report.content import (
    Block,
    Bold,
    Code,
    Inline,
    Paragraph,
    Picture,
    Section,
    Table,
    Tokens,
    Verbatim,
    bold,
    joined,
)
from submission.report.examples import TrainedRow


def summary(book: Book) -> Section:
    """Say what was done and how good it is, then answer what a jury asks."""
    blocks: list[Block] = [_headline(book)]
    if book.has("score") and not book.best:
        blocks.append(
            book.words(
                "没有权重通过原有能力门槛，因此没有可提交的最优权重。",
                "No checkpoint passed the retention gate, so none is eligible.",
            )
        )
    if "published" in book.order.plots:
        alt = book.say("本作品与已公布成绩的得分", "Score of this entry among the published ones")
        blocks.append(Picture(book.order.plots["published"], alt, "published"))
    answers = [(question, answer) for question, answer in _answers(book) if answer]
    if answers:
        blocks.append(book.table((book.say("问题", "Question"), book.say("回答", "Answer")), answers))
    return Section("summary", book.say("摘要", "Summary"), tuple(blocks))


def _headline(book: Book) -> Table:
    rows: list[tuple[Inline, Inline]] = [
        (book.say("赛题", "Contest"), book.fig("run/title")),
        (book.say("团队", "Team"), visible(book.order.team)),
        (book.say("运行", "Run"), Code(visible(book.facts.run.name))),
    ]
    best = book.best
    if best:
        rows.append((book.say("得分", "Score"), bold(book.fig(f"score/checkpoints/{best}/score", "score"))))
        rows.append((book.say("最优权重", "Best checkpoint"), bold(book.fig("score/best"))))
        at = f"accuracy/checkpoints/{best}"
        rows.append((book.say("准确率", "Accuracy"), book.fig(f"{at}/accuracy", "percent")))
        if book.knows(f"score/checkpoints/{best}/rank"):
            rows.append(
                (
                    book.say("在已公布成绩中的名次", "Rank among the published"),
                    book.fig(f"score/checkpoints/{best}/rank"),
                )
            )
    if book.has("ratio"):
        rows.append((book.say("低参比例", "Low-parameter ratio"), book.fig("ratio/ratio", "ratio")))
    return book.table(("", ""), rows)


def _answers(book: Book) -> Iterator[tuple[str, Paragraph | None]]:
    """Yield a jury's questions, and a sentence for each that this run can answer."""
    best, config = book.best_or_base, book.config
    at, base = f"accuracy/checkpoints/{best}", "accuracy/checkpoints/base"
    gate, measured = f"squad/checkpoints/{best}/gate", f"squad/checkpoints/{best}/contest"
    if "train" in config.steps:
        tuned = visible(f"{config.model.title or config.model.name}, {method_of(config.method).title}")
        yield book.say("微调了什么？", "What was tuned?"), Paragraph((tuned,))
    if book.has("ratio"):
        yield (
            book.say("训练了多少参数？", "How many parameters?"),
            book.words(
                "{} 个，占全部 {} 个的 {}",
                "{} of {}, which is {}",
                book.fig("ratio/trainable", "count"),
                book.fig("ratio/total", "count"),
                book.fig("ratio/ratio", "ratio"),
            ),
        )
    if book.knows("audit/converted", "audit/tokens"):
        yield (
            book.say("用了什么数据？", "On what data?"),
            book.words(
                "{} 条训练数据，共 {} 个词元",
                "{} training records, {} tokens",
                book.fig("audit/converted", "count"),
                book.fig("audit/tokens", "count"),
            ),
        )
    if book.has("accuracy") and best != BASE:
        yield (
            book.say("微调带来多少提升？", "What did it gain?"),
            book.words(
                "准确率从 {} 到 {}（{} 题）",
                "accuracy from {} to {} ({} questions)",
                book.fig(f"{base}/accuracy", "percent"),
                book.fig(f"{at}/accuracy", "percent"),
                book.fig(f"{at}/count", "count"),
            ),
        )
        yield (
            book.say("这个准确率有多可靠？", "How sure is that accuracy?"),
            book.words("95% 置信区间 {}", "95 % interval {}", book.fig(f"{at}/interval", "percents")),
        )
    if book.has("squad") and book.knows(f"{gate}/passed"):
        yield (
            book.say("原有能力保住了吗？", "Is the old ability kept?"),
            book.words(
                "{}：F1 {}（要求 {}），EM {}（要求 {}）；换一批题目仍通过的概率约 {}",
                "{}: F1 {} (required {}), EM {} (required {}); the chance to pass on other questions is about {}",
                book.yes(f"{gate}/passed"),
                book.fig(f"{measured}/f1", "points"),
                book.fig(f"{gate}/required_f1", "points"),
                book.fig(f"{measured}/em", "points"),
                book.fig(f"{gate}/required_em", "points"),
                book.fig(f"{gate}/pass_probability", "chance"),
            ),
        )
    if book.best and book.knows("score/best_of/expected"):
        yield (
            book.say("选最优权重是否占了便宜？", "Does choosing the best flatter it?"),
            book.words(
                "从 {} 个权重中选出；换一批同类题目预计 {}",
                "chosen among {}; on other questions {} is to be expected",
                book.fig("score/best_of/of"),
                book.fig("score/best_of/expected", "percent"),
            ),
        )
    yield book.say("错在哪里？", "What goes wrong?"), _commonest_error(book)
    if book.facts.losses:
        overflows = sum(point.overflow for point in book.facts.losses)
        steps = book.facts.losses[-1].step
        yield (
            book.say("训练过程正常吗？", "Did training go well?"),
            book.words("共 {} 步，其中 {} 步溢出", "{} steps, {} of which overflowed", str(steps), str(overflows)),
        )
    yield (
        book.say("能复现吗？", "Can it be repeated?"),
        book.words(
            "能：代码、配置、日志与预测都在压缩包中，命令见“如何复现”",
            "Yes: code, settings, logs and predictions are in the zip; “How to repeat it” has the commands",
        ),
    )


_ERRORS = {
    "value": "数值不对",
    "unparsable": "读不出答案",
    "sign": "正负号不对",
    "other text": "文字不符",
    "empty": "空回答",
}


def _commonest_error(book: Book) -> Paragraph | None:
    accuracy = book.facts.results.of(AccuracyResult)
    entry = accuracy.checkpoints.get(book.best_or_base) if accuracy else None
    if not entry or not entry.errors:
        return None
    kind, errors = max(entry.errors.items(), key=lambda item: item[1].count)
    named = visible(book.say(_ERRORS.get(kind, kind), kind))
    worst = min(entry.by_type.items(), key=lambda item: (item[1].accuracy, -item[1].count), default=None)
    at = f"accuracy/checkpoints/{book.best_or_base}/by_type/{worst[0]}" if worst else ""
    if worst is None or "/" in worst[0]:
        return book.words("最多的一类是“{}”，{} 题", "mostly “{}”: {} questions", named, str(errors.count))
    return book.words(
        "最多的一类是“{}”，{} 题；最弱的题型是 {}，准确率 {}（{} 题）",
        "mostly “{}”: {} questions; the weakest type is {}, with {} of {} questions",
        named,
        str(errors.count),
        visible(worst[0]),
        book.fig(f"{at}/accuracy", "percent"),
        book.fig(f"{at}/count"),
    )


def algorithm(book: Book, rows: tuple[TrainedRow, ...]) -> Section:
    """Say how the model is tuned, with the formula, and on what data."""
    trains = "train" in book.config.steps
    blocks: list[Block] = []
    if trains:
        method = method_of(book.config.method)
        idea = " ".join(method.idea[book.order.language].split("\n"))
        blocks += [
            book.words(
                "基础模型 {} 采用 {}（{}）微调：{}。训练后每个权重都合并为完整权重，"
                "加载方式与基础模型相同，不再需要适配器：",
                "The base model {} is tuned with {} ({}): {}. Each checkpoint is merged afterwards into full weights, "
                "so it loads like the base model and needs no adapter:",
                book.fig("run/model/name"),
                method.title,
                book.fig("run/method/name"),
                idea,
            ),
            Verbatim(method.formula),
        ]
        settings = [
            (f"method.{name}", value) for name, value in book.rows("run/method") if name not in ("name", "type")
        ]
        if settings:
            blocks.append(
                book.table((book.say("算法设置", "Setting of the method"), book.say("取值", "Value")), settings)
            )
    heading = (
        book.heading("微调算法介绍", "Fine-tuning algorithm")
        if trains
        else book.heading("基础模型与数据", "Base model and data")
    )
    return Section("algorithm", heading, tuple(blocks), (_data(book, rows, trains),))


def _data(book: Book, rows: tuple[TrainedRow, ...], trains: bool) -> Section:
    account = list(_account(book))
    blocks: list[Block] = [joined(account, book.say("", " "))] if account else []
    if trains:
        prompt = book.config.prompt
        blocks += [
            book.words(
                "训练提示词 {}（其后紧接答案，只对答案计算损失）：",
                "Training prompt {} (the answer follows directly; only the answer is learnt):",
                Code(visible(prompt.name)),
            ),
            Verbatim(prompt.template),
        ]
    for row in rows:
        blocks.append(
            book.words(
                "一条训练数据（{}，{} 个词元，其中 {} 个计入损失）：",
                "One training record ({}, {} tokens, {} of them learned):",
                Code(visible(row.task)),
                str(row.length),
                str(row.learned),
            )
        )
        names = (book.say("只读（不计损失）", "read only"), book.say("学习（计入损失）", "learned"))
        blocks.append(Tokens(row.tokens, *names))
    title = book.say("数据集规模与预处理方式", "Scale and pre-processing of the data")
    return Section("data", title, tuple(blocks))


def _account(book: Book) -> Iterator[Paragraph]:
    """Yield the data's preprocessing in sentences; a step that touched nothing has none."""
    sentences = (
        (
            ("audit/corpus/read", "audit/corpus/trained"),
            "训练语料共 {} 条，选用 {} 条。",
            "The corpus has {} records, {} of which are trained on.",
        ),
        (
            ("audit/corpus/retention",),
            "另混入 {} 条阅读理解数据，用来保持模型原有能力。",
            "{} reading records are mixed in, to keep the model's old ability.",
        ),
        (("audit/corpus/duplicates",), "去除重复数据 {} 条。", "{} repeated records were dropped."),
        (("audit/corpus/near_duplicates",), "去除近似重复数据 {} 条。", "{} nearly repeated records were dropped."),
        (
            ("audit/corpus/wrong_dropped",),
            "去除答案有误的数据 {} 条。",
            "{} records with a wrong solution were dropped.",
        ),
        (("audit/corpus/bad",), "跳过无法读取的数据 {} 条。", "{} unreadable records were passed over."),
        (
            ("audit/corpus/held_out",),
            "留出与评测题目相同的数据 {} 条。",
            "{} records that ask what is evaluated were held out.",
        ),
        (
            ("audit/corpus/overlap_removed",),
            "去除与评测题目重叠的数据 {} 条。",
            "{} records that overlap with evaluations were removed.",
        ),
        (("audit/corpus/left_out",), "按配额或上限未选用 {} 条。", "{} records were left out by quotas."),
        (("audit/rewritten",), "改写答案（如补充解题步骤）{} 条。", "{} answers were rewritten (such as with steps)."),
        (("audit/overlong/dropped",), "超过长度上限而舍弃 {} 条。", "{} records were dropped as too long."),
        (("audit/overlong/cut",), "超过长度上限而截短 {} 条。", "{} records were cut as too long."),
        (
            ("audit/tokens", "audit/answer_tokens"),
            "转换后共 {} 个词元，其中 {} 个计入损失。",
            "Converted, these are {} tokens, {} of them learned.",
        ),
        (
            ("audit/longest", "audit/seq_length"),
            "最长的一条有 {} 个词元，长度上限为 {}。",
            "The longest record has {} tokens; the limit is {}.",
        ),
    )
    for paths, zh, en in sentences:
        if all(book.number(path) for path in paths):
            yield book.words(zh, en, *(book.fig(path, "count") for path in paths))
    if book.number("audit/solutions/records"):
        yield book.words(
            "用精确求解器检验了 {} 条数学题的答案。",
            "The solutions of {} math records were held against an exact solver.",
            book.fig("audit/solutions/records", "count"),
        )


def hyper(book: Book) -> Section:
    """Name the hyper-parameters that matter; the rest stands in the appendix."""
    train = "run/train"
    named: list[tuple[str, str, str, str]] = [
        ("训练轮数", "Epochs", f"{train}/epochs", "full"),
        ("每卡批大小", "Batch size of a device", f"{train}/batch_size", "full"),
        ("数据并行数", "Data parallel", "run/machine/data_parallel", "full"),
        ("梯度累积", "Gradient accumulation", f"{train}/accumulate", "full"),
        ("学习率", "Learning rate", f"{train}/learning_rate", "full"),
        ("学习率策略", "Schedule", f"{train}/schedule", "full"),
        ("最终学习率", "Final learning rate", f"{train}/lr_end", "full"),
        ("预热比例", "Warm-up share", f"{train}/warmup_ratio", "full"),
        ("权重衰减", "Weight decay", f"{train}/weight_decay", "full"),
        ("Adam 的 β", "Betas of Adam", f"{train}/betas", "full"),
        ("梯度裁剪", "Gradient clipping", f"{train}/max_grad_norm", "full"),
        ("序列长度", "Sequence length", "run/data/seq_length", "full"),
        ("随机种子", "Seed", f"{train}/seed", "full"),
    ]
    rows = [(book.say(zh, en), book.fig(path, kind)) for zh, en, path, kind in named if book.knows(path)]
    blocks: list[Block] = [
        book.table((book.say("超参数", "Hyper-parameter"), book.say("取值", "Value")), rows),
        book.words(
            "MindFormers 读取的配置为 {}，整个运行的全部设置见 {} 与附录。",
            "MindFormers reads {}; all settings of the run are in {} and in the appendix.",
            Code("configs/finetune.yaml"),
            Code("configs/run.yaml"),
        ),
    ]
    if "loss" in book.order.plots:
        alt = book.say("训练损失、学习率与梯度范数", "Training loss, learning rate and gradient norm")
        blocks.append(Picture(book.order.plots["loss"], alt, "loss"))
    if book.has("validation"):
        blocks += _validation(book)
    return Section("hyper", book.heading("超参配置介绍", "Hyper-parameters"), tuple(blocks))


def _validation(book: Book) -> list[Block]:
    """Say what the loss on records was that were not trained on."""
    at = "validation"
    said = book.words(
        "验证集（不参与训练）共 {} 行，计入损失的词元 {} 个。"
        "各权重中损失最低的是 {}；全程最低损失为 {}，出现在第 {} 步。",
        "Loss on {} validation rows ({} learned tokens), which were not trained on. Of the checkpoints {} has the "
        "lowest; the lowest of all was {}, at step {}.",
        *(book.fig(f"{at}/{name}") for name in ("rows", "tokens", "best")),
        book.fig(f"{at}/lowest_loss", "score"),
        book.fig(f"{at}/lowest_step"),
    )
    rows = [(book.label(name), book.fig(f"{at}/checkpoints/{name}/loss", "score")) for name in book.labels(at)]
    blocks: list[Block] = [said]
    if book.knows(f"{at}/stopped_at"):
        blocks.append(
            book.words("训练在第 {} 步提前停止。", "Training stopped early, at step {}.", book.fig(f"{at}/stopped_at"))
        )
    head = (book.say("权重", "Checkpoint"), book.say("验证集损失", "Loss on validation records"))
    return [*blocks, book.table(head, rows)]


def derivation(book: Book) -> Table | None:
    """Return how the trained parameters come about, tensor by tensor; None where that is not known."""
    config = book.config
    try:
        tensors = method_of(config.method).tensors(config.method, config.model)
    except InputError:
        return None
    method = method_of(config.method)
    shapes = {name: shape for name, shape in tensors.items() if method.trains(config.method, name)}
    kinds: Counter[tuple[str, tuple[int, ...]]] = Counter()
    for name, shape in shapes.items():
        kinds[".".join("N" if part.isdecimal() else part for part in name.split(".")), shape] += 1
    total = sum(times * _entries(shape) for (_, shape), times in kinds.items())
    if total != book.number("ratio/trainable"):
        return None
    rows: list[tuple[Inline, ...]] = [
        (Code(name), " × ".join(map(str, shape)), f"{_entries(shape):,}", str(times), f"{times * _entries(shape):,}")
        for (name, shape), times in kinds.items()
    ]
    rows.append((Bold(book.say("合计", "sum")), "", "", "", book.fig("ratio/trainable", "count")))
    head = (
        book.say("张量", "Tensor"),
        book.say("形状", "Shape"),
        book.say("参数量", "Parameters"),
        book.say("个数", "How many"),
        book.say("小计", "Together"),
    )
    return book.table(head, rows)


def _entries(shape: tuple[int, ...]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product
