"""The words by which answers are announced, remarked on and taken back, in English and Chinese: data, no logic.

Each entry is a part of a regular expression; `either` joins entries. English ones are looked for without regard to case
and never within a word.
"""

from __future__ import annotations

# What names the final answer outright, and what names a result.
ANSWER_EN = (
    r"(?<!/)answer", r"answers(?=\s(?:is|are)|\s?:)", r"ans", r"final\s(?:\w+\s)?(?:result|value|answer)", r"final(?=\s?[,:])",
    r"correct\s(?:value|result)", r"required\s(?:\w+\s)?(?:value|result|number|answer|quantity)",
)  # fmt: skip
ANSWER_ZH = (
    "答案", "(?<![回解作])答(?=[:])", "(?:最终|最后|正确|所求|要求)的?(?:结果|结论|值|数值?|得数|解)", "所求",
)  # fmt: skip
RESULT_EN = (r"(?<!partial\s)(?<!intermediate\s)(?<!interim\s)(?<!first\s)(?<!previous\s)(?:result|outcome)s?",)
RESULT_ZH = (
    "(?<!中间)(?<!部分)结果",
    "得数",
    "方程的[解根]",
    "(?<![a-z])解(?=[为是])",
    "(?:函数|式子|原式|表达式|算式)的?值",
    "原式",
)

# What a question of a type asks for: the label of its value.
LABELS = {
    "add": ("sum", "total", "addition", "(?<!总)总?和", "相加"),
    "sub": ("difference", "subtraction", "差", "相减"),
    "mul": ("product", "multiplication", "乘?积", "相乘"),
    "div": ("quotient", "division", "商", "相除"),
    "power": ("power", "幂", "次方"),
    "sqrt": (r"(?:square\s)?root", "平方根"),
    "fraction": (
        r"simplest\s(?:form|terms)", r"lowest\sterms", r"simplified\s(?:fraction|form)", r"reduced\s(?:fraction|form)",
        "最简(?:化的?)?(?:形式|分数|结果)?", "[化约简]{2}(?:后的?)?(?:形式|结果|分数)?", "约分",
    ),
    "mean": ("mean", "average", "平均[数值]?", "均值"),
    "equation": (r"solution", r"root", "方程的?[解根]", "[解根](?=[为是])"),
    "function": (r"value\sof\s(?:the\sfunction|y)", "function", "函数的?值", "y的?值"),
    "area": ("area", "面积"),
    "mass": ("mass", "weight", "质量"),
    "discount": (r"discount(?:\s(?:ratio|rate|percentage))?", "折扣(?:比例|率)?", "打折比例", "折扣的比例"),
    "sales": (r"(?:this\syear'?s?\s)?sales(?:\s(?:amount|figure|volume))?(?:\sthis\syear)?", "今年的?销售额"),
}  # fmt: skip

# What stands between such a name and the value.
COPULA_EN = (
    r"is", r"are", r"was", r"be", r"equals?", r"becomes?", r"comes?\s(?:out\s)?(?:to|as|at)(?:\sbe)?",
    r"turns?\sout\s(?:to\sbe|as)", r"works?\sout\s(?:to\sbe|to|as|at)", r"amounts?\sto", r"stands\sat", r"reads",
    r"evaluates?\sto", r"simplifies\sto", r"reduces\sto", r"adds\sup\sto", r"ends\sup\s(?:as|at|being)", r"totals",
    r"reached\sis",
)  # fmt: skip
COPULA_ZH = ("等于", "约等于", "[应即约当就便]?该?[是为](?![了什何])", "得(?:到|出)?", "有", "应约?为", "如下", "计")
# Verbs by which a result is stated without a name.
GETS_EN = (
    r"gives?(?:\sus)?", r"yields?", r"gets?", r"got", r"obtain(?:s|ed)?", r"find(?:s)?(?:\sthat\s\w+\sis)?", r"found",
    r"have", r"arrives?\sat", r"arrived\sat", r"leaves?(?:\sus)?(?:\swith)?", r"left\swith", r"ends?\sup\swith", r"makes?",
    r"reach(?:es|ed)?", r"conclude(?:s|d)?(?:\sthat\s\w+\sis|\swith|\sthat)?", r"lands?\son", r"produces?", r"comput(?:e|es|ed)\s(?:to\sbe|as)",
    r"written\sas", r"expressed\sas", r"simplified\sto", r"reduced\sto", r"totals?(?:ing)?", r"total\sof", r"settle\son",
)  # fmt: skip
GETS_ZH = (
    "[可即便就解算求取]?得[到出]?了?",
    "求出",
    "算出来?的?[是为]?",
    "算得",
    "共计?有?",
    "合计",
    "总计",
    "还剩下?",
    "写[成作为]",
    "化[成为]",
    "约分[为成得]?",
    "化简[为成得]?",
)
# What a conclusion begins with.
CONCLUSION_EN = (
    r"so", r"thus", r"therefore", r"hence", r"consequently", r"finally", r"in\sconclusion", r"overall", r"altogether",
    r"in\stotal", r"in\ssummary", r"to\ssum\sup", r"that\smakes", r"it\sfollows\sthat", r"accordingly", r"final", r"putting",
)  # fmt: skip
CONCLUSION_ZH = (
    "所以",
    "因此",
    "因而",
    "于是",
    "故",
    "综上(?:所述)?",
    "从而",
    "可见",
    "总之",
    "最终",
    "最后",
    "即",
    "∴",
    "⇒",
    "=>",
    "->",
    "→",
    "➜",
)

# What gives a reason, or a condition; what checks a result; what supposes one.
REASON_EN = (
    r"because",
    r"since",
    r"as\s(?=[-0-9$(x])",
    r"due\sto",
    r"the\sreason",
    r"recall(?:ing)?",
    r"note\sthat",
    r"noting",
    r"this\sfollows\sfrom",
    r"by\sthe",
)
REASON_ZH = ("因为", "由于", "理由", "原因", "这是因", "依据", "根据", "∵", "注意到?", "已知", "可知")
CONDITION_EN = (
    r"if",
    r"when",
    r"where",
    r"for",
    r"with",
    r"given",
    r"at",
    r"let",
    r"using",
    r"under",
    r"provided",
    r"in\scase",
    r"once",
    r"taking",
    r"substituting",
    r"assuming",
)
CONDITION_ZH = ("当", "如果", "若", "设", "令", "其中", "在", "取", "假如", "将", "把", "对于", "条件")
CHECK_EN = (
    r"(?:to\s|let\sus\s|let's\s|we\s(?:can\s)?|you\scan\s|a\s|quick\s|double[- ]){0,3}(?:check|verif|confirm|prove|test)\w*",
    r"sanity",
    r"proof",
    r"indeed",
    r"plugging",
    r"substitut\w+\sback",
)
CHECK_ZH = ("检验", "检查", "验证", "验算", "代入", "代回", "反过来", "逆运算", "反算", "核对")
SUPPOSITION_EN = (
    r"suppose", r"assume", r"imagine", r"let's\ssay", r"if\s(?:the|my|our|your|it)\b", r"were\s(?:the|it)", r"say\sit", r"my\sguess", r"i(?:'d|\swould)?\sguess",
    r"guess(?:ing)?", r"had\s(?:we|i|it)", r"if\s(?:you|we|i|one|someone)\b",
)  # fmt: skip
SUPPOSITION_ZH = (
    "假设",
    "假定",
    "倘若",
    "要是",
    "如果(?:答案|结果|是)",
    "若(?:答案|结果|是)",
    "猜",
    "我?估计",
    "估算",
    "粗略",
)
# What calls a value wrong, or says whose mistake it is; and what takes back what was said.
WRONG_EN = (
    r"wrong(?:ly)?", r"incorrect(?:ly)?", r"mistaken(?:ly)?", r"mistakes?", r"cannot\sbe", r"can't\sbe", r"not\s(?:right|correct|the\s(?:right|correct|answer|final|result))", r"errors?",
    r"might\s(?:think|say|be\stempted|guess|expect)", r"(?:may|could|would)\sthink", r"tempt(?:ing|ed)", r"at\sfirst\sglance", r"no\slonger", r"too\s(?:big|small|large|high|low|much|little)", r"first\sthought",
    r"ruled\sout", r"false", r"first\s(?:guess|instinct|impression)", r"misread\w*", r"rejected", r"discard(?:ed)?", r"careless\w*", r"trap",
)  # fmt: skip
WRONG_ZH = (
    "错(?!位)", "不对", "有误", "不正确", "误(?!差)", "有人", "乍一看", "不要", "不能是", "不可能是?", "不应", "别写", "排除", "太[大小]", "偏[大小高低]", "舍去", "陷阱", "看似",
)  # fmt: skip
# What denies the value that follows it.
DENIED_EN = (
    r"not",
    r"\w+n't",
    r"neither",
    r"nor",
    r"never",
    r"rather\sthan",
    r"instead\sof",
    r"other\sthan",
    r"as\sopposed\sto",
    r"unlike",
)
DENIED_ZH = ("不是", "并非", "而非", "不等于", "≠", "非(?=[0-9 ])", "不为", "而不", "不写")
RETRACT_EN = (
    r"wrong", r"incorrect", r"not\s(?:right|correct|true)", r"(?:a|my|an)\s(?:mistake|error|slip)", r"scratch\sthat", r"nope?(?=[\s*.!,]*$)", r"isn't\s(?:right|correct)", r"misread", r"mis(?:calculat|count)\w+",
    r"ignore\s(?:that|this|it|the\sabove)", r"take\s(?:that|it)\sback", r"correction", r"strike\sthat", r"let\sme\s(?:redo|correct)",
)  # fmt: skip
RETRACT_ZH = (
    "不对",
    "错了",
    "算错",
    "有误",
    "不正确",
    "更正",
    "纠正",
    "写错",
    "搞错",
    "看错",
    "我错",
    "弄错",
    "收回",
    "作废",
    "重新(?:计)?算",
    "重算",
)
# What a correction begins with.
CORRECTION_EN = (
    r"actually",
    r"correction",
    r"or\srather",
    r"i\smean",
    r"i\smeant",
    r"sorry",
    r"rather",
    r"make\sthat",
    r"it\s(?:should|must|has\sto)\sbe",
    r"should\s(?:be|have\sbeen)",
    r"the\scorrect\s(?:one|value|result|number)\sis",
)
CORRECTION_ZH = (
    "其实",
    "实际上",
    "更正",
    "修正",
    "改为",
    "改成",
    "正确的?(?:应该?)?[是为]",
    "应该?[是为]",
    "准确地?说",
)
# What restates a value in another form or unit, or relates it to others.
RESTATED_EN = (
    r"i\.?e\.?",
    r"that\sis",
    r"which\sis",
    r"or\sequivalently",
    r"equivalently",
    r"in\sother\swords",
    r"as\sa\s(?:decimal|percentage|percent|fraction)",
    r"also\swritten",
    r"meaning",
    r"compared",
    r"up\sfrom",
    r"down\sfrom",
    r"more\sthan",
    r"roughly",
    r"about",
    r"approximately",
    r"or\sabout",
    r"an?\s(?:increase|decrease|drop|rise)",
    r"out\sof",
    r"over",
)
RESTATED_ZH = (
    "即",
    "也就是说?",
    "也即",
    "换句话说",
    "换算",
    "合(?=[0-9 ])",
    "约合",
    "相当于",
    "折合",
    "比",
    "其中",
    "写成",
    "用(?:分数|小数|百分数)",
    "增加",
    "减少",
    "较",
    "与",
    "大约",
    "约",
)
# What says that there is no answer.
REFUSAL_EN = (
    r"(?:do\snot|don't|cannot|can't|could\snot|couldn't|unable\sto|not\s(?:able|sure|certain|possible|enough)|impossible|undefined|undetermined|unknown|no\ssolution|does\snot\sexist|not\sdefined|infinite|infinity|none|not\sa\snumber)",
)
REFUSAL_ZH = ("不知道|无法|不确定|不能确定|无解|不存在|没有意义|无意义|未知|不清楚|算不出|不会",)

# What makes a value with a number in it more, or less, than that number.
BOUND_EN = (
    r"less\sthan", r"more\sthan", r"greater\sthan", r"fewer\sthan", r"larger\sthan", r"smaller\sthan", r"bigger\sthan", r"higher\sthan", r"lower\sthan", r"at\sleast", r"at\smost",
    r"no\s(?:more|less|fewer)\sthan", r"not", r"between", r"from", r"over", r"under", r"below", r"above", r"beyond", r"up\sto", r"anything", r"any", r"all", r"every", r"either", r"neither", r"both",
    r"multiples?", r"factors?", r"divis\w+", r"half", r"twice", r"double", r"triple", r"third", r"quarter", r"squared?", r"cubed?", r"root", r"log", r"ln", r"sin", r"cos", r"tan", r"cot", r"sec", r"arc\w+", r"factorial", r"reciprocal",
    r"inverse", r"modulo", r"mod", r"plus", r"times", r"minus", r"divided", r"multiplied", r"power", r"exp", r"nearly", r"almost", r"except", r"excluding", r"unless", r"integers?\sfrom", r"odd", r"even", r"primes?", r"sum\sof", r"product\sof", r"choose", r"base", r"option", r"choice", r"step", r"case", r"number\sof\sdigits",
)  # fmt: skip
BOUND_ZH = (
    "首先", "先取", "代入", "设", "令", "取(?=\\s?[-0-9])", "小于", "大于", "不超过", "不少于", "不低于", "不高于", "不足", "不到", "至少", "至多", "最多", "最少", "超过", "多于", "少于", "低于", "高于", "介于", "从", "不是", "非", "任意", "所有", "倍数", "因数", "约数", "平方", "立方", "根号", "次方", "阶乘", "倒数", "相反数", "一半", "除以", "乘以", "加上", "减去", "的[0-9]+倍", "模", "余", "除了", "以外", "奇数", "偶数", "质数", "接近", "选项", "第",
)  # fmt: skip
# What, behind a number, makes it more or less than that number.
BEHIND_EN = (
    r"or\s(?:more|less|fewer|greater|higher|lower|above|below|so\smore|perhaps|maybe|possibly|[-+$\\(]{0,4}[0-9])", r"and\s(?:a\s(?:half|third|quarter)|above|below|up|over|under|more|[-+$\\(]{0,4}[0-9])", r"squared", r"cubed", r"factorial", r"modulo", r"mod", r"in\sbase", r"base", r"plus", r"minus", r"times\s[-+$\\(]{0,4}[0-9a-z]", r"divided", r"multiplied",
    r"to\s[-+$\\(]{0,4}[0-9]", r"through\s[-+$\\(]{0,4}[0-9]", r"choose", r"to\sthe\spower", r"is\s(?:wrong|not|incorrect|excluded)", r"at\s(?:most|least)", r"dozens?", r"halves", r"thirds?", r"quarters?", r"fifths?", r"percent\sof", r"per\s?cent\sof", r"degrees\sbelow",
)  # fmt: skip
BEHIND_ZH = (
    "以上", "以下", "以内", "以外", "的平方", "的立方", "次方", "的倒数", "的阶乘", "的一半", "的相反数", "进制", "[或和与及至到、]\\s?[-+$\\\\(]{0,4}[0-9]", "还是", "多(?![少边项])", "余(?=[个元只名])", "不到", "分之", "打(?![折])", "除外",
)  # fmt: skip
# Words of a rounding remark: `保留两位小数`, `rounded to 2 decimal places`, `(nearest 0.01)`, `(2 d.p.)`.
_COUNT = r"(?:[0-9]{1,2}|[零一二两三四五六七八九十]|one|two|three|four|five|six)"
ROUNDED = (
    rf"(?:结果)?(?:保留|精确|四舍五入|舍入|近似|取|约){{0,3}}(?:到|至|了|为|成|在)?(?:小数点?后?面?)?第?\s?{_COUNT}\s?[位个](?:有效数字|小数|数字|有效位)?(?:小数)?",
    r"(?:精确|四舍五入|舍入|保留|近似|取|误差){1,3}(?:[到至为在]|小于|不超过)?\s?(?:小数点后)?\s?(?:0?\.0*1|10\^?\{?-[0-9]\}?|[0-9]+e-[0-9])",
    r"(?:精确|四舍五入|舍入|取|保留)(?:到|至)?(?:个|十|百|千|万|十分|百分|千分|万分)位",
    rf"(?:(?:rounded|rounding|rounds|round|correct|accurate|accuracy|precise|precision|given|expressed|approximated|truncated|cut|shown|exact|keeping|keep|using|with)\b\s?)?(?:off\s)?(?:(?:up\s)?to|at|within|of|in)?\s?(?:the\s)?(?:nearest\s)?{_COUNT}[\s-]{{0,2}}(?:decimal(?:\s?(?:place|digit|point|number)s?)?|d\.?\s?p\.?s?(?![a-z])|dec(?:imals|\.)?(?:\spl(?:aces|\.))?|significant(?:\s(?:figure|digit)s?)?|sig\.?(?:\s?fig(?:ure)?s?\.?|\s?digits?)?|s\.?\s?f\.?(?![a-z])|(?:places|digits)(?:\s(?:after|behind|of)\s(?:the\s)?(?:decimal\s)?(?:point|precision))?)",
    r"(?:(?:rounded|rounding|round|correct|accurate|precise|given)\b\s?)?(?:off\s)?(?:(?:to|within|by)\s)?(?:the\s)?(?:nearest|closest|within|to|±)\s(?:the\snearest\s)?(?:0?\.0*[15]|10|100|1000|1)(?![0-9.]*[0-9])",
    r"(?:(?:rounded|rounding|round|correct|accurate|precise|given)\b\s?)?(?:off\s)?(?:to\s)?(?:the\s)?nearest\s(?:whole\s\w+|integer|tenth|hundredth|thousandth|cent|unit|ten|hundred|thousand)s?",
)


def either(*entries: tuple[str, ...]) -> str:
    """Return the entries as alternatives of a regular expression."""
    return "(?:" + "|".join(entry for group in entries for entry in group) + ")"


def english(*entries: tuple[str, ...]) -> str:
    """Return English entries as alternatives that stand as words of their own."""
    return rf"(?<![A-Za-z\\]){either(*entries)}(?![A-Za-z])"
