"""Phrases of stated refusals, as regexes of lower-case text with straight apostrophes; `rules` matches them.

ADVERB stands for any of the adverbs, ACT for any of the acts that are no idiom.
"""

_NOT = r"(?:can(?:'?t|not| not)|won'?t|will not|shall not|shan'?t|couldn'?t possibly)"
_AM = r"(?:'?m| ?am|'re| ?are)"
_MUST = r"(?:(?:must|have to|need to|(?:'ll|'d|will|would) have to|(?:'m|am) (?:going|obliged) to(?: have to)?) )?"

OPENERS = (
    r"(?:but|and|so|yet|however|therefore|thus|hence|then|no|nope|well|oh|ah|ach|alas|hm+|look|listen|hey|now|still"
    r"|sorry|unfortunately|regrettably|regretfully|sadly|honestly|frankly|because|which is why|that(?:'s| is) why)\b",
    r"(?:my )?(?:(?:sincere|deepest|humble) )?apologies(?: but)?|(?:forgive|pardon|excuse) me(?: but)?",
    r"i(?:'m| am) (?:(?:so|very|truly|really|terribly) )?(?:sorry|afraid)(?: (?:but|that|to say))?",
    r"i (?:(?:do|must|sincerely) )?apologi[sz]e(?: (?:but|that))?",
    r"i (?:(?:do|must|deeply) )?regret (?:to (?:say|inform you)(?: that)?|that)",
    r"i (?:must|have to|need to|should|want to|would like to|'d like to) (?:say|inform you|tell you|clarify|point out"
    r"|let you know|be (?:clear|honest|direct|upfront|frank)|make (?:it )?clear|emphasi[sz]e)(?: that)?",
    r"please (?:note|understand|know|be aware)(?: that)?",
    r"(?:it (?:seems|appears|looks like)|the (?:truth|fact) is)(?: that)?",
    r"as (?:an?|your) [^,]{1,60}?(?=\bi\b)",
)
"""What may stand before a refusal in the same clause."""

UNWILLING = (
    _NOT,
    rf"{_AM} (?:ADVERB )*(?:unable|unwilling) to",
    rf"{_AM} (?:ADVERB )*not (?:able|allowed|permitted|authori[sz]ed|willing|going|about|designed|programmed"
    r"|equipped|prepared|in a position|at liberty|here) to",
    r"(?:do not|don'?t) (?:feel (?:comfortable|right)|think i (?:can|should)|(?:want|wish|intend|plan) to)",
    rf"{_MUST}(?:ADVERB )*(?:refuse|decline) to",
    r"have no (?:intention|plans?|desire|wish) (?:of|to)",
    r"(?:'ll|'d|will|can|would|could) never",
)
"""After "I", before one of the acts."""

UNWILLING_ALONE = (_NOT, r"(?:unable|not able|unwilling|not going|not willing|not allowed) to")
"""Without an "I", where a sentence begins so."""

ADVERBS = (
    r"simply|really|just|absolutely|certainly|also|ever|possibly|ethically|legally|morally|directly|truly|still"
    r"|unfortunately|regretfully|regrettably|sadly|honestly|genuinely|definitely|personally|currently|sincerely"
    r"|firmly|flatly|categorically|therefore|even|actually|knowingly|intentionally",
    r"respectfully|politely|kindly|in good (?:conscience|faith)|under any circumstances?",
    r"(?:and|or|nor) (?:i )?(?:will not|won'?t|should not|shouldn'?t|must not|would not|wouldn'?t|shall not)",
)

ACTS = (
    r"help|helping|assist|assisting|aid|aiding|provide|providing|offer|offering|share|sharing|fulfil|fulfill|comply",
    r"answer|answering|respond|discuss|discussing|talk about|talking about|speak (?:on|about|to)|comment on",
    r"support|encourage|promote|endorse|facilitate|engage|engaging|participate|take part|go along|entertain",
    r"explain|explaining|describe|describing|teach|teaching|advise|recommend|suggest|guide|walk you through|reveal",
    r"disclose|instruct|confirm (?:or|nor) deny|get into|go into (?:that|this|detail)|dignify",
    r"write|writing|create|creating|generate|generating|produce|compose|draft|tell you|telling you|show you|list",
    r"access|browse|retrieve|accommodate|(?:process|perform|execute|run|make|open|handle) (?:that|this|such|your)",
    r"(?:allow|permit|continue|send|complete) (?:that|this|such|with)|carry out|do (?:what|as) you",
    r"give (?:you|out|that|this|any|such|advice|instructions|information|directions|details)",
    r"do(?:ing)? (?:that|this|so|it|such)|be (?:a )?part(?:y)? (?:of|to)|be able to|be of (?:help|assistance|use)",
    r"speculate|satisfy|contribute to|play along|lend (?:you |my |a |any )|indulge (?:that|this|you|in|such|your)",
    r"be (?:helping|assisting|providing|sharing|telling|giving|doing|answering|discussing|writing|complicit"
    r"|involved)",
)
"""What is refused."""

_ANY = r"[^.!?]*\b"
_NEAR = r"[^,.;!?]*\b"

IDIOMS = (
    r"help (?:but|it\b|myself|that (?:i|it|they|he|she|we|my)\b)",
    r"help (?!anything|something|everything|bring|sing)\w+ing\b",
    rf"help{_ANY}(?:unless|until you|if you (?:do not|don'?t))\b",
    rf"(?:recommend|offer|advise|suggest|support|encourage|describe|share|endorse|praise){_ANY}"
    r"(?:enough|more highly|too highly)\b",
    r"(?:offer|give you|recommend|suggest) (?:\w+ ){0,2}(?:better|finer|more than)\b",
    rf"(?:give|tell|provide|offer|answer){_NEAR}(?:exact|exactly|precise|precisely|for (?:sure|certain)|certainty)\b",
    rf"(?:teach|explain|describe|answer|tell|list|discuss){_NEAR}(?:everything|every|in one|in a single)\b",
    r"(?:tell|show) you (?:how (?!to\b|you\b)|enough\b|the (?:joy|number of|times)|twice|again|lies|off\b)",
    r"tell you (?:that )?(?:it|life|this)(?:'s| is| was| will| would)\b",
    r"(?:describe|explain) (?:it$|it (?:in|to myself)|how (?!to\b)|what it|the (?:joy|feeling|thrill|beauty|relief)"
    r"|the (?:taste|smell|pleasure|happiness)|why i\b|why$)",
    rf"(?:write|create|produce|describe|explain|answer|do (?:it|that|this|so)|offer|make|run){_NEAR}without\b",
    rf"(?:speak|talk|discuss){_NEAR}without \w+ing\b",
    r"do (?:it|that|this|so) (?:alone|again|justice|all\b|any other way|often|enough)",
    r"answer for (?:others|everyone|anyone|him|her|them)|teach an old dog|write (?:\w+ )off",
)
"""The same words without a refusal: "I can't help smiling", "I cannot recommend it enough"."""

_THIS_IS = r"(?:that|this|it)(?:'s| is| would be| goes)"
_MATTER = r"(?:something|anything|a (?:request|question|topic)) (?:that )?"
_RULES = (
    r"(?:guidelines|programming|principles|polic(?:y|ies)|values|ethics|ability|capabilities|conscience|instructions"
    r"|training|rules|oath|code of conduct)"
)
_MY_RULES = rf"(?:my|our) (?:\w+ )?{_RULES}"
_WRONG = (
    r"(?:unethical|illegal|wrong|inappropriate|irresponsible|not (?:right|ethical|appropriate|possible)|impossible)"
)

OTHER = (
    rf"(?:{_THIS_IS} (?:\w+ )?not|(?:that|this|it) isn'?t) {_MATTER}(?:i|we)\b",
    rf"{_THIS_IS} {_MATTER}(?:i|we)(?:'m not| am not|'re not| are not| can'?t| cannot| won'?t| will not| refuse)\b",
    rf"{_THIS_IS} (?:not within|beyond|outside(?: of)?|against) {_MY_RULES}",
    rf"(?:this|that|your|the) (?:request|question|prompt|topic) (?:goes against|violates|conflicts with|is against"
    rf"|falls outside|is outside) {_MY_RULES}",
    rf"{_THIS_IS} {_WRONG} (?:of|for) (?:me|us) to",
    rf"{_THIS_IS} (?:\w+ )?(?:inappropriate|not appropriate|irresponsible|unethical) to (?:ADVERB )*ACT",
    r"(?:that|this|it) (?:isn'?t|wouldn'?t be) (?:appropriate|ethical|responsible) (?:(?:of|for) (?:me|us) )?to ACT",
    rf"{_MY_RULES} (?:prevents?|prohibits?|forbids?|won'?t let|do(?:es)?(?: not|n'?t) (?:allow|permit))",
    r"there(?:'s| is) no way (?:that )?i(?:'m going to|'ll| will| can| would)\b",
    r"no way (?:am|will|would) i\b|(?:under|in) no circumstances? (?:will|would|can|shall) i\b",
    rf"i ?{_MUST}(?:ADVERB )*(?:refuse|decline)(?: (?:your|that|this|such|the request)\b|$)",
    rf"i ?{_MUST}(?:ADVERB )*say no(?: to (?:that|this|you)|$)",
    r"i(?:'d| would) (?:ADVERB )*(?:rather|prefer) not(?: to)?"
    r"(?: (?:say|answer|discuss|help|share|tell|talk|get into|go into)\b|$)",
    r"i(?:'d| would) (?:rather|prefer) not(?: to)? do (?:that|this|it)\b",
    r"i(?:'m| am) not comfortable (?:with (?:that|this|your)|helping|providing|sharing|discussing)\b",
    r"i(?:'m| am) not comfortable (?:giving|answering|writing|telling|doing)\b",
    r"i (?:do not|don'?t) (?:provide|(?:assist|help) with|(?:answer|discuss) (?:that|this|such))\b",
    r"i (?:do not|don'?t) have (?:access to|the ability to)\b",
    r"i (?:lack (?:the )?|have no )(?:access|ability|means) to\b",
    r"i (?:can(?:'?t|not| not)|won'?t|will not)(?: and (?:i )?(?:can(?:'?t|not| not)|won'?t|will not))?$",
    r"(?:please )?(?:do not|don'?t) ask (?:me to|that of me|this of me)\b",
    r"you(?:'ll| will) (?:get|find|have) no (?:help|answers?|information|details)\b.* from me$",
    r"request (?:denied|refused|declined)$|my lips are sealed|(?:that|this|it)(?:'s| is) out of the question",
    r"not on my (?:watch|ship|life)\b|over my dead body|perish the thought"
    r"|.{0,20}\bline (?:that )?i (?:won'?t|will not|can'?t|cannot|refuse to) cross",
    r"i(?:'ll| will|'d| would| want to)? (?:have|want|take) no part (?:in|of)\b|i(?:'d| would) sooner \w+.* than\b",
    r"you(?:'ll not| will not| shall not| won'?t) (?:hear|learn|get|have) (?:it|that|this|that one) from me\b",
)
"""Refusals of another build."""

SAYS = (
    r"(?:said|says|say|repl(?:y|ie[ds])|answer(?:ed|s)?|t(?:old|ells?) (?:me|us|him|her|them)|wr(?:ote|ites?)"
    r"|ask(?:ed|s)|shout(?:ed|s)?|whisper(?:ed|s)?|mutter(?:ed|s)?|exclaim(?:ed|s)?|respond(?:ed|s)?|cr(?:ied"
    r"|ies)|thought|thinks"
    r"|explain(?:ed|s)?|declare[ds]?|announce[ds]?|growl(?:ed|s)?|grumble[ds]?|snap(?:ped|s)|repeat(?:ed|s)?"
    r"|insist(?:ed|s)?"
    r"|reads|stated|add(?:ed|s)|call(?:ed|s)|murmur(?:ed|s)?|sigh(?:ed|s)?|bark(?:ed|s)|warn(?:ed|s))"
)
"""Verbs with which speech is reported."""
