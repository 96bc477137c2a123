"""@ID@: an encoder in Python. Change `encode`; what stands around it can stay. Run `make` after every change.

The method it comes with: words are hashed into `dim` places and counted, and the vector is scaled to length 1. A text without words stays 0.
"""

import zlib

import numpy as np

# INFO and PARAMS are literals: they are read when the library is built, without running this file.
INFO = {
    "kind": "encoder",
    "id": "@ID@",               # what plugins.toml calls it
    "name": "@TITLE@",          # what a report calls it
    "version": "0.1.0",
    "vendor": "",               # you
    "license": "",              # an SPDX expression: MIT, GPL-3.0-or-later, ...
    "url": "",
    "description": "Counts words by their hash.",
    "family": "hash",
}

PARAMS = {
    "dim": {"type": "integer", "default": 256, "min": 1, "max": 4096,
            "help": "Numbers a text becomes. Fewer: more words share one."},
}

# Raise it whenever the same text gets other numbers: the host keeps vectors in a cache.
REVISION = 1


class Plugin:
    def __init__(self, params, call):
        """params: a dict, checked against PARAMS, defaults filled in. ValueError means: the user must change them.

        Cheap: load a model at the first encode, so that a full cache loads nothing.
        """
        self.dim = params["dim"]

    def shape(self):
        """What it makes. Optional keys: max_tokens (texts are cut there), pooling ("mean", "cls", "max"), normalised (every vector has length 1)."""
        return {"dim": self.dim, "cache_key": f"revision {REVISION}, dim {self.dim}"}

    def encode(self, texts, call):
        """texts: a list of str. Returns n x dim, finite numbers. A vector depends on its own text only: neither its neighbours nor n change a bit."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for i, text in enumerate(texts):
            call.check_cancelled()
            for word in text.split():
                # Not Python's own hash of a str, which is another one in every process.
                vectors[i, zlib.crc32(word.encode()) % self.dim] += 1
            length = np.sqrt(np.sum(vectors[i] ** 2))
            if length > 0:
                vectors[i] /= length
            call.progress((i + 1) / len(texts))
        return vectors

    # Optional: text_info(self, texts) returns a pair (n_tokens, n_used) a text, for the report on cut texts.
