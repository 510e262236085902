"""The sections in the middle: weights, environment and how to repeat the run, inference."""

from __future__ import annotations

from shlex import quote

from core.terminal import visible
from submission.report.book import Book
from submission.report.content import Block, Code, Inline, Link, Section, Verbatim

_REPEAT = """\
unzip {zip} -d entry && cd entry/code
bash finetune/setup.sh
mkdir -p logs/again && cp ../configs/run.yaml logs/again/
bash finetune/run_lora.sh --run logs/again"""


def weights(book: Book) -> Section:
    """Name the merged weights, and where they are."""
    facts, mode = book.facts, book.order.weights
    blocks: list[Block] = [
        book.words(
            "训练过程中等间隔保存 {} 个权重，均已合并为完整权重。",
            "{} checkpoints were saved at equal intervals and merged into full weights.",
            book.fig("run/rules/checkpoints"),
        )
    ]
    if base := next((item.base_sha256 for item in facts.checkpoints if item.base_sha256), ""):
        blocks.append(book.words("基础权重的 sha256：{}。", "Their base has sha256 {}.", Code(base)))
    where = {
        "full": ("权重位于本压缩包的 {}。", "They are in {} of this zip."),
        "manifest": (
            "本压缩包只列出权重的大小与 sha256（{}），权重文件另行提交。",
            "This zip lists their sizes and hashes ({}); the files are handed in separately.",
        ),
        "light": (
            "本压缩包含有适配器（{}），由基础权重可逐字节重新得到完整权重。",
            "This zip holds the adapters ({}), from which the base gives the full weights again, byte for byte.",
        ),
    }
    place = {"full": "checkpoints/", "manifest": "manifest.json", "light": "logs/train/adapters/"}[mode]
    blocks.append(book.words(*where[mode], Code(place)))
    if url := book.order.weights_url:
        blocks.append(book.words("权重下载链接：{}", "The weights can be had here: {}", Link(visible(url), url)))
    rows: list[tuple[Inline, ...]] = []
    for item in facts.checkpoints:
        at = f"weights/checkpoints/{item.name}"
        rows.append(
            (item.name, book.fig(f"{at}/file"), book.fig(f"{at}/bytes", "size"), book.fig(f"{at}/sha256", "hash"))
        )
    head = (book.say("权重", "Checkpoint"), book.say("文件", "File"), book.say("大小", "Size"), "sha256")
    blocks += [
        book.table(head, rows),
        book.words(
            "完整的 sha256 与字节数见 {}。",
            "The whole hashes and sizes in bytes are in {}.",
            Link("manifest.json", "manifest.json"),
        ),
    ]
    return Section("weights", book.heading("微调后的权重文件", "Fine-tuned weights"), tuple(blocks))


def environment(book: Book, zip_name: str) -> Section:
    """Say what it ran on, and how it can be run again."""
    named = [
        (book.say("机器", "Machine"), "run/machine/title"),
        (book.say("设备", "Device"), "run/machine/device"),
        (book.say("进程数", "Workers"), "run/machine/workers"),
        (book.say("系统", "System"), "environment/platform"),
        ("Python", "environment/python"),
        (book.say("工具版本", "Version of the kit"), "environment/kit"),
        (book.say("代码版本", "Commit of the code"), "environment/git_commit"),
    ]
    rows = [(name, book.fig(path)) for name, path in named if book.knows(path)]
    rows += [(name, value) for name, value in book.rows("environment/packages")]
    blocks: list[Block] = [
        book.table((book.say("环境", "Environment"), book.say("取值", "Value")), rows),
        book.words(
            "运行所用代码位于 {}，安装方法见其中的 README，所需软件包见 {} 与 {}。",
            "The code that ran is in {}; its README says how to install it, {} and {} what it needs.",
            Code("code/"),
            Code("code/pyproject.toml"),
            Code("code/constraints.txt"),
        ),
    ]
    if url := book.config.submission.mindformers_url:
        blocks.append(book.words("MindFormers 源码包：{}", "MindFormers' source package: {}", Link(visible(url), url)))
    again = Section(
        "repeat",
        book.say("如何复现", "How to repeat it"),
        (
            book.words(
                "用同一份配置从语料到压缩包重新运行（基础模型、分词器与语料须放在配置所写的位置，"
                "形如 {} 的占位符需换成自己的路径）：",
                "Run it again from corpus to zip by the same settings (base model, tokenizer and corpus where these "
                "say; put your own paths for placeholders like {}):",
                Code("<path>"),
            ),
            Verbatim(_REPEAT.format(zip=quote(zip_name))),
            book.words("只核对本压缩包中的数值：", "Or only check what this zip says:"),
            Verbatim(f"python submission/check.py {quote(zip_name)}"),
        ),
    )
    return Section("environment", book.heading("运行环境说明", "Running environment"), tuple(blocks), (again,))


def inference(book: Book) -> Section:
    """Say how the questions were put to the model."""
    config = book.config
    blocks: list[Block] = [
        book.words(
            "每道题目放入提示词 {}，与训练所用文本相同：",
            "Each question goes into the prompt {}, the text that was trained:",
            Code(visible(config.prompt.name)),
        ),
        Verbatim(config.prompt.template),
    ]
    reads = book.has("squad")
    if reads:
        blocks += [
            book.words(
                "每道原有能力题目放入提示词 {}：",
                "Each retention question goes into the prompt {}:",
                Code(visible(config.squad_prompt.name)),
            ),
            Verbatim(config.squad_prompt.template),
        ]
    kinds = [("accuracy", book.say("答题", "task"))] + ([("squad", book.say("原有能力", "retention"))] if reads else [])
    settings = (
        ("max_new_tokens", book.say("最多生成词元数", "Most tokens generated")),
        ("min_new_tokens", book.say("最少生成词元数", "Fewest tokens generated")),
        ("temperature", book.say("温度", "Temperature")),
    )
    rows = [(name, *(book.fig(f"run/eval/{kind}/{key}") for kind, _ in kinds)) for key, name in settings]
    rows.append((book.say("推理引擎", "Engine"), *(book.fig("run/eval/engine") for _ in kinds)))
    blocks += [
        book.table((book.say("推理设置", "Setting"), *(name for _, name in kinds)), rows),
        book.words(
            "每道题目的生成文本及其提示词的哈希见 {}。",
            "The text generated for each question, with the hash of its prompt, is in {}.",
            Code("logs/predictions/"),
        ),
    ]
    return Section("inference", book.heading("推理方式说明", "How inference was done"), tuple(blocks))
