"""largest_difference.py ONE OTHER: compares the tables of two folders that studies.sh made.

Words must be the same; of numbers it tells the largest difference.
"""

import csv
import sys
from pathlib import Path

TABLES = ["quick/results.csv", "quick/predictions.csv", "predictions.csv"]


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def compare(one, other):
    """The largest difference of numbers, where it is, and the cells whose words differ."""
    largest, where, words = 0.0, "", []
    if len(one) != len(other):
        words.append(f"{len(one)} and {len(other)} lines")
    for line, (ours, theirs) in enumerate(zip(one, other), start=1):
        if len(ours) != len(theirs):
            words.append(f"line {line}: {len(ours)} and {len(theirs)} cells")
        for column, a, b in zip(one[0], ours, theirs):
            x, y = number(a), number(b)
            if x is None or y is None:
                if a != b:
                    words.append(f"line {line}, {column}: {a!r} and {b!r}")
            elif abs(x - y) > largest:
                largest, where = abs(x - y), f"line {line}, {column}: {a} and {b}"
    return largest, where, words


def main():
    one, other = map(Path, sys.argv[1:])
    is_same = True
    for table in TABLES:
        if not (one / table).exists() or not (other / table).exists():
            print(f"{table}: not in both")
            continue
        is_identical = (one / table).read_bytes() == (other / table).read_bytes()
        largest, where, words = compare(rows(one / table), rows(other / table))
        print(f"{table}: largest difference {largest:.2g} ({where or 'none'})"
              + (", the same bytes" if is_identical else ""))
        for word in words[:20]:
            print(f"  {word}")
        is_same &= not words
    sys.exit(0 if is_same else 1)


main()
