"""The settings of the evaluations and the rules of a contest: what answers, how it decodes, who judges."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from core.errors import did_you_mean
from core.registry import ENGINES, JUDGES
from core.secrets import blanked
from core.section import Section, or_value_error, unshown

_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
# The one query that is taken: a date or a version holds no key.
_VERSION = re.compile(r"api-version=(?:\d{4}-\d\d-\d\d(?:-preview)?|preview|latest|v?\d{1,3})", re.ASCII)
_KEY_LIKE = re.compile(r"(?=.*[a-z])(?=.*[0-9]).{20,}")  # long, of letters and digits: a key, and no name


class DecodingConfig(Section):
    """How one evaluation's answers are decoded: greedily at temperature 0, sampled above it.

    Attributes:
        max_new_tokens: most tokens of an answer.
        min_new_tokens: fewest tokens of an answer.
        temperature: logits are divided by it before sampling; 0: the likeliest token.
        top_k: sample among so many of the likeliest tokens (0: all of them).
        top_p: sample among the likeliest tokens that together have this probability.
        seed: with a question's id and a token's place it decides what is sampled, whatever else is asked beside it.
        stop: texts before which an answer ends, besides the prompt's own end mark.
        copy_marks: an answer copies its question and only puts marks {text|TYPE} in: the CPU engine writes nothing
            else; answers of other engines are aligned with the question afterwards.
    """

    max_new_tokens: int = Field(ge=1)
    min_new_tokens: int = Field(default=1, ge=0)
    temperature: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    top_k: int = Field(default=0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    seed: int = Field(default=0, ge=0, lt=1 << 63)
    stop: tuple[str, ...] = ()
    # Not written where it is off: the files of answers have the hash of these settings in their names.
    copy_marks: bool = Field(default=False, exclude_if=lambda on: not on)

    @model_validator(mode="after")
    def _limits_fit(self) -> DecodingConfig:
        if self.min_new_tokens > self.max_new_tokens:
            raise ValueError(f"min_new_tokens {self.min_new_tokens} is above max_new_tokens {self.max_new_tokens}")
        return self


class HttpConfig(Section):
    """A server with OpenAI's interface: vLLM, vLLM-MindSpore, MindIE, llama.cpp and others.

    Attributes:
        url: its address, such as http://127.0.0.1:8000; /v1 is added where there is no path. A whole endpoint is taken
            too (…/v1/chat/completions), and then says which form of the interface is meant.
        model: the name under which it serves the model.
        api: "completions": prompts are gone on with; "chat": each is one turn of a user, around which the server puts
            its model's chat template; "auto": completions, and chat where the server has nothing else.
        chat_template_kwargs: what a chat template is given besides, such as {enable_thinking: false}.
        concurrency: most requests at a time.
        timeout: seconds for one request.
        retries: how often a request that failed is sent again; waits double, and a server's Retry-After is kept.
        api_key_env: name of the environment variable that holds the key, where the server wants one.
        prompts: "text", or "tokens": the ids that the kit's own tokenizer makes, as in training. As text the server
            tokenises, and many put a BOS before every prompt.
        loglikelihood: what options are compared by: "prompt": the log-probabilities of the whole text, which the server
            echoes; "first_token": those of an answer's first token, enough for letters; "auto": the first of them that
            the server has.
        input_price: of a million tokens of prompts, in any currency.
        output_price: of a million generated tokens; with both, results say what the answers cost.
    """

    url: str = ""
    model: str = ""
    concurrency: int = Field(default=8, ge=1, le=10_000)
    timeout: float = Field(default=60.0, gt=0, le=86_400)
    retries: int = Field(default=3, ge=0, le=1000)
    api_key_env: str = ""
    prompts: Literal["text", "tokens"] = "text"
    api: Literal["auto", "completions", "chat"] = "auto"
    chat_template_kwargs: dict[str, bool | int | float | str] = {}
    loglikelihood: Literal["auto", "prompt", "first_token"] = "auto"
    input_price: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    output_price: float | None = Field(default=None, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _goes_together(self) -> HttpConfig:
        if (self.input_price is None) != (self.output_price is None):
            raise ValueError("input_price and output_price belong together: give both")
        if self.api == "chat" and self.prompts == "tokens":
            raise ValueError("a chat takes text: prompts=tokens needs api=completions")
        if self.api == "completions" and self.chat_template_kwargs:
            raise ValueError("chat_template_kwargs are for a chat: set api=chat, or leave them out")
        if self.api == "chat" and self.loglikelihood == "prompt":
            raise ValueError("a chat tells no log-probabilities of a prompt: set loglikelihood=first_token")
        return self

    @field_validator("url")
    @classmethod
    def _address_has_no_secret(cls, value: str) -> str:
        # Settings are stored, reported and packed: what is secret stays in the environment.
        query = value.partition("?")[2]
        if "@" in value or "#" in value or (query and not _VERSION.fullmatch(query)) or blanked(value) != value:
            raise unshown(
                "an address with a user, a password, a key or a query (but for api-version=…) is not taken, for "
                "settings are stored; put the key into an environment variable, such as KIT_API_KEY, and give its "
                "name: eval.http.api_key_env=KIT_API_KEY"
            )
        if any(char.isspace() or not char.isprintable() for char in value):
            raise ValueError("an address has no blanks or control characters")
        return value

    @field_validator("api_key_env")
    @classmethod
    def _key_is_named_and_not_given(cls, value: str) -> str:
        if value and (not _VARIABLE.fullmatch(value) or _KEY_LIKE.fullmatch(value) or blanked(value) != value):
            raise unshown(
                "the name of an environment variable is expected, not a key itself, for settings are stored; put the "
                "key into a variable, such as KIT_API_KEY, and give its name: eval.http.api_key_env=KIT_API_KEY"
            )
        return value


class EvalConfig(Section):
    """Decoding of the two evaluations, and what answers.

    Attributes:
        squad: decoding of the retention questions.
        accuracy: decoding of the task's questions.
        batch_size: most prompts that go through the model together.
        engine: what answers: a module of inference/ by its name, or of a plug-in folder; "auto" goes by machine.device.
        http: the server, where the engine asks one.
    """

    squad: DecodingConfig
    accuracy: DecodingConfig
    batch_size: int = Field(default=64, ge=1)
    engine: str = "auto"
    http: HttpConfig = HttpConfig()

    @field_validator("engine")
    @classmethod
    def _engine_is_known(cls, value: str) -> str:
        return value if value == "auto" else or_value_error(ENGINES.checked, value)


class PublishedResult(Section):
    """One row of a contest's published ranking.

    Attributes:
        team: its name.
        accuracy: share of questions answered right, 0 to 1.
        ratio: trained parameters over all parameters, 0 to 1.
    """

    team: str
    accuracy: float = Field(ge=0, le=1)
    ratio: float = Field(ge=0, le=1)


class RulesConfig(Section):
    """What the organiser decides: gate, formula, judge, hand-in.

    Attributes:
        ratio_weight: of the low-parameter ratio: score = (1 - ratio_factor x ratio) x ratio_weight
            + accuracy x accuracy_weight.
        accuracy_weight: of accuracy in that formula.
        ratio_factor: how many times the ratio counts in that formula.
        retention_share: share of the base model's F1 and EM that must be kept.
        f1_threshold: F1 that must be kept, as the organiser states it, in percent; None: retention_share x the base's.
        em_threshold: EM that must be kept, likewise.
        judge: an entry of `eval_accuracy.judges` that can judge answers to questions of the contest's task.
        equality: the rule whose accuracy is the headline; one that only other judges have stands for the judge's first.
            A rule with "circular_" before it asks for a right answer under every rotation of the options.
        checkpoints: how many evenly spaced checkpoints are handed in.
        baseline_accuracy: the base model's accuracy that the organiser states, 0 to 1; `score.py` shows it.
        published: the ranking of an earlier round; `score.py` shows it beside one's own figures.
    """

    ratio_weight: float = 0.3
    accuracy_weight: float = 0.7
    ratio_factor: float = Field(gt=0)
    retention_share: float = Field(default=0.9, gt=0, le=1)
    f1_threshold: float | None = Field(default=None, ge=0, le=100)
    em_threshold: float | None = Field(default=None, ge=0, le=100)
    judge: str
    equality: str = "exact"
    checkpoints: int = Field(default=5, ge=1, le=1000)
    baseline_accuracy: float | None = None
    published: tuple[PublishedResult, ...] = ()

    @field_validator("judge")
    @classmethod
    def _judge_is_known(cls, value: str) -> str:
        return or_value_error(JUDGES.checked, value)

    @field_validator("equality")
    @classmethod
    def _rule_is_known(cls, value: str, info: ValidationInfo) -> str:
        # A judge is imported to be asked for its rules, so the contest's own comes first, and mostly alone.
        if value == cls.model_fields["equality"].default or "judge" not in info.data:
            return value
        own: tuple[str, ...] = JUDGES.get(info.data["judge"]).headlines()
        if value in own:
            return value
        known = {rule: None for name in JUDGES.names() for rule in JUDGES.get(name).headlines()}
        if value not in known:
            near = did_you_mean(value, own) or did_you_mean(value, list(known))
            raise ValueError(f"no judge has a rule {value!r}; {info.data['judge']!r} has {', '.join(own)}{near}")
        return value
