#!/usr/bin/env python3
"""Makes the quickstart's data: texts.csv, ratings_a.csv, ratings_b.csv, embeddings.npy, embeddings_ids.txt. Standard library only.

An invented study. Every writer has three traits (standard normal, independent):
  openness      decides what the writer tells about, sentence by sentence: a strong signal in the words;
  extraversion  tips, a little, whether others are mentioned or the writer is alone: a weak one;
  neuroticism   touches no word at all: nothing to find.
Two raters see the traits through noise and answer on a scale of 1 to 7; rater b is stricter and misses some texts.
Same seed, same files. Nothing here is about a real person.
"""

import array
import csv
import math
import pathlib
import random
import re

SEED = 7
N_TEXTS = 360
N_COLUMNS = 96
HERE = pathlib.Path(__file__).parent

# What a sentence can be about: pursuits of the curious, and of those who like things as they are.
CURIOUS = [
    "visited a small gallery and stood for an hour before one strange painting",
    "read poems by a writer nobody here has heard of",
    "tried to cook a dish from a country I had to look up on the map",
    "wandered through a part of the city I had never seen",
    "wrote half a short story about a lighthouse that moves",
    "listened to an album of experimental jazz twice in a row",
    "argued about whether animals can dream",
    "learned the first twenty letters of another alphabet",
    "watched a silent film and kept imagining the missing voices",
    "took apart an old radio to understand how it catches a signal",
    "planned a journey by night trains without booking a single hotel",
    "sketched the shadows in the garden until the light was gone",
    "started a philosophy podcast and paused it at every second idea",
    "built a telescope from a kit and looked for the moons of Jupiter",
    "made up new rules for an old board game",
    "went to a play where the actors spoke to the audience",
]
CONVENTIONAL = [
    "cleaned the kitchen from top to bottom the way I do every week",
    "paid the bills and put the papers in the right folder",
    "watched the usual quiz show and went to bed at ten",
    "washed the car and checked the pressure of all four tyres",
    "mowed the lawn before lunch as always in summer",
    "bought the same groceries at the same shop round the corner",
    "ironed five shirts for the coming week",
    "cooked potatoes and meat exactly like my mother did",
    "followed the football results on the kitchen radio",
    "sorted the screws and nails in the garage by size",
    "kept to the plan for the week that I had made on Monday",
    "had coffee and a piece of plain cake at four",
    "swept the yard and fixed the loose board in the fence",
    "went over the household budget once more and found no mistake",
    "walked the usual round through the park and back home",
    "finished the crossword in the local paper with a pencil",
]
OPENERS = ["On Saturday I", "In the evening I", "Yesterday I", "After work I", "This week I", "On my free day I", "In the morning I", "Later I", "Then I", "Again I"]
WITH_OTHERS = ["with two friends", "together with the neighbours", "with a whole group of people", "and invited everyone along", "while chatting with my cousins", "and met some new people there"]
ALONE = ["on my own", "all by myself", "quietly and alone", "without company", "without much talk", "and spoke to nobody"]
PLAIN = ["for a while", "before dinner", "until it got late", "although it was raining", "in no hurry", "for about an hour", "since there was time"]
MOODS = [
    "I felt calm afterwards.",
    "It made me a little tense.",
    "I was tired but content.",
    "I worried about small things on the way home.",
    "That cheered me up.",
    "I slept badly that night.",
    "It was a good day, all in all.",
    "I could not say why, but I was restless.",
    "Nothing much was on my mind.",
    "I laughed more than usual.",
]
STRENGTH_OPENNESS = 2.0
STRENGTH_EXTRAVERSION = 0.7
RATER_NOISE = 0.6


def main():
    rng = random.Random(SEED)
    writers = [{trait: rng.gauss(0, 1) for trait in ("openness", "extraversion", "neuroticism")} for _ in range(N_TEXTS)]
    ids = [f"t{number:03}" for number in range(1, N_TEXTS + 1)]
    texts = unique_texts(writers, rng)
    write_csv("texts.csv", ["id", "text"], zip(ids, texts))
    write_ratings("ratings_a.csv", ids, writers, centre=4.2, missing=0.0, rng=rng)
    write_ratings("ratings_b.csv", ids, writers, centre=3.6, missing=0.06, rng=rng)
    write_embeddings(ids, texts, rng)


def unique_texts(writers, rng):
    """One text a writer, no two alike: an exact duplicate would tie two rows into one group."""
    texts = []
    for writer in writers:
        text = tell(writer, rng)
        while text in texts:
            text = tell(writer, rng)
        texts.append(text)
    return texts


def tell(writer, rng):
    """Four to seven sentences; their number, openers and moods say nothing about the writer."""
    sentences, told = [], set()
    while len(sentences) < 4 + rng.random() * 4 - 1:
        is_curious = rng.random() < logistic(STRENGTH_OPENNESS * writer["openness"])
        pursuit = pick(CURIOUS if is_curious else CONVENTIONAL, rng)
        if pursuit in told:
            continue
        told.add(pursuit)
        sentences.append(f"{pick(OPENERS, rng)} {pursuit} {circumstance(writer, rng)}.")
        if rng.random() < 0.35:
            sentences.append(pick(MOODS, rng))
    return " ".join(sentences)


def circumstance(writer, rng):
    if rng.random() < 0.35:
        return pick(PLAIN, rng)
    return pick(WITH_OTHERS if rng.random() < logistic(STRENGTH_EXTRAVERSION * writer["extraversion"]) else ALONE, rng)


def write_ratings(name, ids, writers, centre, missing, rng):
    """One file a rater, in the order in which that rater happened to answer."""
    rows = []
    for identity, writer in zip(ids, writers):
        if rng.random() >= missing:
            rows.append([identity] + [rate(value, centre, rng) for value in writer.values()])
    rng.shuffle(rows)
    write_csv(name, ["text_id", "openness", "extraversion", "neuroticism"], rows)


def rate(value, centre, rng):
    """1 to 7, and once in a hundred no answer."""
    step = round(centre + 1.3 * (value + rng.gauss(0, RATER_NOISE)))
    return "" if rng.random() < 0.01 else min(7, max(1, step))


def write_embeddings(ids, texts, rng):
    """What an encoder run elsewhere would hand over: one vector a text, in an order of its own, ids beside it.

    Each word has a fixed random vector; a text is the sum over its words, rare words weighing more, divided by the root of the word count.
    """
    words = [re.findall(r"[a-z]+", text.lower()) for text in texts]
    frequency = {}
    for text_words in words:
        for word in set(text_words):
            frequency[word] = frequency.get(word, 0) + 1
    vectors = {word: word_vector(word, math.log(len(texts) / frequency[word])) for word in sorted(frequency)}
    order = list(range(len(ids)))
    rng.shuffle(order)
    values = array.array("f")
    for row in order:
        size = math.sqrt(len(words[row]))
        values.extend(sum(column) / size for column in zip(*(vectors[word] for word in words[row])))
    write_npy("embeddings.npy", values, len(ids), N_COLUMNS)
    (HERE / "embeddings_ids.txt").write_text("".join(f"{ids[row]}\n" for row in order))


def word_vector(word, weight):
    rng = random.Random(f"{SEED} {word}")
    return [weight * rng.gauss(0, 1) / math.sqrt(N_COLUMNS) for _ in range(N_COLUMNS)]


def write_npy(name, values, rows, columns):
    """NumPy's format, version 1.0: magic, header length, header padded to 64 bytes, little-endian float32 row by row."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    (HERE / name).write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + values.tobytes())


def write_csv(name, header, rows):
    with open(HERE / name, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def logistic(value):
    return 1 / (1 + math.exp(-value))


def pick(options, rng):
    return options[int(rng.random() * len(options))]


if __name__ == "__main__":
    main()
