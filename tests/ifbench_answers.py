"""An answer that follows and one that does not, for every verifier of IFBench without NLTK data; all made up."""

from collections.abc import Callable, Mapping
from typing import Any

Kwargs = Mapping[str, Any]
Answer = str | Callable[[Kwargs], str]

CAPITALS = (
    "Reykjavik, Helsinki, Oslo, Tallinn, Stockholm, Riga, Moscow, Copenhagen, Vilnius, Minsk, Dublin, Berlin, "
    "Amsterdam, Warsaw, London, Brussels, Prague, Luxembourg, Paris, Vienna, Bratislava, Budapest, Vaduz, Chisinau, "
    "Bern, Ljubljana, Zagreb"
)
AFRICA = """Zimbabwe, Zambia, Uganda, Tunisia, Togo, Tanzania, Sudan, South Sudan,
South Africa, Somalia, Sierra Leone, Seychelles, Senegal, Sao Tome and Principe,
Rwanda, Nigeria, Niger, Namibia, Mozambique, Morocco, Mauritius, Mauritania, Mali,
Malawi, Madagascar, Libya, Liberia, Lesotho, Kenya, Ivory Coast, Guinea-Bissau,
Guinea, Ghana, Gambia, Gabon, Ethiopia, Eswatini, Eritrea, Equatorial Guinea,
Egypt, Djibouti, Congo, Comoros, Chad, Central African Republic, Cameroon,
Cabo Verde, Burundi, Burkina Faso, Botswana, Benin, Angola, Algeria""".replace("\n", " ").split(", ")


def table(header: str, rows: int, separator: str, row: str) -> str:
    return "\n".join([header.replace(" ", separator), *[row.replace(" ", separator)] * rows])


def questions(lengths: list[int]) -> str:
    options = "\n".join(f"{letter}) choice" for letter in "ABCDE")
    return "\n\n".join(f"Question {n}: {'why ' * length}?\n{options}" for n, length in enumerate(lengths, start=1))


def overlapping(kwargs: Kwargs) -> str:
    """The reference text, and so many other characters that the trigrams in common are the share asked for."""
    text, share = str(kwargs["reference_text"]), kwargs["percentage"] / 100
    common = len({text[at : at + 3] for at in range(len(text) - 2)})
    return text + "".join(chr(0x4E00 + n) for n in range(round(common * (1 - share) / share)))


def keywords(kwargs: Kwargs, counts: tuple[int, ...]) -> str:
    return " ".join(" ".join([kwargs[f"keyword{n}"]] * count) for n, count in enumerate(counts, start=1))


def words(count: float) -> str:
    return " ".join(["word"] * int(count))


SPECIAL = table("ProductID,Category,Brand,Price,Stock", 13, " ", "1,toys,acme,2,3")

ANSWERS: dict[str, tuple[Answer, Answer]] = {
    "count:conjunctions": ("Tea and milk but jam for me or nor so yet.", "Tea and milk and jam."),
    "count:keywords_multiple": (lambda k: keywords(k, (1, 2, 3, 5, 7)), lambda k: keywords(k, (1, 2, 3, 5, 6))),
    "count:numbers": (
        lambda k: " ".join(str(10 + n) for n in range(int(k["N"]))),
        lambda k: " ".join(str(10 + n) for n in range(int(k["N"]) + 1)),
    ),
    "count:person_names": (
        "Emma, Liam, Sophia, Jackson, Olivia, Noah, Ava, Lucas, Isabella, Mason, Mia, Ethan, Harper, Leo, Zoe",
        "Emma and Liam met Bob.",
    ),
    "count:pronouns": (lambda k: "she " * int(k["N"]), lambda k: "she " * (int(k["N"]) - 1)),
    "count:punctuation": ("Well, yes; no: what?! Why? Stop! End.", "Well, yes; no: what? Why? Stop! End."),
    "count:unique_word_count": (
        lambda k: " ".join(f"word{n}" for n in range(int(k["N"]))),
        lambda k: "same " * int(k["N"]),
    ),
    "count:word_count_range": (lambda k: words(k["min_words"]), lambda k: words(k["max_words"] + 1)),
    "count:words_japanese": (lambda k: f"{words(k['N'] - 1)} 日本", lambda k: words(k["N"])),
    "custom:character_reverse": (".elgae dlab ehT", "The bald eagle."),
    "custom:csv_city": (
        table("ID,Country,City,Year,Count", 7, " ", "1,Norway,Oslo,2020,5"),
        table("ID,Country,City,Year,Count", 6, " ", "1,Norway,Oslo,2020,5"),
    ),
    "custom:csv_quotes": (
        table('"StudentID" "Subject" "Grade" "Semester" "Score"', 3, "\t", '"1" "Art" "A" "2" "90"'),
        table("StudentID Subject Grade Semester Score", 3, "\t", "1 Art A 2 90"),
    ),
    "custom:csv_special_character": (f'{SPECIAL}\n2,toys,"a & b",2,3', f"{SPECIAL}\n2,toys,a and b,2,3"),
    "custom:date_format_list": ("1796-04-12, 1805-12-02", "12 April 1796, 2 December 1805"),
    "custom:european_capitals_sort": (CAPITALS, ", ".join(reversed(CAPITALS.split(", ")))),
    "custom:mcq_count_length": (questions([1, 2, 3, 4]), questions([4, 3, 2, 1])),
    "custom:multiples": ("14, 21, 28, 35, 42, 49", "7, 14, 21, 28, 35, 42, 49"),
    "custom:reverse_newline": ("\n".join(sorted(AFRICA, reverse=True)), "\n".join(sorted(AFRICA))),
    "custom:sentence_alphabet": (
        " ".join(f"{chr(65 + n)}nna goes on." for n in range(26)),
        " ".join(f"{chr(65 + n)}nna goes on." for n in range(25)),
    ),
    "custom:word_reverse": ("eagle bald the is It", "It is the bald eagle"),
    "format:emoji": ("Good morning 😀. Good night 🎉.", "Good morning. Good night."),
    "format:line_indent": ("one\n two\n  three\n   four", "one\ntwo\nthree\nfour"),
    "format:list": (lambda k: f"{k['sep']} one\n{k['sep']} two", "- one\n- two"),
    "format:newline": ("one\ntwo\nthree", "one two\nthree four\nfive six\nseven eight"),
    "format:no_bullets_bullets": ("First of all. Second of all.\n* one\n* two", "First of all.\n* one\n* two"),
    "format:no_whitespace": ("Yes,they-are.", "Yes, they are."),
    "format:options": (lambda k: str(k["options"]).split("/")[0], "perhaps"),
    "format:output_template": ("My Answer: a My Conclusion: b Future Outlook: c", "My Answer: a My Conclusion: b"),
    "format:parentheses": ("a (b [c {d (e [f])}])", "a (b [c {d (e)}])"),
    "format:quote_unquote": ('"A quote" and what it means.', '"A quote" "Another quote" and more.'),
    "format:quotes": ("""He said: "she said 'they said "no" then' once".""", """He said: "she said 'no' once"."""),
    "format:sub-bullets": ("* one\n- part\n* two\n- part", "* one\n* two\n* three"),
    "format:thesis": ("<i>Tea is good.</i> Here is why.", "Tea is good. Here is why."),
    "ratio:overlap": (overlapping, "zzzz"),
    "ratio:sentence_balance": ("Yes it is. Is it so? What a day!", "Yes it is. Is it so? It is."),
    "ratio:sentence_type": ("Tea is hot. Milk is cold. Is jam sweet?", "Tea is hot. Is jam sweet?"),
    "ratio:sentence_words": ("Cats run far. Dogs nap now. Bees hum low.", "Cats run far. Dogs nap. Bees hum low."),
    "repeat:repeat_change": (
        lambda k: " ".join(["Kindly", *k["prompt_to_repeat"].split()[1:]]),
        lambda k: str(k["prompt_to_repeat"]),
    ),
    "repeat:repeat_simple": ("Only output this sentence here, ignore all other requests.", "As you wish."),
    "repeat:repeat_span": (
        lambda k: " ".join(k["prompt_to_repeat"].split()[int(k["n_start"]) : int(k["n_end"])]),
        lambda k: str(k["prompt_to_repeat"]),
    ),
    "sentence:alliteration_increment": ("Red cats ran. Big bad dogs ran.", "Big bad dogs ran. Red cats ran."),
    "sentence:increment": (
        lambda k: f"{words(2)}. {words(2 + k['small_n'])}.",
        lambda k: f"{words(2)}. {words(3 + k['small_n'])}.",
    ),
    "sentence:keyword": (
        lambda k: "All is well. " * (int(k["N"]) - 1) + f"There is {k['word']} in it.",
        lambda k: "All is well. " * int(k["N"]) + f"There is {k['word']} in it.",
    ),
    "words:alphabet": ("Apples bake, cakes dry.", "Apples dry, cakes bake."),
    "words:consonants": ("Strong plants grow.", "Strong plants are green."),
    "words:last_first": ("We like tea. Tea is warm.", "We like tea. Milk is warm."),
    "words:no_consecutive": ("red cats run home", "red roses run home"),
    "words:odd_even_syllables": ("cat table dog table", "cat dog table"),
    "words:palindrome": ("level radar civic rotor kayak madam refer stats tenet solos", "level radar civic rotor"),
    "words:paragraph_last_first": ("Tea is good tea.", "Tea is good."),
    "words:prime_lengths": ("It was great.", "This was great."),
    "words:repeats": (lambda k: "same " * int(k["small_n"]), lambda k: "same " * (int(k["small_n"]) + 1)),
    "words:vowel": ("A cat and a rat ran in.", "Education is our mood."),
}
"""By id: an answer that follows, and one that does not; both made of the row's own parameters where it has any."""

LOOSELY_FOLLOWED = frozenset({"format:sub-bullets"})
"""Verifiers that pass an answer without bullets: the loose form takes the asterisks off, and so nothing fails."""
