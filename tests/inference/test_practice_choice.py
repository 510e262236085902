"""What the base model of the practice choice contest knows before fine-tuning, and what it does not do yet."""

from __future__ import annotations

import numpy as np
import pytest

from core.config import kit_path, load_contest
from core.tasks.choice import LETTERS
from core.text.prompts import render
from core.text.tokenizers import load_tokenizer
from data_convert.practice import choice
from inference.cpu.engine import CpuEngine
from inference.engine import GenerationSettings, Request

QUESTIONS = 100


@pytest.mark.mindspore
@pytest.mark.slow
def test_it_finds_the_option_but_seldom_says_its_letter() -> None:
    config = load_contest("practice_choice")
    model, prompt = config.model, config.prompt
    tokenizer = load_tokenizer(model.tokenizer.kind, kit_path(model.tokenizer.file), 1, 2, 3)
    engine = CpuEngine(model.model_dump(), kit_path(model.checkpoint), tokenizer, 64, model.max_length)
    engine.use(prompt)
    records = choice.records(QUESTIONS, 11, held_out=True)
    asked = [Request(record.id, render(prompt, record)) for record in records]
    said = engine.generate(asked, GenerationSettings(8))
    exact = sum(answer.text.strip() == record.answer for answer, record in zip(said, records, strict=True))
    assert 0.10 < exact / QUESTIONS < 0.45
    letters = [
        Request(record.id, one.prompt, f"The right option is {letter}")
        for record, one in zip(records, asked, strict=True)
        for letter in LETTERS
    ]
    likely = np.array(engine.loglikelihood(letters)).reshape(QUESTIONS, len(LETTERS)).argmax(axis=1)
    right = [LETTERS.index(record.answer[-2]) for record in records]
    # Chance is 25; the words of these options are in no training question.
    assert np.mean(likely == right) > 0.6
