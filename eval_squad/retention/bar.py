"""What a checkpoint's retention is held against: the gate, and the base model's own answers where they are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.config import load_contest
from core.errors import InputError
from core.files import sha256_file
from core.progress import say
from core.result_parts import Asked
from core.result_types import RetentionResult
from core.results import read_result, same_data
from core.schema_evaluation import RulesConfig
from core.step_names import BASE
from core.text.records import Record
from eval_squad.metrics.contest_metric import mean_percent
from eval_squad.retention.gate import Gate, gate_from_base, gate_of_contest
from eval_squad.retention.scoring import question_scores
from evaluation.answers.predictions import check_answers, read_predictions
from evaluation.command_line.evaluation import Evaluation
from evaluation.figures.statistics import Floats


class Bar:
    """What each checkpoint is held against: what the arguments state, else the contest, else the base model.

    Args:
        evaluation: the command.
        records: the questions asked.
        whole: description of the whole set that they are of.
        screened: whether they are only a part of it.

    Raises:
        InputError: contradicting arguments, or predictions of the base that cannot be read.
    """

    def __init__(self, evaluation: Evaluation, records: Sequence[Record], whole: Asked, screened: bool) -> None:
        arguments = evaluation.arguments
        self._run, self._records, self._whole, self._screened = evaluation.run, records, whole, screened
        self._rules = _rules(evaluation)
        self._base: Floats | None = None
        self._gate: Gate | None = None
        if (arguments.base_f1 is None) != (arguments.base_em is None):
            raise InputError("--base-f1 and --base-em belong together: give both")
        if arguments.base_f1 is not None:
            self._gate = gate_from_base(arguments.base_f1, arguments.base_em, self._rules.retention_share)
        elif arguments.base_predictions is not None:
            self._take(self._base_scores(arguments.base_predictions))
        else:
            rules = self._rules
            self._gate = gate_of_contest(rules.f1_threshold, rules.em_threshold, rules.retention_share)

    def for_checkpoint(self, name: str, scores: Floats) -> tuple[Gate | None, Floats | None]:
        """Return the gate and the base model's question scores for a checkpoint with these; None where unknown."""
        if self._gate is None:
            if name == BASE:
                # The base is its own reference; the checkpoints after it are held against it.
                self._take(scores)
            else:
                self._take_from_run()
        return self._gate, self._base

    def _base_scores(self, file: Path) -> Floats:
        """Return what the base model's predictions score; InputError where they are of other questions."""
        predictions = read_predictions(file)
        lacking = len(check_answers([record.id for record in self._records], predictions, file).missing)
        if lacking:
            say(f"warning: {file} lacks {lacking} of {len(self._records)} questions, which lowers the gate")
        return question_scores(self._records, predictions)

    def _take(self, base: Floats) -> None:
        self._base = base
        f1, em = (mean_percent(base[:, column].tolist()) for column in (0, 1))
        self._gate = gate_from_base(f1, em, self._rules.retention_share)

    def _take_from_run(self) -> None:
        """Take the base's result in the run, where it was measured on the same questions."""
        run = self._run
        path = run.results / "squad.json" if run else None
        if run is None or path is None or not path.is_file():
            return
        held = read_result(path, RetentionResult)
        base = held.checkpoints.get(BASE)
        if base is None or not same_data(held.data, self._whole):
            return
        file = run.path / str(base.predictions)
        if file.is_file() and sha256_file(file) == base.predictions_sha256:
            self._take(self._base_scores(file))
        elif not self._screened:
            self._gate = gate_from_base(base.contest.f1, base.contest.em, self._rules.retention_share)


def _rules(evaluation: Evaluation) -> RulesConfig:
    """Return the rules of the contest named, else of the run's own configuration, else the plain 90 % of the base."""
    if evaluation.arguments.contest:
        return load_contest(evaluation.arguments.contest).rules
    return evaluation.config.rules if evaluation.config else RulesConfig(ratio_factor=1, judge="math")
