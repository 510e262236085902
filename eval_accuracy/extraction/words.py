"""The words by which answers are announced, remarked on and taken back, in English and Chinese: data, no logic.

Each entry is alternatives of a regular expression; `either` joins entries. English ones are looked for without regard
to case and never within a word.
"""

from __future__ import annotations

# What names the final answer outright, and what names a result.
ANSWER_EN = (
    r"(?<!/)answer|answers(?=\s(?:is|are)|\s?:)|ans|final\s(?:\w+\s)?(?:result|value|answer)|final(?=\s?[,:])"
    r"|correct\s(?:value|result)|required\s(?:\w+\s)?(?:value|result|number|answer|quantity)"
)
ANSWER_ZH = "答案|(?<![回解作])答(?=[:])|(?:最终|最后|正确|所求|要求)的?(?:结果|结论|值|数值?|得数|解)|所求"
RESULT_EN = (
    r"(?<!partial\s)(?<!intermediate\s)(?<!interim\s)(?<!first\s)(?<!previous\s)(?:result|outcome)s?"
    r"|(?:value|number|quantity|figure|one)\s(?:that\s)?(?:you|we|one|I)\b"
)
RESULT_ZH = "(?<!中间)(?<!部分)结果|得数|方程的[解根]|(?<![a-z])解(?=[为是])|(?:函数|式子|原式|表达式|算式)的?值|原式"

# What a question of a type asks for: the label of its value.
LABELS = {
    "add": "sum|total|addition|(?<!总)总?和|相加",
    "sub": "difference|subtraction|差|相减",
    "mul": "product|multiplication|乘?积|相乘",
    "div": "quotient|division|商|相除",
    "power": "power|幂|次方",
    "sqrt": r"(?:square\s)?root|平方根",
    "fraction": (
        r"simplest\s(?:form|terms)|lowest\sterms|simplified\s(?:fraction|form)|reduced\s(?:fraction|form)|"
        "最简(?:化的?)?(?:形式|分数|结果)?|[化约简]{2}(?:后的?)?(?:形式|结果|分数)?|约分"
    ),
    "mean": "mean|average|平均[数值]?|均值",
    "equation": "solution|root|方程的?[解根]|[解根](?=[为是])",
    "function": r"value\sof\s(?:the\sfunction|y)|function|函数的?值|y的?值",
    "area": "area|面积",
    "mass": "mass|weight|质量",
    "discount": r"discount(?:\s(?:ratio|rate|percentage))?|折扣(?:比例|率)?|打折比例|折扣的比例",
    "sales": r"(?:this\syear'?s?\s)?sales(?:\s(?:amount|figure|volume))?(?:\sthis\syear)?|今年的?销售额",
}

# What stands between such a name and the value.
COPULA_EN = (
    r"is|are|was|be|(?<!or\s)equals?|becomes?|comes?\s(?:(?:out|down)\s)?(?:to|as|at)(?:\sbe)?|turns?\sout\s(?:to\sbe|as)"
    r"|works?\sout\s(?:to\sbe|to|as|at)|amounts?\sto|stands\sat|reads|evaluates?\sto|simplifies\sto|reduces\sto"
    r"|adds\sup\sto|ends\sup\s(?:as|at|being)|totals|reached\sis"
)
COPULA_ZH = (
    "等于|约等于|[应即约当就便]?该?[是为](?![了什何])|得(?:到|出)?|(?<=[共还])有|应约?为|如下|(?<=[共合总])计|显示"
)
# Verbs by which a result is stated without a name.
GETS_EN = (
    r"result(?:s|ed|ing)?\sin|leads?\s(?:us\s)?to|gives?(?:\sus)?|yields?|gets?|got|obtain(?:s|ed)?|find(?:s)?(?:\sthat\s\w+\sis)?|found|(?:we|you|one)\shave|arrives?\sat"
    r"|arrived\sat|leaves?(?:\sus)?(?:\swith)?|left\swith|ends?\sup\swith|makes?|reach(?:es|ed)?"
    r"|conclude(?:s|d)?(?:\sthat\s\w+\sis|\swith|\sthat)?|lands?\son|produces?|spits?\sout|shows?|displays?"
    r"|brings?\sus\sto|brings?\sit\sto|has\sthe\svalue|comes?\sout|outputs?|returns?|prints?|takes\sthe\svalue"
    r"|comput(?:e|es|ed)\s(?:to\sbe|as)|written\sas|expressed\sas|simplified\sto|reduced\sto|totals?(?:ing)?|total\sof"
    r"|settle\son"
)
GETS_ZH = (
    "填(?![空写])|显示|给出|正好(?:得到|是)|应当?取|取值为|输出|剩(?:下|余)?|只剩|共有?|[可即便就解算求取]?得[到出]?了?|求出"
    "|算出来?的?[是为]?|算得|共计?有?|合计|总计|还剩下?|写[成作为]|化[成为]|约分[为成得]?|化简[为成得]?"
)
# What a conclusion begins with.
CONCLUSION_EN = (
    r"so|thus|therefore|hence|consequently|finally|in\sconclusion|overall|altogether|as\sa\sresult|which\sbrings"
    r"|in\sshort|in\sthe\send|all\sin\sall|we\sconclude|that\sleaves|this\sleaves|this\smeans|that\smeans|in\stotal"
    r"|in\ssummary|to\ssum\sup|that\smakes|it\sfollows\sthat|accordingly|final|putting"
)
CONCLUSION_ZH = (
    "这样(?:一来)?|由此|到这里就清楚了|不难(?:算出|得到|看出)|所以|因此|因而|于是|故|综上(?:所述)?|从而|可见|总之"
    "|最终|最后|即|∴|⇒|=>|->|→|➜"
)

# What gives a reason, or a condition; what checks a result; what supposes one.
REASON_EN = (
    r"because|since|as\s(?=[-0-9$(x])|due\sto|the\sreason|recall(?:ing)?|not(?:e|ing)\sthat|note|this\sfollows\sfrom"
    r"|by\sthe|(?:please\s)?(?:keep|bear)\sin\smind|remember|observe|please|by\sthe\sway|incidentally|fun\sfact|pay\sattention|mind\sthe|after\sall"
    r"|not\sbad|this\stook|that\stook|it\stook"
)
REASON_ZH = (
    r"注\s?(?=:)|注释|此处|要?(?:请|需要?)?(?:注意|记住|留意)|提示|备注|说明|毕竟|因为|由于|理由|原因|这是因"
    "|依据|根据|∵|注意到?|已知"
)
# Polite words to the reader, and steps in between.
CLOSING_EN = (
    r"(?:i\s(?:sincerely\s|really\s)?)?hope|feel\sfree|good\sluck|thanks?|thank\syou|happy\sto|cheers|enjoy"
    r"|let\sme\sknow|if\syou(?:'d|\swould|\shave|\sneed|\swant|\slike)|(?:do|would)\syou\s(?:want|need|have|like)"
    r"|glad|you're\swelcome"
)
CLOSING_ZH = (
    "祝|加油|希望|谢谢|欢迎|顺便|别忘|请(?!问|注意)|如果?(?:您|你|还)+(?:有|需|想)|如有|若(?:您|你)?(?:有|还|需)|感谢"
)
STEP_EN = (
    r"(?:the\s|in\sthe\s|our\s|after\s(?:the\s|one\s)?)?(?:first|second|third|next|previous|other)\s(?:operation|step"
    r"|part|stage|term|number|factor|calculation|data)|after\sone\s\w+|after\sthe\snext|data|given"
    r"|start(?:ing)?\swith|begin(?:ning)?\swith|(?:an?\s)?(?:partial|intermediate|interim)"
    r"|(?:first,?\s)?(?:we|i|let's|let\sus)\s(?:first\s)?(?:list|write\sdown|note\sdown|collect)"
)
STEP_ZH = (
    r"第\s?[0-9一二三四五]\s?(?:步|个数|次|部分)|(?:这里|此处|我们|其中)?先(?=[得算取求记])|误差|余(?=\s?[0-9])|过渡|暂"
    "|数据|中间"
)
CONDITION_EN = r"if|when|where|for|with|given|at|let|using|under|provided|in\scase|once|taking|substituting|assuming"
CONDITION_ZH = "当|如果|若|设|令|其中|在|取|假如|将|把|对于|条件"
CHECK_EN = (
    r"to\sbe\ssure|plug(?:ging)?\s(?:(?:it|this|that|(?:the|our)\s\w+)\s)?back|plug\s(?:it|this|that)\sin|"
    r"(?:to\s|let\sus\s|let\sme\s|let's\s|we\s(?:can\s)?|you\s(?:can|may|might|could)\s(?:want\sto\s)?|as\s"
    r"|by\sway\sof\s|for\s|a\s|quick\s|double[- ]){0,4}"
    r"(?:check|verif|confirm|prove|test)\w*|sanity|proof|indeed|substitut\w+\sback|going\sbackwards"
    r"|working\sbackwards|in\sreverse"
)
CHECK_ZH = (
    "复[核查验算]|再算一遍|校验|另一种[方办]法|检验|检查|验证|验算|代入(?:检验|验证|原方程|原式|回)|代回|反过来"
    "|逆运算|反算|核对"
)
SUPPOSITION_EN = (
    r"suppose|assume|imagine|let's\ssay|if\s(?:the|my|our|your|it)\b|were\s(?:the|it)|say\sit|my\sguess"
    r"|i(?:'d|\swould)?\sguess|guess(?:ing)?|had\s(?:we|i|it|the|[-$0-9])|if\s(?:you|we|i|one|someone)\b"
    r"|a\s(?:rough|quick|first|wild)\s(?:guess|estimate)|roughly\sspeaking|with\s[-0-9.,]+\s(?:in\splace|instead)"
)
# What makes a supposition of a clause wherever it stands.
SUPPOSED_EN = (
    r"(?:rough|ballpark)\s(?:figure|number|value|estimate|idea)|(?:intermediate|partial|interim)\s(?:value|result|figure|sum|product|number)|first\sattempt|initially|at\sfirst|originally|somewhere\sbetween|hard\sto\ssay|could\sbe\seither|estimat(?:e|es|ed|ing|ion)|guess(?:ed|es)?"
    r"|along\sthe\sway|instead\sof\s[-0-9.]+|in\splace\sof|would\shave\sbeen|would\sbe\sdifferent"
)
SUPPOSED_ZH = (
    r"中间(?:值|结果|数|量|步骤)|过程[量值数中]|粗略|首次|第一次|初步|初算|一开始|起初|之间(?=\s*$)|介于|都有可能|其中(?:一个|之一)|二选一|要么|说不准|不好说|二者之一|估一估|[先粗]估|估了|约莫|估计"
    "|估算|猜测|估值|粗算"
)
# What is counted of the solution, not of what is asked: steps, ways, pages.
COUNTED_EN = (
    r"(?:only\s|just\s|common\s|different\s|simple\s|easy\s|more\s|other\s|main\s)?(?:steps?|ways?|methods?"
    "|approach(?:es)?|stages?|lines?|reasons?|parts?|pages?|exercises?|marks?|tokens?|words?|formulas?|digits?"
    "|decimals?|places?|points?|marks?|credits?)"
)
COUNTED_ZH = "步|种(?:方法|办法|解法|思路)?(?![子类植])|个?步骤|遍|页|道题|小题|位数|行|部分|[点]?(?:方法|思路)"
COUNTER_EN = (
    r"level|grade|steps?|page|question(?:\snumber)?|exercise|problem(?:\snumber)?|part|line|section|chapter|number|no\.|figure"
    "|table|equation|task|version|hint"
)
COUNTER_ZH = "第|值(?=[0-9 ]+分)|步骤|题号|页码|(?<!比)例题?|图|表|式|占|满分|编号"
SUPPOSITION_ZH = "假设|假定|倘若|要是|如果(?:答案|结果|是)|若(?:答案|结果|是)|猜|我?估计|估算|粗略"
# What calls a value wrong, or says whose mistake it is; and what takes back what was said.
WRONG_EN = (
    r"wrong(?:ly)?|incorrect(?:ly)?|mistaken(?:ly)?|mistakes?|cannot\sbe|can't\sbe"
    r"|not\s(?:right|correct|the\s(?:right|correct|answer|final|result))|errors?|might\s(?:think|say|be\stempted|guess"
    r"|expect)|(?:may|could|would)\sthink|tempt(?:ing|ed)|at\sfirst\sglance|no\slonger|too\s(?:big|small|large|high"
    r"|low|much|little)|first\sthought|ruled\sout|false|first\s(?:guess|instinct|impression)|misread\w*|rejected"
    r"|discard(?:ed)?|mis(?:place|read|count|calculat|spell|copi|copy)\w*|forg(?:et|ot)\w*|overlook\w*|careless\w*"
    "|trap"
)
WRONG_ZH = (
    "错(?!位)|不对|有误|不正确|误(?!差)|有人|乍一看|不要|不能是|不可能是?|不应|别写|排除|太[大小]|偏[大小高低]|舍去"
    "|忘了?|漏|抄错|看错|陷阱|看似"
)
# What denies the value that follows it.
DENIED_EN = r"not|[a-z]+n't|neither|nor|never|rather\sthan|instead\sof|other\sthan|as\sopposed\sto|unlike"
DENIED_ZH = "不是|并非|而非|不等于|≠|非(?=[0-9 ])|不为|而不|不写"
RETRACT_EN = (
    r"(?:doesn't|does\snot|don't)\s(?:look|seem|sound|feel)\s(?:quite\s)?(?:right|correct)|(?:looks|seems|sounds)\soff"
    r"|let\sme\s(?:try|do|check|think|compute|calculate|work)\s(?:that\s|this\s|it\s)?(?:again|over)|wrong|incorrect|not\s(?:right|correct|true)|(?:a|my|an)\s(?:mistake|error|slip)|scratch\sthat"
    r"|no(?:pe)?(?=[\s*.!,]*$)|isn't\s(?:right|correct)|misread|mis(?:calculat|count)\w+"
    r"|ignore\s(?:that|this|it|the\sabove)|take\s(?:that|it)\sback|correction|strike\sthat|let\sme\s(?:redo|correct)"
)
RETRACT_ZH = "不对|错了|算错|有误|不正确|更正|纠正|写错|搞错|看错|我错|弄错|收回|作废|重新?(?:计|演|推|核|求)?算"
# What a correction begins with.
CORRECTION_EN = (
    r"let\sme\s(?:try|do|compute|calculate|work)\s(?:that\s|this\s|it\s)?(?:again|over)|(?:once\s)?again(?=\s?:)|no(?:pe)?\s?[-,:]+(?=\s?[-$\\(0-9])|actually|correction|or\srather|i\smean|i\smeant|sorry|rather(?!\sthan)"
    r"|make\sthat|it\s(?:should|must|has\sto)\sbe|should\s(?:be|have\sbeen)|the\scorrect\s(?:one|value|result"
    r"|number)\sis"
)
CORRECTION_ZH = (
    "(?:经过?)?(?:复核|核对|检查|验算|修改|更正|纠正|修正|重新?(?:计|演|推|核|求)?算)(?:一[下遍次])?之?[后过]?(?=[应得是为]|后)|"
    "其实|实际上|更正|修正|改为|改成|正确的?(?:应该?)?[是为]|应[该当]?[是为]|准确地?说"
)
# What restates a value in another form or unit, or relates it to others.
RESTATED_EN = (
    r"which\s(?:equals|comes\sto|corresponds\sto|means)|i\.?e\.?|that\sis|which\sis|or\sequivalently|equivalently|in\sother\swords|as\sa\s(?:decimal|percentage|percent"
    r"|fraction)|also\swritten|meaning|compared|up\sfrom|down\sfrom|more\sthan|roughly|about|approximately|or\sabout"
    r"|an?\s(?:increase|decrease|drop|rise)|out\sof|over|equal(?:l?ing)?\sto"
)
RESTATED_ZH = (
    "即|换成|也就是说?|也即|换句话说|换算|合(?=[0-9 ])|约合|相当于|折合|比|其中|写成|用(?:分数|小数|百分数)|增加|减少"
    "|较|与|大约|约"
)
# What says that there is no answer.
REFUSAL_EN = (
    r"(?:do\snot|don't|cannot|can't|could\snot|couldn't|unable\sto|not\s(?:able|sure|certain|possible|enough)"
    r"|impossible|undefined|undetermined|unknown|no\ssolution|does\snot\sexist|not\sdefined|infinite|infinity|none"
    r"|not\sa\snumber)"
)
REFUSAL_ZH = "不知道|无法|不确定|不能确定|无解|不存在|没有意义|无意义|未知|不清楚|算不出|不会"

# What says so for good: the number beside it is none.
NO_VALUE_EN = (
    r"unbounded|diverges|not\senough\sinformation|infinitely\smany|(?:cannot|can\'t|could\snot)\sbe\s(?:determined|found|computed|known)|undefined|no\s(?:real\s)?(?:solutions?|answer|value)|(?:does|do)\snot\sexist|doesn't\sexist|not\sdefined"
    r"|impossible|no\ssuch|cannot\sbe\sdetermined"
)
NO_VALUE_ZH = "无解|不存在|没有意义|无意义|没有(?:实数)?解|不能确定|无法确定"

# What compares a value with a number.
COMPARED_EN = (
    r"(?:less|more|greater|fewer|larger|smaller|higher|lower|bigger)\sthan|at\s(?:the\s(?:very\s)?)?(?:least|most)"
    r"|no\s(?:more|less|fewer)\sthan|between|exceeds?|lies\s(?:in|within|between)|in\sthe\srange|up\sto"
)
COMPARED_ZH = (
    r"比(?=\s?(?:[-0-9$(\\]|$))|介于|大于|小于|不[超少多低高]|至[少多]|最[多少](?=\s?(?:[0-9]|$))|超过|多于|少于|低于"
    "|高于|不足|不到"
)
# What else makes a value with a number in it another one than that number.
BOUND_EN = (
    r"range|lies|logarithm|opposite|cosine|sine|tangent|derivative|integral|successor|predecessor|complement"
    r"|conjugate|negation|digits|not|from|over|under|below|above|beyond|anything|any|all|every|either|neither|both"
    r"|one\sof|any\sof|among|(?:anything|nothing|all|none|everything)\s(?:but|except)|multiples?|factors?|divis\w+"
    r"|half|twice|double|triple|third|quarter|squared?|cubed?|root|log|ln|sin|cos|tan|cot|sec|arc\w+|factorial"
    r"|reciprocal|inverse|modulo|mod|plus|times|minus|divided|multiplied|power|exp|nearly|almost|except|excluding"
    r"|unless|integers?\sfrom|odd|even|primes?|sum\sof|product\sof|choose|base|option|choice|step|case"
    r"|number\sof\sdigits"
)
BOUND_ZH = (
    r"首先|先取|代入|设|令|取(?=\s?[-0-9])|从|不是|非|任意|所有|倍数|因数|约数|平方|立方|根号|次方|阶乘|倒数|相反数"
    "|一半|除以|乘以|加上|减去|的[0-9]+倍|模|余|除了|以外|奇数|偶数|质数|接近|选项|第"
)
NUMERAL_WORDS = "zero|one|two|three|four|five|six|seven|eight|nine"
# What, behind a number, makes it more or less than that number.
BEHIND_EN = (
    r"pi|over\s[-+$\\(]{0,4}[0-9]{1,9}(?!\s[a-z0-9])(?![0-9])|as\swell\sas|(?:ten|hundred|thousand|million)ths|basis\spoints?|(?:more|less|fewer|greater|smaller|larger)\sthan|times\s(?:as|the|\$)|percent\sof"
    r"|or\s(?:more|less|fewer|greater|higher|lower|above|below|so\smore|perhaps|maybe|possibly|[-+$\\(]{0,4}[0-9])"
    r"|and\s(?:a\s(?:half|third|quarter)|above|below|up|over|under|more|[-+$\\(]{0,4}[0-9])|(?<!metres\s)(?<!meters\s)(?<!metre\s)(?<!meter\s)(?<!feet\s)(?<!inches\s)(?<!cm\s)(?<!units\s)squared|cubed|factorial"
    r"|modulo|mod|in\sbase|base|plus|minus|times\s[-+$\\(]{0,4}[0-9a-z]|divided|multiplied|to\s[-+$\\(]{0,4}[0-9]"
    r"|through\s[-+$\\(]{0,4}[0-9]|choose|to\sthe\spower|is\s(?:wrong|not|incorrect|excluded)|at\s(?:most|least)"
    r"|dozens?|halves|thirds?|quarters?|fifths?|percent\sof|per\s?cent\sof|degrees\sbelow"
)
BEHIND_ZH = (
    r"以上|以下|以内|以外|的平方|的立方|次方|的倒数|的阶乘|的一半|的相反数|进制|[或和与及至到、]\s?[-+$\\(]{0,4}[0-9]"
    "|还是|多(?![少边项])|余(?=[个元只名])|不到|分之|打(?![折])|除外"
)
# Words of a rounding remark: `保留两位小数`, `rounded to 2 decimal places`, `(nearest 0.01)`, `(2 d.p.)`.
_COUNT = "(?:[0-9]{1,2}|[零一二两三四五六七八九十]|one|two|three|four|five|six)"
_ROUNDS_EN = r"(?:(?:rounded|rounding|round|correct|accurate|precise|given)\b\s?)?(?:off\s)?"
ROUNDED = (
    # without a count
    rf"小数位数\s?[取为是:]?\s?{_COUNT}位?|"
    "其余四舍五入|四舍五入法?(?![到至保取])|"
    # how far off it may be
    r"(?:精确度|精度|误差)\s?(?:为|是|:)?\s?0?\.0*1(?![0-9])|"
    r"(?:give\sor\stake|plus\sor\sminus|±)\s?(?:0?\.0*[15]|1)(?![0-9.])|按\s?0?\.0*1\s?取(?:近似|整)值?|"
    # how many places
    r"(?:结果)?(?:保留|精确|四舍五入|舍入|近似|取|约){0,3}(?:到|至|了|为|成|在)?(?:小数点?后?面?)?第?\s?"
    rf"{_COUNT}\s?[位个](?:有效数字|小数|数字|有效位)?(?:小数)?|"
    # to which unit
    r"(?:精确|四舍五入|舍入|保留|近似|取|误差){1,3}(?:[到至为在]|小于|不超过)?\s?(?:小数点后)?\s?"
    r"(?:0?\.0*1(?![0-9])|10\^?\{?-[0-9]\}?|[0-9]+e-[0-9])|"
    # to which place
    "(?:精确|四舍五入|舍入|取|保留)(?:到|至)?(?:个|十|百|千|万|十分|百分|千分|万分)位|"
    # the verb of an English one
    r"(?:(?:rounded|rounding|rounds|round|correct|accurate|accuracy|precise|precision|given|expressed|approximated"
    r"|truncated|cut|shown|exact|keeping|keep|using|with)\b\s?)?"
    # how many places or figures
    rf"(?:off\s)?(?:(?:up\s)?to|at|within|of|in)?\s?(?:the\s)?(?:nearest\s)?{_COUNT}[\s-]{{0,2}}"
    r"(?:decimals?(?:\s?(?:place|digit|point|number)s?)?|d\.?\s?p\.?s?(?![a-z])|dec(?:imals|\.)?(?:\spl(?:aces|\.))?"
    r"|significant(?:\s(?:figure|digit)s?)?|sig\.?(?:\s?fig(?:ure)?s?\.?|\s?digits?)?|s\.?\s?f\.?(?![a-z])"
    r"|(?:places|digits)(?:\s(?:after|behind|of)\s(?:the\s)?(?:decimal\s)?(?:point|precision))?)|"
    # to which unit, in digits
    rf"{_ROUNDS_EN}(?:(?:to|within|by)\s)?(?:the\s)?(?:nearest|closest|within|to|±)\s(?:the\snearest\s)?"
    r"(?:0?\.0*[15]|10|100|1000|1)(?![0-9.]*[0-9])|"
    # to which unit, in words
    rf"{_ROUNDS_EN}(?:to\s)?(?:the\s)?nearest\s"
    r"(?:whole\s\w+|integer|tenth|hundredth|thousandth|cent|unit|ten|hundred|thousand)s?"
)


def either(*entries: str) -> str:
    """Return entries as one group of alternatives of a regular expression."""
    return f"(?:{'|'.join(entries)})"


def english(*entries: str) -> str:
    """Return English entries as alternatives that stand as words of their own."""
    return rf"(?<![A-Za-z\\])(?:{'|'.join(entries)})(?![A-Za-z])"
