#!/usr/bin/env python3
"""Makes ratings.csv and ids_in_file_order.txt from the quickstart's files. Standard library only; nothing random.

ratings.csv: the quickstart's rater a, told on a scale from 0 to 1 in steps of .05, as a language model would answer: small numbers, close together.
ids_in_file_order.txt: the ids of texts.csv from top to bottom. It is the belief that vectors came back in the order of the texts. They did not.
"""

import csv
import pathlib

HERE = pathlib.Path(__file__).parent
QUICKSTART = HERE.parent / "quickstart"


def main():
    with open(QUICKSTART / "ratings_a.csv", newline="", encoding="utf-8") as file:
        rows = [[row["text_id"], *(unit(row[trait]) for trait in ("openness", "neuroticism"))] for row in csv.DictReader(file)]
    with open(HERE / "ratings.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([["text_id", "openness", "neuroticism"], *rows])
    with open(QUICKSTART / "texts.csv", newline="", encoding="utf-8") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    (HERE / "ids_in_file_order.txt").write_text("".join(f"{identity}\n" for identity in ids))


def unit(step):
    """1 … 7 becomes .40 … .70."""
    return f"{0.35 + 0.05 * int(step):.2f}" if step else ""


if __name__ == "__main__":
    main()
