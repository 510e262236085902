"""The patterns that clauses about options are understood by, built from the words of both languages."""

from __future__ import annotations

import re

from eval_accuracy.extraction.options import words
from eval_accuracy.extraction.options.marks import OPTION, PHRASE
from eval_accuracy.extraction.options.words import any_of

_SPACE = r"[\s«:…,，*\"'“”‘’=<>\-~(\[「（]"
_EDGE = r"(?![A-Za-z])"
# "the correct option" -> "correct option"
# "故答案" -> "答案"
NOUN = re.compile(
    rf"(?i:(?<![A-Za-z])(?:boxed|{any_of(words.ANSWER_EN, words.ANSWER_OTHER)}{_EDGE}"
    rf"|(?:{any_of(words.GOOD_EN)}\s+){{1,3}}{any_of(words.NOUN_EN)}{_EDGE}|{any_of(words.GOOD_EN)}\s?(?=[:：])"
    rf"|{any_of(words.MINE_EN)}\s+(?:{any_of(words.GOOD_EN)}\s+){{0,2}}{any_of(words.OWN_EN)}{_EDGE}"
    r"|(?:choice|selection|option|decision|result|verdict|conclusion|pick|response|reply|output|prediction|label|"
    r"category)(?=\s{0,3}(?:[:：=]|=>)))"
    rf")|{any_of(words.ANSWER_ZH)}"
)
_NO_CHOICE = "".join(words.NO_CHOICE_ZH)
# "所以应选" -> "选"
CHOOSE = re.compile(rf"(?<![{_NO_CHOICE}])(?<!(?<!本)(?<!个)人)(?<!(?<!应)当){any_of(words.CHOOSE_ZH)}")
# "流经该镇的选项是" -> "的选项是"
OF_WHICH = re.compile(
    r"的(?:选项|答案|一项|一个|那项|说法|一组)?(?:就|应该|应当|应|只有|只能|最可能)?[是为](?:选项)?\s?[:：]?$"
)
# What may stand between the noun that announces and the letter: words that fill, after a verb any others too.
# "should be" -> "should"
FILL = re.compile(rf"{any_of(words.FILL_ZH)}|(?i:{any_of(words.FILL_EN)}){_EDGE}|(?:{_SPACE}|[{OPTION}{PHRASE}])+")
# "to this question is" -> "is"
# "显然是" -> "是"
IS = re.compile(
    rf"(?<![A-Za-z])(?:(?i:{any_of(words.COPULA_EN)}|{any_of(words.IS_OTHER)}){_EDGE})|(?<=[a-z])['’]s|"
    rf"{any_of(words.COPULA_ZH)}|[:：]"
)
# What may lead to a letter without a noun, word by word.
# "So I would say" -> "So"
LEAD = re.compile(
    rf"{any_of(words.LEAD_ZH)}|(?i:{any_of(words.LEAD_EN)}){_EDGE}|"
    rf"[{OPTION}{PHRASE}«✅✓✔√☑👉\s:：…,，*\"'“”‘’=<>.;·#~&\-]+"
)
# "I think" -> "I think"
TAIL = re.compile(rf"{any_of(words.LEAD_ZH)}|(?i:{any_of(words.TAIL_EN)}){_EDGE}|[\s:…,，*\"'“”‘’.!！。]+")
# "the final answer" -> "final"
FINAL = re.compile(rf"(?i:(?<![A-Za-z]){any_of(words.FINAL_EN)}{_EDGE})|{any_of(words.FINAL_ZH)}")
# "so the answer" -> "so"
SO = re.compile(rf"(?i:(?<![A-Za-z]){any_of(words.SO_EN)}{_EDGE})|{any_of(words.SO_ZH)}|=>")
# "I would not pick" -> "not"
# "isn't" -> "n't"
NOT = re.compile(rf"(?i:(?<![A-Za-z])(?!n['’]t){any_of(words.NOT_EN)}{_EDGE}|n['’]t{_EDGE})|{any_of(words.NOT_ZH)}")
# "毫无疑问选" -> "毫无疑问"
NOT_NEGATING = re.compile(rf"(?i:{any_of(words.NOT_NEGATING)})")
# "if we pick" -> "if"
SUPPOSE = re.compile(rf"(?i:(?<![A-Za-z]){any_of(words.SUPPOSE_EN)}{_EDGE})|{any_of(words.SUPPOSE_ZH)}")
# What draws a conclusion from a look at something.
# "A look at the text shows that the" -> "shows that"
FOUND_OUT = re.compile(
    r"(?i:\b(?:shows?|reveals?|tells\sus|indicates?|suggests?|confirms?|makes\sit\sclear|(?:we|i)\s(?:can\s)?"
    r"(?:see|find|conclude)|leads\sto)\b(?:\sthat\b)?)|可知|可见|得知|看出|表明"
)
# "Some may think" -> "Some"
OTHERS = re.compile(rf"(?i:(?<![A-Za-z]){any_of(words.OTHERS_EN)}{_EDGE})|{any_of(words.OTHERS_ZH)}")
_STATEMENT = (
    r"(?:(?:的?(?:[这三两四]个?|一)?(?:选项|[项者个]|说法|描述|表述|内容|观点|叙述|陈述|结论|答案|解释|表达|"
    r"理解|做法|句子))?"
    r"(?:唯一的?|最佳的?|最好的?|本身|显然|明显|完全|也|就|都|均|皆|才|则|是|属于|为|较|比较|更|最|最为|很|相对|应该|"
    r"应当|应|应为|看起来|一定|必然|可能|确实|全部|同样|又|被|所述|所说|可以|"
    r"可|在此|来说|而言|首先|即|即为|便|便是|乃|也是){0,4})"
)
_ADVERB = (
    r"(?:(?:the|a|an|clearly|obviously|definitely|also|certainly|probably|likely|most likely|indeed|actually|"
    r"therefore|"
    r"thus|hence|then|simply|just|still|really|completely|entirely|absolutely|both|all|in fact|of course|by far|"
    r"perfectly|"
    r"factually|far|logically|surely|only|true and|my|our|your|single|one|considered|to be|not only|arguably|now|"
    r"be|being)\s+){0,5}"
)
_VERB = (
    r"(?:is|are|was|were|'s|’s|be|seems|seem|appears|looks|sounds|remains|must be|should be|would be|has to be|"
    r"will be|might be|"
    r"may be|could be|can be|ist|est|es)(?:\s+to\s+be)?"
)
# What is said behind a letter; at the start of a clause that speaks of the option before it, too.
# "is the best answer" -> "is the best answer"
# "的说法正确" -> "的说法正确"
GOOD = re.compile(
    rf"[\s,{OPTION}\"'”’)]*(?:(?i:alone|"
    rf"itself)\s+)?(?:(?i:{_VERB}\s+{_ADVERB}(?:{any_of(words.GOOD_EN)}\s+){{0,3}}(?:{any_of(words.NOUN_SAID_EN)}{_EDGE}|{any_of(words.GOOD_SAID_EN)}{_EDGE}(?!\s+(?:that|in|only|but)\b))"
    rf"|{_ADVERB}{any_of(words.GOOD_VERB_EN)}{_EDGE}|it\s+is{_EDGE}(?!\s\w)|(?:is|does|works)\s*\Z|for\s+the\s+win)"
    rf"|{_STATEMENT}{any_of(words.GOOD_SAID_ZH)}|[✓✔✅√☑])"
)
# "is too broad" -> "is too broad"
# "项的说法错误" -> "项的说法错误"
BAD = re.compile(
    rf"[\s,{OPTION}\"'”’)]*(?:(?i:(?:{_VERB}|['’]s)\s+{_ADVERB}{any_of(words.BAD_SAID_EN)}{_EDGE}|"
    rf"{_ADVERB}{any_of(words.BAD_VERB_EN)}{_EDGE})"
    rf"|项?{_STATEMENT}{any_of(words.BAD_SAID_ZH)}|[✗✘❌✖×])"
)
_PRONOUN = (
    r"(?:(?i:(?:so|therefore|thus|hence|which|this|that|it|and|also|but)\s+|(?:option|choice|answer|statement|one|"
    r"claim)\s+){0,5}|"
    r"(?:这|该|此|故|所以|因此|因而|本|那|它|一){0,4}(?:个|一)?(?:选项|选?项|答案|说法|描述|句)?)"
)
# A verdict without its subject: a point of a list, or a remark on the option before.
# "Incorrect" -> "Incorrect"
VERDICT_BAD = re.compile(
    rf"\s*{_PRONOUN}(?:(?i:(?:{_VERB}\s+)?{_ADVERB}(?:wrong|incorrect|false|untrue|inaccurate|not\s+(?:right|"
    rf"correct|true|the|a|accurate|supported)|too\s+\w+|irrelevant|no\b|nope)"
    rf"{_EDGE}|(?:{_VERB}\s+)?{_ADVERB}(?:impossible|implausible|unlikely|not\s+(?:it|this|that)|unsupported){_EDGE}"
    rf"|{_ADVERB}{any_of(words.BAD_VERB_EN)}{_EDGE}|isn['’]t|doesn['’]t|cannot|can['’]t)|{_STATEMENT}(?:错|不(?!过|仅|但)|有误|误|片面|过于|排除|"
    rf"无关|偷换|非|否|与(?:题|文|原|事)[^，。]{{0,6}}(?:不|相反|矛盾)|没|无法|混淆|难以)|[✗✘❌✖×])"
)
# "这是正确的" -> "这是正确"
VERDICT_GOOD = re.compile(
    rf"\s*{_PRONOUN}(?:(?i:(?:(?:{_VERB}\s+)?{_ADVERB}(?:right|correct|true|accurate|yes|the\s+(?:best|right|"
    rf"correct)\s+\w+|the\s+answer|possible|plausible|supported|it\s*\Z)|{_ADVERB}{any_of(words.GOOD_VERB_EN)})"
    rf"{_EDGE}(?!\s+(?:that|in|only|but|\w+ly)\b))|{_STATEMENT}(?:正确|对(?!于|应|象)|符合|正解|没错|无误|当选|"
    rf"成立|合适|恰当|属实|可以|可能|是\\Z|正好|刚好|吻合|相符|一致)|[✓✔✅√☑])"
)
# What makes an announced letter wrong afterwards, and the one that is asked for where a question asks for it.
# "is wrong" -> "wrong"
FALSE = re.compile(
    r"(?i:\b(?:wrong|incorrect|false|untrue|inaccurate|not (?:the )?(?:right|correct|true|answer|accurate))\b)|错|"
    r"不对|不正确|有误|排除|不符|不属于|不成立"
)
# "B的同学" -> "的同学"
NO_ANSWER_BEHIND = re.compile(
    r"的?(?:人|同学|学生|考生|话|概率|比例|可能性|情况)|的(?:原因是误)|(?i:\s*(?:if|unless|would be if)\b)"
)
# Between two letters: both are meant, or the second is put aside.
# ", or perhaps" -> ", or perhaps"
OR = re.compile(
    r"(?:^|.*[\s,，])(?:(?i:or|and|nor|vs\.?|versus)|或者?|还是|和|与|及|要么)"
    rf"(?:(?i:maybe|perhaps|possibly|even|else|also|it is|it's|option|answer|the answer is|is it|boxed)|"
    rf"[\s({OPTION}者是选:]|可能)*\Z"
)
# "rather than" -> "rather than"
SECOND_NOT = re.compile(
    r"[\s,]*(?:(?i:and not|not|but not|(?:and )?not for|(?:and )?not with|rather than|instead of|over|to|"
    r"than|as opposed to|versus|vs\.?)|而不是|"
    r"而非|不是|"
    r"并非|非|不选|而不选|比|>|=>)\s*\Z"
)
NOT_HEADS = frozenset("instead of|rather than|as opposed to|而不是|而非".split("|"))
BECAUSE = frozenset(
    "because|since|due to|given that|as|因为|由于|although|though|even though|while|whereas|虽然|尽管".split("|")
)
SUPPOSE_HEADS = frozenset("如果".split("|"))
SO_HEADS = frozenset("so|therefore|thus|hence|consequently|所以|因此|因而|可见".split("|"))
BUT_HEADS = frozenset("but|however|yet|但|但是|然而|不过|而是|而".split("|"))
# What may follow a letter that stands alone.
# "吧。" -> "吧。"
PARTICLE = re.compile(r"(?:[\s吧呢啊啦了哦嘛呀的!！.,。、:：*\"'”’)\]}>|~»]|です|입니다)*\Z")
# What takes back.
# "Wait, that is wrong" -> "Wait"
RECONSIDERS = re.compile(rf"\s*(?:(?i:{any_of(words.NEVERMIND_EN)}){_EDGE}|{any_of(words.NEVERMIND_ZH)})")
# "However" -> "However"
CONTRAST = re.compile(r"\s*(?i:however\b|but\b(?! wait)|rather\b|但是?|然而|不过|嗯|wrong\b)")
# "Actually" -> "Actually"
ACTUALLY = re.compile(r"\s*(?i:actually\b|其实|实际上|事实上)")
_NO_OPTION = (
    r"(?!.*\b(?:type|grade|vitamin|group|plan|point|class|section|level|note|key|figure|model|team|drive|symbol|sign|"
    r"first|previous|other|second|side|line|distractors?|trap|mistake|exception|outlier|problem|opposite|alternative|"
    r"runner-up|worst|least|wrong|variable|vertex|angle|author|name|hepatitis|blood|claims?|says?)\b)"
)
# A sentence that names what was asked for, a label, and what a Chinese clause ends with.
# "The town is" -> "The town is"
# "Judgement:" -> "Judgement:"
# "八成是" -> "八成是"
NAMED_THING = re.compile(
    rf"(?i:(?:so|thus|therefore|hence)?,?\s*(?:the|my|our|this|that|there)\b{_NO_OPTION}[\w\s,'’-]{{1,60}}"
    r"\s?(?:\s(?:is|are|would be|must be|should be)|['’]s|:))\s*\Z"
    rf"|(?i:{_NO_OPTION}[a-z][a-z \-]{{2,25}}:)\s*\Z"
    r"|[\u3400-\u9fff]{1,8}[:：]\Z"
    r"|(?!.*(?:血型|维生素|型号|级别|等级|代号|首选|候选|备选|人选))[\u3400-\u9fff]{1,20}(?:[是为填剩得出定]|只有)\Z"
)
# "No, that is wrong" -> "No, that is wrong"
TAKES_BACK = re.compile(
    rf"(?:^|.*?[\s,，])(?i:{any_of(words.TAKEN_BACK_EN)})\s*\Z|.*?{any_of(words.TAKEN_BACK_ZH)}[了的]?\s*\Z"
)
# "others are wrong" -> "others"
OF_OTHERS = re.compile(r"(?i:\b(?:other|others|rest|remaining|all)\b)|其他|其它|其余|另外|另|都|均|各项")
# "Yes" -> "Yes"
YES = re.compile(rf"\s*(?i:{any_of(words.YES)})\s*\Z")
# "Why" -> "Why"
WHY = re.compile(r"\s*(?i:why)(?:\s(?i:is|choose|pick|did i choose|option))?\s*\Z|为什么(?:选择?|是)?\Z|为何选?\Z")
# "right" -> "right"
TAG = re.compile(r"\s*(?i:right|correct|isn't it|yes|不是吗|对吧|对吗|是吧|吧)\s*\Z")
# "只有" -> "只有"
ONLY = re.compile(r"只有|仅有?|唯有|唯一|(?i:\bonly\b)")
# "the incorrect statement is" -> "incorrect statement is"
IS_WRONG_ONE = re.compile(
    rf"(?i:(?:incorrect|false|wrong|untrue|exception|not \w+)\s?(?:{any_of(words.NOUN_EN)}|answer)?\s?(?:is|"
    rf":)\s?)[{OPTION}]?\Z|(?:错误|不正确|有误|不符合)(?:的?(?:选项|一项|说法))?[:：]?(?:是|为)?[:：]?\Z"
)
# Said of the letter before it.
# "符合题意" -> "符合题意"
CHOSEN = re.compile(
    r"\s*(?:故|所以|因此|因而)?(?:该项|该选项|此项)?(?:符合题意|当选|入选|应选|是正确答案|为正确答案|为答案|"
    r"是答案|与题意相符|为本题答案)\s*\Z"
)
# "or it could be" -> "or"
OR_START = re.compile(
    r"\s*(?:(?i:or|alternatively|possibly|maybe|perhaps|it (?:could|might|may) (?:also|equally|"
    r"just as well) be)\b|或|要么|也(?:可能|许|可以|有可能|行)|可能也?是)"
)
# "is not" -> "is not"
PREDICATE_BAD = re.compile(
    rf"\s*(?i:which\s+|it\s+|that\s+|but\s+)?(?:(?i:{_VERB}\s+{_ADVERB}(?:not|wrong|incorrect|false)\b|isn['’]t|"
    rf"doesn['’]t|is\s+not)|是?错|不对|不正确|并不|是不)"
)
# "That makes" -> "makes"
MAKES = re.compile(r"(?i:\b(?:makes?|making|leaves?|leaving))[\s\ue804]*\Z")
# "is the answer" -> "is the answer"
# "是正确答案" -> "是正确答案"
ANSWER_SAID = re.compile(
    rf"\s*(?:(?i:{_VERB}\s+{_ADVERB}(?:(?:right|correct|best|final|required)\s+)?(?:answer|option|choice|"
    rf"pick){_EDGE})"
    r"|(?:就|才|应该?|便)*[是为]?(?:本题的?|最终|正确)?(?:答案|选项)|符合题意|当选|入选|应选)"
)
# "is the false one" -> "is the false one"
WRONG_ONE_SAID = re.compile(
    rf"\s*(?i:{_VERB}\s+the\s+(?:only\s+)?(?:(?:false|incorrect|wrong|untrue|odd)\s+(?:one|statement|option|"
    rf"answer|choice)|exception|odd one out))"
)
# "the others are correct" -> "others are correct"
OTHERS_RIGHT = re.compile(
    r"(?i:\b(?:others?|rest|remaining)\b.{0,20}\b(?:correct|right|true)\b)|(?:其他|其它|其余|另外).{0,8}(?:正确|"
    r"对|无误)"
)
# "might also be" -> "might"
HEDGE = re.compile(r"(?i:\b(?:may|might|could|maybe|perhaps|possibly)\b)|可能|也许|或许|大概")
# "is also right" -> "also"
ALSO = re.compile(r"(?i:\b(?:also|too|as well|equally)\b)|也|同样")
# "or" -> "or"
OR_ALONE = re.compile(r"\s*(?:(?i:or|or maybe|or perhaps|or possibly|or else)|或者?|或许是|也可能是?)\s*\Z")
# "it is clear that" -> "that"
THAT = re.compile(r"(?i:\bthat)\s*\Z")
# "莫属" -> "莫属"
NONE_ELSE = re.compile(r"\s*莫属")
