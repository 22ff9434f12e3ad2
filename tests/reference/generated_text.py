"""apps/reproduce/generated_text.cpp in Python: the same bytes."""

from philox import Random, stream_id

CONSONANTS, VOWELS = "bcdfghjklmnpqrstvwxz", "aeiouy"
WORDS, SUCCESSORS = 400, 8
RARE_SEPARATORS = [", ", ", ", "; ", ": ", "-"]


class Language:
    def __init__(self, seed, stream, most_syllables):
        self.below = Random(seed, stream_id(stream)).below
        self.most_syllables = most_syllables
        self.words = [self.draw_word() for _ in range(WORDS)]

    def pick(self, letters):
        return letters[self.below(len(letters))]

    def syllable(self, may_begin_with_vowel):
        text = self.pick(CONSONANTS) if not may_begin_with_vowel or self.below(4) != 0 else ""
        text += self.pick(VOWELS)
        return text + self.pick(CONSONANTS) if self.below(3) == 0 else text

    def draw_word(self):
        syllables = 1 + self.below(self.most_syllables)
        spelling = "".join([self.syllable(i == 0) for i in range(syllables)])
        return spelling, [self.below(WORDS) for _ in range(SUCCESSORS)]

    def successor(self, word):
        first, second = self.below(SUCCESSORS), self.below(SUCCESSORS)
        return self.words[word][1][min(first, second)]

    def sentence(self):
        frame = self.below(16)
        count = 4 + self.below(9)
        word = self.below(WORDS)
        text = ""
        for i in range(count):
            if i > 0:
                text += RARE_SEPARATORS[self.below(len(RARE_SEPARATORS))] if self.below(8) == 0 else " "
                word = self.successor(word)
            text += self.words[word][0]
            if self.below(32) == 0:
                text += "'s"
        text = text[0].upper() + text[1:] + self.pick(".....?!.")
        text = {0: f'"{text}"', 1: f"({text})"}.get(frame, text)
        return text + self.pick("   \n")

    def item(self):
        count = 2 + self.below(4)
        word = self.below(WORDS)
        text = self.words[word][0]
        for _ in range(1, count):
            word = self.successor(word)
            text += self.words[word][0]
        return text


def generated_text(seed, characters):
    language, sentences, size = Language(seed, "reproduce.text", 3), [], 0
    while size < characters:
        sentences.append(language.sentence())
        size += len(sentences[-1])
    return "".join(sentences)[:characters]


def generated_lines(seed, items):
    language = Language(seed, "reproduce.lines", 1)
    return [language.item() for _ in range(items)]
