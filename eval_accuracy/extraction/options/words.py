"""Words by which replies about options are understood, both languages side by side. Data alone.

Each entry is part of a regular expression, and `any_of` makes one of several: a space in it stands for any white space.
"""

from __future__ import annotations


def any_of(*lists: tuple[str, ...]) -> str:
    """Return an alternative of all words of some lists, the longest first."""
    words = sorted((word for words in lists for word in words), key=len, reverse=True)
    return "(?:" + "|".join(word.replace(" ", r"\s+") for word in words) + ")"


def split(text: str) -> tuple[str, ...]:
    """Return the words of a list that `|` separates, but for those within brackets."""
    found, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "|" and not depth:
            found.append("")
        else:
            found[-1] += char
    return tuple(word.strip() for word in found)


# --- what may follow a letter that stands for an option; after others it begins a word: C语言, A change
AFTER_EN = split(
    "beats|outweighs|stays|goes|comes|supports|supported|unsupported|agrees|checks|imo|imho|tbh|said|gets|got|"
    "is|isn't|isn’t|are|aren't|was|wasn't|were|has|have|had|does|doesn't|doesn’t|do|did|didn't|can|can't|can’t|"
    "cannot|"
    "could|couldn't|would|wouldn't|will|won't|won’t|should|shouldn't|must|may|might|seems|seem|appears|looks|sounds|"
    "remains|fits|matches|works|makes|holds|fails|contradicts|describes|says|states|mentions|refers|suggests|"
    "represents|"
    "because|since|as|so|and|or|nor|but|not|rather|instead|over|then|that|which|while|whereas|if|than|due|given|"
    "based|"
    "the|it|option|choice|answer|only|alone|too|also|both|here|ist|est|es|to be|being|for|"
    "to(?= [A-J](?![A-Za-z]))|through|plus|vs|versus|as well|best|better|more|most|correct|"
    "right|wrong|incorrect|false|true|out|by|on|in this|therefore|thus|hence|after|although|though|with|actually|"
    "definitely|clearly|probably|possibly|maybe|perhaps|obviously|surely|certainly|likely|for sure|indeed|"
    "of course|leaves|leaving|remain|left|who|when|where|i|my|we|yes|no|ok|okay|please|thanks|are|"
    "wins|meets|stands|captures|expresses|completes|best|makes|gives|excluded|eliminated|contains|includes|"
    "ignores|involves|answers|correctly|satisfies|explains|provides|accurately"
)
AFTER_ZH = split(
    "不如|优于|强于|胜过|好于|劣于|逊于|以外|之外|外(?!语|国|部|星|科)|除外|回答|只对|错在|胜|能|好|差|强|弱|中(?![学国心])|要么|要不|二选一|里|之间|抑|解析|分析|理由|说明|解释|原因|其|行|说得|莫属|一致|"
    "选(?!手|集|举)|项(?!目|链)|是|为|的|和(?!弦|声)|与|及|或|跟|还|都|均|才|也|就|即|既|而|但|却|则|虽|故|所以|"
    "所述|所说|因|由于|会|能够|"
    "应(?!用)|可(?!乐|控)|不|无关|无法|无误|没|未|非|错|误(?!差)|对(?!数|象|称)|正确|正是|正好|符|合适|合理|"
    "合乎|更|最|较|比|太|过于|"
    "过分|偏|只|仅|完全|显然|明显|有误|有错|有问题|描述|表述|表示|表达|说法|说的|说明|叙述|观点|陈述|结论|内容|"
    "属于|指的|指出|包括|包含|涉及|"
    "答案|答(?!案)|这(?:个|一|项|是)|那|吧|呢|啊|啦|了|哦|嘛|呀|吗|在(?:题|文|这|本)|与题|题|排除|被|同样|同理|"
    "混淆|偷换|成立|当选|入选|恰|准|"
    "贴切|适合|适当|满足|解释|反映|体现|提到|提及|强调|忽略|缺|需要|等|中的|中(?:提|说)|以上|其他|其余|四个|"
    "三个|二者|两个|两者|三项|两项|四项|几项|三者|"
    "です|だ|입니다|이다|번|存在|肯定|一定|必|真|假|或许|可能|似乎|看起来|看似|又|正解|后|之|我|该"
)
# --- nouns that announce an answer
ANSWER_EN = split("answers?|ans|solution")
NOUN_EN = split(
    "options?|choices?|responses?|selections?|statements?|ones?|alternatives?|descriptions?|conclusions?|"
    "completion|letter|"
    "pick|word|term|match|fit|interpretation|explanation|candidate|bet"
)
GOOD_EN = split(
    r"right|correct|best|final|appropriate|accurate|suitable|proper|true|valid|chosen|selected|logical|likely|"
    r"most \w+|"
    "corrected|revised|updated|only possible|only remaining|only plausible|only valid|remaining|better|safest"
)
MINE_EN = split("my|our|your|the model's|overall")
OWN_EN = split(
    "choice|pick|selection|guess|vote|decision|option|final choice|final decision|final selection|best guess"
)
# Labels of other languages that models of ours have been seen to fall into, and their words for "is".
ANSWER_OTHER = split(
    "antwort|lösung|réponse|reponse|respuesta|resposta|risposta|ответ|odpověď|odpowiedź|antwoord|svaret|svar|"
    "cevap|đáp án|jawaban|उत्तर|الإجابة|الجواب|vastaus|válasz|răspuns|pilihan|答え|正解|정답|답"
)
IS_OTHER = split("ist|lautet|est|es|é|è|es la|es el|är|er|は|은|는|—")
ANSWER_ZH = split(
    "答案|正确选项|正确的选项|正确的一项|正确一项|正确项|最佳选项|最优选项|正解|正答|答(?=[:：])|解答?(?=[:：])|"
    "所选项|应选项|所选选项|最终选择|"
    "我的选择|最佳选择|正确选择|本题选项|最佳答案|参考答案|标准答案|正确[:：]|结论(?=[是为:：])|选择(?=[:：])|"
    "选项(?=[是为:：])|(?<=[，。故以此则])答(?!案)"
)
CHOOSE_ZH = split(
    "填写|填入|填|锁定|选择|选取|选定|选出|选的是|选的就是|选中|勾选|改为|改成|改选|换成|换为|更正为|纠正为|选"
)
# 选 that chooses no option.
NO_CHOICE_ZH = split("首|候|备|入|落|竞|普|推|精|评|筛|预|初|海|多|手|误|难|错|膺|遴|民|大|可|被")
# --- verbs and words that lead to a letter without a noun
LEAD_EN = split(
    "either|yet|keep|keeping|saw|see|realiz?s?ed?|noticed?|everyone|everybody|knows|on reflection|upon reflection|"
    "on second thoughts?|thinking again|after all|by elimination|by exclusion|more likely|rereading|what|what's|what’s|"
    "after (?:re-?\\w+ing|reflection)|looking again|at last|in the end|eventually|overall|better|stays?|"
    "gotta|gotta be|got to|got|arrive at|arrived at|end up with|end up at|ended up with|brings us to|"
    "brings me to|point to|points to|all signs|signs|the evidence|evidence|supports?|supported|lock in|"
    "locking in|take|taking|give me|opting|decided on|let me|let|edit|updated?|revised|assistant|bot|ai|you'd|"
    "want|want to|like|prob|settle for|circling|ticking|favou?r|i've|"
    "seems like|appears like|makes?|making|it follows that|follows that|pretty|fairly|quite|absolutely|confident|"
    "certain|that|seems|seem|"
    "sounds like|easy|easily|in my opinion|in my view|opinion|personally|meant|mean|means that|found|turns out|"
    "it turns out|"
    "has|has to|had|i|i'd|i’d|i'll|i’ll|i'm|i’m|i am|we|we'd|you|let us|let's|would|will|should|shall|can|could|"
    "must|have to|had to|do|"
    "may|might|say|think|believe|guess|reckon|feel|find|conclude|infer|deduce|know|see that|choose|chose|chosen|"
    "choosing|"
    "pick|picked|picking|select|selected|selecting|going|gonna|go|goes|went|vote|opt|settle|decide|decided|bet|"
    "lean|leaning|"
    "prefer|stick|sticking|mark|circle|tick|with|for|on|towards?|to|get|gives?|giving|got|yields?|have|that|this|"
    "it|it's|"
    "it’s|that's|that’s|which|is|be|being|was|are|appears|seems|looks like|so|so then|therefore|thus|hence|then|"
    "now|well|"
    "ok|okay|sure|finally|overall|in conclusion|in summary|to conclude|in short|ultimately|accordingly|"
    "consequently|as a "
    "result|probably|likely|most likely|very likely|maybe|perhaps|possibly|presumably|definitely|clearly|"
    "obviously|surely|"
    "certainly|evidently|simply|just|namely|i\\.e\\.|most|probable|plausible|the|only|my|our|option|choice|letter|"
    "answer "
    "choice|answer|selection|and|but|yes|correct|right|actually|instead|rather|it is|corresponds|corresponding|"
    "matches|"
    "equals|indicates?|points?|leads?|leading|leaves?|leaving|left|us|means|remaining|remains|number|item|here|"
    "there|of "
    "course|i suppose|still|also|no|wait|sorry|oops|hmm|oh|change|switch|changing|switching|revise|correction|"
    "therefore "
    "we|in fact|best|good|final|one|ones|among these|among them|hello|hi|great|good question|as|fits?|best fits?"
)
LEAD_ZH = split(
    "我|我们|咱们|本人|觉得|认为|想|猜|猜测|判断|推断|倾向于|倾向|会|将|要|应该|应当|应|该|就|便|那么|那|则|即|"
    "也就是|就是|而是|乃是|便是|是|为|"
    "所以|因此|因而|故而|故此|故|于是|从而|综上所述|综上|总之|由此可见|由此可知|由上可知|可知|可见|可得|得出|"
    "得到|得|显然|显而易见|毫无疑问|无疑|"
    "很可能|极可能|可能|大概|大约|也许|或许|应|恐怕|多半|肯定|一定|必然|必定|必须|确定|当然|只能|只有|只|仅|"
    "仅有|只剩下|只剩|剩下|剩|最后|最终|"
    "结果|结论|本题|此题|该题|这题|这道题|题目|正确|最|更|的|一项|选项|答案|答|对应|对应于|对应的|指向|直接|"
    "建议|推荐|个人|而|但|但是|不过|并且|"
    "且|这里|其中|于|改|改为|改成|改选|更正|更正为|纠正|修正|实际上|其实|实际|事实上|哦|嗯|好的|好|不对|等等|"
    "抱歉|经过分析|经分析|分析可知|根据分析|"
    "综合分析|综合来看|综合考虑|解|解析|解得|由题意|根据题意|依题意|知|符合|属于|合适|恰当|合理|准确|贴切|佳|优|"
    "接近|题意|正解|了|代表|绝对|明显|必|后来|后|发现|检查|仔细|一看|再看|蒙|"
    "一个|乃至|来说|至于"
)
# What may follow a letter that stands alone.
TAIL_EN = split(
    "imo|imho|tbh|fwiw|i hope|hands down|by far|all the way|final answer|"
    "i think|i believe|i guess|i suppose|i'd say|i would say|i am (?:fairly |quite |very )?(?:sure|certain|"
    "confident)|i'm (?:fairly |quite |pretty )?(?:sure|certain|confident)|definitely|clearly|obviously|"
    "probably|likely|most likely|certainly|surely|of course|for sure|please|indeed|it is|here|in my (?:opinion|"
    "view)|then|again|only|alone|option|choice|answer|sir|thanks|thank you|"
    "yes|ok|okay|therefore|though|with (?:high |great |full )?(?:confidence|certainty)|no doubt|"
    "without (?:a )?doubt|too|maybe|perhaps|possibly|undoubtedly|absolutely|i reckon|as well|also|as stated|"
    "as shown|above|"
    "as (?:the|my|our|an?) (?:\\w+ )?(?:answer|choice|option|pick)"
)
# What may stand between the noun and the letter.
FILL_EN = split(
    "is|are|was|be|being|been|would|should|must|will|has|have|to|'s|’s|can only|could only|may|might|could|can|"
    "seems|appears|"
    "looks like|likely|most|very|probably|possibly|maybe|perhaps|presumably|definitely|clearly|obviously|surely|"
    "certainly|"
    "simply|just|therefore|thus|hence|then|so|indeed|in fact|actually|of course|i think|i believe|i guess|i'd say|"
    "i would "
    "say|in my opinion|in this case|here|now|instead|rather|undoubtedly|evidently|option|options|choice|answer|"
    "letter|"
    "number|item|given by|represented by|that of|marked|labell?ed|as follows|the|only|a|ultimately|finally|"
    "apparently|"
    "still|indicated by|it is|it's|one|this|correct|best|without a doubt|naturally|clearly"
)
FILL_ZH = split(
    "应该|应当|应|该|当|就|便|即|是|为|选择|选|选项|项|显然|明显|很|极|最|更|有|大|可能|大概|也许|或许|必然|"
    "一定|肯定|无疑|毫无疑问|当然|只能|只有|只|仅|确实|"
    "我|认为|觉得|想|倾向于|的|答案|正确|而|还|最终|最后|如下|所示|可以|可|会|将|要|乃|则|对应|字母|第|填|写|定|"
    "出|取|择|本题|此题|依然|仍然|仍|其实|实际上|改为|改成"
)
COPULA_EN = split("is|are|was|be|'s|’s|remains|becomes|equals|lies in|lies with|lies at|corresponds to|comes to")
COPULA_ZH = split("是|为|选|即|=")
# --- the last word
FINAL_EN = split("final|finally|corrected|revised|updated|correction|boxed|conclusion|to conclude")
FINAL_ZH = split("最终|最后|【答案】|〖答案〗|更正|纠正|修正|改选|改为|改成|综上|总结|结论")
SO_EN = split("so|therefore|thus|hence|consequently|accordingly|ultimately|overall|in summary|in short|then")
SO_ZH = split("所以|因此|因而|故|于是|从而|由此|可见|可知|总之|综上")
# --- what is said of an option: right
GOOD_SAID_EN = split(
    "right|correct|true|accurate|valid|best|most \\w+|appropriate|suitable|"
    "closer|closest|stronger|strongest|exact|complete|fully \\w+|entirely \\w+|what(?:'s| is) left|what remains|"
    "left|remaining|better|more \\w+|fitting|logical|what (?:we|i)(?:'re| are|'m| am)? (?:want|need|"
    "looking for|after|seeking|"
    "would choose)|where i'd go"
)
GOOD_VERB_EN = split(
    "is supported by|is consistent with|is in line with|agrees with|does fit|does match|does work|does|checks out|"
    "fits|fits best|fit best|best fits|matches|works|holds|makes (?:the most |more |perfect )?sense|answers|"
    "satisfies|stays\\Z|survives|beats the others|best "
    "(?:fits|matches|describes|answers|explains|captures|represents|completes|expresses|summarizes|reflects)|"
    "correctly (?:\\w+)|accurately (?:\\w+)|remains|is left|wins|meets|stands out"
)
GOOD_SAID_ZH = split(
    "没有?(?:错误?|问题|毛病)|与[^，。]{1,8}(?:一致|相符|吻合|符合)|一致|可以|行|说得对|莫属|可行|"
    "选(?![项择手])|正确|对(?![题于应象文原史材人作此这该其])|符合|合适|合适的|恰当|准确|合理|成立|正解|答案|"
    "贴切|当选|入选|无误|没错|没有错|"
    "没问题|可选|适合|适当|吻合|满足|佳|优|好|接近|应选|真|"
    "全面|完整|完美|最强|胜|正好|为真|为对|对了|对的|属实|成立的|胜出|合乎题意|可取"
)
# The same as a noun, whatever follows.
NOUN_SAID_EN = split(
    "the only \\w+|it|answer|choice|one|winner|solution|option|my choice|my answer|my final answer|my pick|"
    "only one|only option|"
    "only choice"
)
# --- wrong
BAD_SAID_EN = split(
    "(?:the )?(?:most )?(?:common|popular|frequent|tempting|plausible|usual) (?:but )?(?:wrong|incorrect) \\w+|"
    "(?:the |an? )?(?:right |correct )?answer to (?:a |an |some )?(?:another|different|other)|"
    "true but|"
    "almost|nearly|half|a trap|"
    "wrong|incorrect|false|untrue|inaccurate|invalid|irrelevant|unrelated|impossible|unlikely|misleading|too \\w+|"
    "out|"
    "off|a distractors?|distractors?|a trap|eliminated|excluded|ruled out|rejected|discarded|dismissed|ineligible|"
    "not|"
    "insufficient|incomplete|unsupported|improbable|implausible|inappropriate|unsuitable|partially|partly|"
    "only partially|"
    "only partly|a (?:common )?mistake|a (?:common |tempting )?(?:wrong|incorrect) \\w+|nonsense|beside the point|"
    "contradicted|contradictory|inconsistent|less \\w+|tempting|bad|worse|no longer|nowhere|never|neither|weaker|"
    "absurd|"
    "a red herring|overly \\w+|vague|also (?:wrong|incorrect|false|not|too)|clearly \\w+ly \\w+|an? \\w+ (?:error|"
    "mistake)|"
    "refuted|disproved|disproven|crossed out|off the table|out of the question|outside|opposite|the opposite|a lie"
)
BAD_VERB_EN = split(
    "answers (?:a |an |some )?(?:another|different|other)|goes\\Z|would (?:answer|fit|suit) (?:a |"
    "an )?(?:another|different|other)|"
    "isn't|isn’t|aren't|wasn't|cannot|can't|can’t|can not|doesn't|doesn’t|does not|didn't|did not|won't|won’t|"
    "will not|"
    "wouldn't|would not|shouldn't|should not|couldn't|could not|do not|don't|fails?|contradicts?|misses|ignores|"
    "(?:can|could|may|should|must|will|has|have|to)(?: \\w+)? be(?:en)? (?:safely |immediately |quickly |easily |"
    "clearly "
    ")?(?:eliminated|excluded|ruled|rejected|discarded|dismissed|crossed|removed|ignored|disregarded|wrong|false|"
    "incorrect)|"
    "lacks?|overstates|misrepresents|conflicts|violates|would be (?:too|wrong|incorrect|false|a mistake|not)|"
    "mixes|confuses|"
    "goes too far|seems? (?:plausible|tempting|like|unlikely|wrong|incorrect)|looks (?:plausible|tempting|wrong)|"
    "might "
    "(?:seem|look)|may (?:seem|look)|sounds|gets it wrong|not"
)
BAD_SAID_ZH = split(
    "只对|不如|回答的是(?:另|别|其他)|(?:另|别的|其他)[^，。]{0,4}问题|一半|有一定道理|有(?:点|些|几分)道理|错|错误|不|有误|误|有错|有问题|无关|片面|过于|太|偷换|以偏概全|无中生有|张冠李戴|混淆|排除|被排除|可排除|"
    "可以排除|应排除|予以排除|首先排除|"
    "难以|未|没有|没|无法|无|缺乏|偏离|曲解|夸大|扩大|缩小|绝对|为假|为错|非|并非|并不|干扰|假|不对|与(?:题|文|"
    "原|事|史|实)[^，。]{0,8}(?:不|无|相反|矛盾)|"
    "矛盾|相反|相悖|违背|出局|舍去|剔除|淘汰|pass|说反|颠倒|牵强|欠妥|答非所问"
)
# --- what puts an option aside before it is named
NOT_EN = split(
    "not|n't|n’t|never|neither|nor|cannot|without|rather than|instead of|other than|except|except for|but not|"
    "anything but|"
    "opposed to|wrong|incorrect|incorrectly|false|eliminate[sd]?|eliminating|exclude[sd]?|excluding|rul(?:e|es|ed|"
    "ing) "
    "out|reject(?:s|ed|ing)?|discard(?:s|ed|ing)?|dismiss(?:es|ed|ing)?|avoid|against|none of|unlike|remov(?:e|ed|"
    "ing)|cross(?:ed|ing)? "
    "out|worst|disagree with|far from|least likely|unlikely to be|mistake|doubt|doubts|no way|hardly|invalid|"
    "inaccurate"
)
NOT_ZH = split(
    "可能性(?:最|更|很|较)?[小低]|最不|怎么会|怎会|哪会|"
    "不|非|没|勿|别|莫|未|无|排除|否定|否|剔除|除去|除掉|除了|除|去掉|误|错|舍去|淘汰|划掉|避免|难以|绝非|岂|"
    "怎么可能|反对|相比|有别于|混淆"
)
# Words with a negation in them that negate nothing.
NOT_NEGATING = split(
    "没有错误?|排除法|排除后|"
    "无疑|毫无疑问|毫无悬念|不难|无非|没错|不得不|不妨|非常|莫过于|无误|不外乎|不用说|除非|差别|特别|区别|类别|"
    "分别|别的|未来|无论|不管|不仅|不但|未知|"
    "没问题|没有问题|不错|不过|not only|no doubt|without (?:a )?doubts?|without question|no question|"
    "can't be wrong|否则|"
    "是否|能否|无需多言|非选不可|非它莫属|不对[，,。]|不是吗|不言而喻|毋庸置疑|不出意外|doubtless|undoubtedly|"
    "一无所知"
)
# --- suppositions, and what somebody else may think
SUPPOSE_EN = split(
    "let's test|let me test|let us test|if|suppose|supposing|assume|assuming|imagine|whether|unless|"
    "were|had it been|what if|let's say|say that|"
    "provided|"
    "would have been|hypothetically|even if|in case|let us assume|let me assume|consider|considering|let's consider|"
    "let me consider|checking|let me check|let's check|looking at|look at|regarding|as for|evaluate|evaluating|"
    "testing|try|"
    "trying|examine|examining"
)
SUPPOSE_ZH = split(
    "假设|假如|假定|假使|如果|若是|倘若|要是|万一|是否|无论|不管|除非|设|若|能否|会不会|是不是|"
    "先看|来看|再看|看一下|看看|考虑|分析|对于|"
    "关于|至于|代入|检验|验证|如选|如是"
)
OTHERS_EN = split(
    "was leaning|leaned|wanted to|was about to|have said|have picked|have chosen|almost|nearly|tempted|had picked|"
    "first picked|first chose|first i|i first|could have|would've|might've|"
    "nobody|no one|compared to|compared with|examiner|said|"
    "some|many|most people|most students|people|students|one might|one may|one could|you might|you may|"
    "might think|may "
    "think|might be tempted|be tempted|tempting|common mistake|common error|common wrong|common misconception|"
    "others?|"
    "someone|at first|at first glance|initially|originally|i thought|first thought|first guess|first instinct|"
    "my first|"
    "initial|easy to think|easy to assume|easy to pick|easy to believe|used to think|was going to|previously|"
    "earlier|it seems like|seemed|my friend|the user|they|he|she|"
    "candidates? (?:are|is)|possible answers?|it could be that|mistakenly|often confused|confused with|similar to|"
    "trap"
)
OTHERS_ZH = split(
    "表面|其次(?:才|是|为)|再次(?:才|是|为)|"
    "本来|本想|原想|差点|险些|先是|有的|谁|没人|无人|"
    "有人|有的人|有些|很多人|许多人|不少人|大家|同学|学生|考生|人们|可能会有|容易|易|起初|一开始|原本|原以为|"
    "本以为|以为|乍一看|乍看|初看|表面上|看似|"
    "最初|开始时|第一眼|直觉上|刚开始|曾|陷阱|干扰项|迷惑|常见错误|小明|他|她|别人|原来|之前|刚才|先前|貌似|"
    "候选|备选|可能的答案|好像"
)
# --- taking back
NEVERMIND_EN = split(
    "wait|no wait|but wait|hold on|hang on|scratch that|never ?mind|correction|on second thoughts?|oops|"
    "my mistake|my bad|"
    "sorry|apologies|i apologize|let me (?:re-?\\w+|correct|fix|think again|try again|start over)|no|nope|"
    "actually|hmm|"
    "strike that|ignore that|check again|on reflection|upon reflection|looking again|upon closer \\w+|rather|"
    "however|but|i mean|or rather|edit|update|revised|revising|reconsidering|changing my mind|i change my (?:mind|"
    "answer)|"
    "i changed my mind|wrong"
)
NEVERMIND_ZH = split(
    "等等|等一下|等下|且慢|不对|不是|不|哦不|错了|更正|纠正|修正|订正|抱歉|对不起|重新(?:考虑|思考|检查|审题|看|"
    "想|分析)|再想|仔细一?想|再仔细|再看一遍|"
    "说错|写错|搞错|弄错|我错|改为|改成|改选|应改|收回|实际上|其实|事实上|但|但是|然而|不过|嗯"
)
# These take back whatever was said, whether another letter follows or not.
TAKEN_BACK_EN = split(
    "(?:that|this|it)(?:'s| is| was| seems| looks)? (?:all |clearly |completely |actually |definitely |obviously )?"
    "(?:wrong|incorrect|not right|not correct|a mistake|an error|mistaken|false|not it)|i was wrong|i am wrong|"
    "i'm wrong|i made (?:a|an) (?:mistake|error)|scratch that|strike that|ignore that|i (?:made an? )?misread|"
    "that can't be "
    "right|that cannot be right|that isn't right|that's not right|that is not right|that doesn't \\w+|"
    "that does not \\w+|"
    "this can't be right|this cannot be right|that isn't correct|that was a mistake|that is not the answer|"
    "i take (?:that|it) back"
)
TAKEN_BACK_ZH = split(
    "不对|错了|这是错的|这不对|这个不对|说错了|我错了|弄错了|搞错了|写错了|上面(?:的(?:答案|结论|分析))?(?:有误|"
    "错了|不对)|"
    "刚才(?:的(?:答案|结论|分析))?(?:有误|错了|不对)|这是错误的|这个答案(?:是)?(?:错|错的|错误的|不对|不正确)|"
    "此答案有误|答案有误|收回"
)
YES = split(
    "it is|it does|it could|it can|it must be|it would|it has to|it fits|it works|会|会的|可以|能|是它|应该是|"
    "成立|正是|就是|很可能|"
    "yes|yeah|yep|correct|right|exactly|indeed|true|sure|是|是的|对|对的|没错|正确|当然|没问题|yes it is|"
    "that's right|"
    "that is right|that is correct"
)
BECAUSE_EN = split("because|since|as|for|due to|given that|considering")
BECAUSE_ZH = split("因为|由于|理由|原因")
# --- questions that ask for what is wrong
ASKS_WRONG_EN = split(
    "NOT|EXCEPT|not true|not correct|is incorrect|are incorrect|is false|are false|incorrect statement|"
    "incorrect one|false "
    "statement|is wrong|LEAST|not a|not an|does not|is not|are not|untrue|inaccurate|except|incorrect"
)
ASKS_WRONG_ZH = split(
    "不正确|不对|错误|不属于|不是|不包括|有误|不符合|不恰当|不合适|不能|不可|不会|不准确|不当|不应|不宜|不需要|"
    "不具有|没有|除了|除外|不合理|不妥|不一致"
)
