"""sentence-transformers: any model of that library as an encoder of ocean-host.

The bundled encoders `minilm`, `mpnet` and `bge` read BERT and MPNet folders without Python, and faster. This one takes whatever sentence-transformers takes:
other architectures, prompts, several pooling modules.
"""

import hashlib
import json
import os

import numpy as np

INFO = {
    "kind": "encoder",
    "id": "sentence-transformers",
    "name": "sentence-transformers",
    "version": "0.1.0",
    "vendor": "The ocean-host authors",
    "license": "MIT OR Apache-2.0",
    "url": "https://sbert.net",
    "description": "Any model folder that sentence-transformers reads, in float32 on the processor.",
    "family": "transformer",
}

PARAMS = {
    "model": {"type": "string", "format": "model",
              "help": "The folder of a model, or its name in the Hugging Face cache."},
    "prompt": {"type": "string", "default": "",
               "help": "Put before every text, for models that were trained with one."},
    "batch": {"type": "integer", "default": 1, "min": 1, "max": 1024,
              "help": "Texts at a time. More than 1 is faster, and the neighbours in a batch then change the last digits of a vector."},
}

# Raised whenever the same text gets other numbers.
REVISION = 1
PLAIN = {"Transformer", "Pooling", "Normalize"}


def read_json(folder, name):
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def hash_of(folder):
    """Names and bytes of all files: the same model elsewhere is the same model."""
    digest = hashlib.sha256()
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(parent, name)
            digest.update(os.path.relpath(path, folder).encode() + b"\0")
            with open(path, "rb") as file:
                for piece in iter(lambda: file.read(1 << 20), b""):
                    digest.update(piece)
    return digest.hexdigest()


class Plugin:
    def __init__(self, params, call):
        self.folder, self.params, self.loaded = params["model"], params, None
        if not os.path.isdir(self.folder):
            raise ValueError(f"{self.folder} is no folder of a model")
        self.seen = None

    def model(self):
        # At the first encode: a full cache never waits for torch.
        if self.loaded is None:
            from sentence_transformers import SentenceTransformer

            self.loaded = SentenceTransformer(self.folder, device="cpu")
        return self.loaded

    def shape(self):
        if self.seen is None:
            self.seen = {**self.read_shape(),
                         "cache_key": f"revision {REVISION}, prompt {self.params['prompt']!r}, batch {self.params['batch']}, {hash_of(self.folder)}"}
        return self.seen

    def read_shape(self):
        """From the folder's own description where that is plain; else the model is asked."""
        modules = read_json(self.folder, "modules.json") or []
        kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
        pooling = next((read_json(self.folder, os.path.join(module["path"], "config.json"))
                        for module, kind in zip(modules, kinds) if kind == "Pooling"), None)
        limits = read_json(self.folder, "sentence_bert_config.json") or {}
        if not pooling or not set(kinds) <= PLAIN or "word_embedding_dimension" not in pooling or not limits.get("max_seq_length"):
            model = self.model()
            return {"dim": model.get_sentence_embedding_dimension(), "max_tokens": model.get_max_seq_length() or 0}
        names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_max_tokens": "max"}
        chosen = [names.get(key, "other") for key, value in pooling.items() if key.startswith("pooling_mode_") and value is True]
        return {
            "dim": pooling["word_embedding_dimension"] * max(1, len(chosen)),
            "max_tokens": limits["max_seq_length"],
            "pooling": chosen[0] if len(chosen) == 1 else "other",
            "normalised": "Normalize" in kinds,
        }

    def encode(self, texts, call):
        model, batch, vectors = self.model(), self.params["batch"], []
        for at in range(0, len(texts), batch):
            call.check_cancelled()
            piece = [self.params["prompt"] + text for text in texts[at:at + batch]]
            vectors.append(model.encode(piece, batch_size=batch, show_progress_bar=False, convert_to_numpy=True))
            call.progress(min(1.0, (at + batch) / len(texts)))
        return np.concatenate(vectors)

    def text_info(self, texts):
        tokenizer, most = self.model().tokenizer, self.shape()["max_tokens"]
        lengths = [len(tokenizer(self.params["prompt"] + text, truncation=False, verbose=False)["input_ids"]) for text in texts]
        return [(length, min(length, most) if most else length) for length in lengths]
