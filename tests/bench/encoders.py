#!/usr/bin/env python3
"""Texts per second of the sentence encoders: this program, sentence-transformers and ONNX Runtime, in one run, in turn.

    python3 tests/bench/encoders.py --model MINILM_FOLDER --texts loans.csv [--reference minilm_l6.npy] [--rounds 5] [--large] [--families]

Each program is a process of its own that loads the model, encodes once to warm up, and then encodes the same 500 texts (the first of the file) whenever it is its
turn; tokenising is included everywhere. Peers run as their users run them, with 2 threads and f32:

  sentence-transformers   SentenceTransformer.encode, batches of 32, which it sorts by length
  onnxruntime             the network exported with torch, batches of 32 sorted by length and padded, mean and length 1 in numpy

Then, this program alone: the largest difference to --reference over the whole file, how speed falls with the length of texts, and (--large) models with the
real shapes of MPNet-base and BGE-large and random weights. --families compares the three programs on the shapes of distilroberta, XLM-RoBERTa-base (250,002 words)
and DistilBERT with random weights and tokenizers made of the texts. Only ratios are worth quoting: the rounds interleave, so a busy machine slows
all alike. Needs torch, sentence-transformers, onnxruntime, onnxscript, numpy.
"""

import argparse
import csv
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = 2
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(THREADS)
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "true"

N_TEXTS, BATCH = 500, 32
GOALS = {"sentence-transformers": 2.5, "onnxruntime": 1.2}
REPOSITORY = Path(__file__).resolve().parents[2]


def main():
    sys.stdout.reconfigure(line_buffering=True)
    arguments = parse()
    if arguments.serve:
        return serve(*arguments.serve)
    with open(arguments.texts, newline="", encoding="utf-8") as file:
        everything = [row["text"] for row in csv.DictReader(file)]
    print(f"{processor()}, {THREADS} threads, load {os.getloadavg()[0]:.1f} at the start")
    binary = build()
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        compare(arguments, binary, everything[:N_TEXTS], tmp)
        if arguments.reference:
            exactness(arguments, binary, everything, tmp)
        lengths(arguments, binary, tmp)
        if arguments.large:
            large(arguments, binary, everything, tmp)
        if arguments.families:
            for family in FAMILIES:
                folder = tmp / family
                random_family(folder, family, everything)
                compare(arguments, binary, everything[:N_FAMILY], tmp, folder, family)


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    parser.add_argument("--texts")
    parser.add_argument("--reference")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--families", action="store_true")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def build():
    """The example that encodes on command; cargo says where it put it."""
    command = ["cargo", "build", "--release", "-p", "ocean-transformer", "--example", "encode", "--message-format=json"]
    made = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    messages = [json.loads(line) for line in made.splitlines() if line.startswith("{")]
    return next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "encode")


class Program:
    """One process that encodes when told to."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.process.args} ended at {command}")
        return json.loads(answer)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def ours(binary, folder, texts, family="bert"):
    return Program([binary, str(folder), family, str(texts), str(THREADS)])


def save(path, texts):
    path.write_text(json.dumps(texts))
    return path


def compare(arguments, binary, texts, tmp, model=None, family="bert"):
    model = str(model or arguments.model)
    path = save(tmp / "texts.json", texts)
    programs = {"ocean": ours(binary, model, path, family)}
    for peer in GOALS:
        programs[peer] = Program([sys.executable, __file__, "--serve", peer, model, str(path)])
    for program in programs.values():
        program.ask("go")
    seconds, gemm = {name: [] for name in programs}, []
    for _ in range(arguments.rounds):
        gemm.append(programs["ocean"].ask("gemm")["gflops"])
        for name, program in programs.items():
            seconds[name].append(program.ask("go")["seconds"])
    print(f"\n{family}: {len(texts)} texts, {arguments.rounds} rounds in turn, load {os.getloadavg()[0]:.1f}; weights {weights_mb(model):.0f} MB")
    print(f"{'':24}{'texts/s':>9}{'spread':>17}{'ocean / it':>12}{'peak MB':>9}")
    for name, program in programs.items():
        speeds = sorted(len(texts) / s for s in seconds[name])
        ratio = statistics.median(theirs / mine for theirs, mine in zip(seconds[name], seconds["ocean"]))
        # The multiplication has memory of its own: this program's peak is asked of a fresh process below.
        peak = fresh_peak(binary, model, path, family) if name == "ocean" else program.ask("memory")["peak_mb"]
        goal = f"  goal {GOALS[name]}" if name in GOALS else ""
        print(f"{name:24}{statistics.median(speeds):9.1f}{f'{speeds[0]:.0f}–{speeds[-1]:.0f}':>17}{ratio:12.2f}{peak:9.0f}{goal}")
    flop = work(model, texts)
    share = statistics.median(flop / s / 1e9 / g for s, g in zip(seconds["ocean"], gemm))
    print(f"{flop / 1e9 / len(texts):.2f} GFLOP a text; {flop / statistics.median(seconds['ocean']) / 1e9:.0f} GFLOP/s = {share:.0%} of the gemm crate's {statistics.median(gemm):.0f} at 2048³")
    for program in programs.values():
        program.end()


def fresh_peak(binary, model, texts, family="bert"):
    program = ours(binary, model, texts, family)
    program.ask("go")
    peak = program.ask("memory")["peak_mb"]
    program.end()
    return peak


def work(folder, texts):
    """Multiplications and additions of the products, 2 per multiply-add, by the lengths that the tokenizer gives."""
    from transformers import AutoTokenizer

    config = json.loads((Path(folder) / "config.json").read_text())
    limit = json.loads((Path(folder) / "sentence_bert_config.json").read_text())["max_seq_length"]
    size = lambda *names: next(config[name] for name in names if name in config)
    h, i, layers = size("hidden_size", "dim"), size("intermediate_size", "hidden_dim"), size("num_hidden_layers", "n_layers")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    lengths = [len(ids) for ids in tokenizer(texts, truncation=True, max_length=limit)["input_ids"]]
    return sum(layers * (n * (8 * h * h + 4 * h * i) + 4 * n * n * h) for n in lengths)


def exactness(arguments, binary, texts, tmp):
    import numpy as np

    program = ours(binary, arguments.model, save(tmp / "all.json", texts))
    program.ask("go")
    program.ask(f"save {tmp / 'all.f32'}")
    program.end()
    expected = np.load(arguments.reference)
    vectors = np.fromfile(tmp / "all.f32", dtype="<f4").reshape(expected.shape)
    assert np.isfinite(vectors).all()
    print(f"\nlargest difference of a component over {len(texts)} texts: {np.abs(vectors - expected).max():.1e}")


def lengths(arguments, binary, tmp):
    print("\ntokens a text   texts/s   tokens/s")
    folder = tmp / "long"
    copy(arguments.model, folder)
    edit(folder / "sentence_bert_config.json", max_seq_length=512)
    for n in (32, 128, 256, 512):
        texts = ["loan " * (n - 2)] * (16_384 // n)
        program = ours(binary, folder, save(tmp / "same.json", texts))
        program.ask("go")
        seconds = statistics.median(program.ask("go")["seconds"] for _ in range(arguments.rounds))
        program.end()
        print(f"{n:13}{len(texts) / seconds:10.1f}{len(texts) * n / seconds:11.0f}")


def large(arguments, binary, texts, tmp):
    """Random weights in the real shapes: speed and memory do not ask what the numbers mean."""
    print("\nrandom weights in real shapes, the first texts of the file     texts/s   first encode   peak MB   weights MB")
    shapes = {
        "MPNet-base": ("mpnet", dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072), 60),
        "BGE-large": ("bert", dict(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096), 30),
    }
    for name, (family, shape, n) in shapes.items():
        folder = tmp / name
        copy(arguments.model, folder, weights=False)
        weights = random_model(folder, family, shape)
        path = save(tmp / "few.json", texts[:n])
        program = ours(binary, folder, path, family)
        first = program.ask("go")["seconds"]
        seconds = statistics.median(program.ask("go")["seconds"] for _ in range(3))
        peak = program.ask("memory")["peak_mb"]
        program.end()
        print(f"{name:62}{n / seconds:8.1f}{first:13.1f} s{peak:10.0f}{weights:13.0f}")


def random_model(folder, family, shape):
    import numpy as np
    import transformers
    from safetensors.torch import save_file

    kind = transformers.MPNetConfig if family == "mpnet" else transformers.BertConfig
    config = kind(**shape, vocab_size=30527, max_position_embeddings=514 if family == "mpnet" else 512)
    model = transformers.AutoModel.from_config(config, add_pooling_layer=False)
    weights = {name: value.contiguous() for name, value in model.state_dict().items() if "position_ids" not in name}
    save_file(weights, folder / "model.safetensors")
    config.save_pretrained(folder)
    return (folder / "model.safetensors").stat().st_size / 1e6


# model_type: shape, words, and whether the tokenizer is of byte pairs, of pieces, or of BERT's kind.
FAMILIES = {
    "roberta": (dict(hidden_size=768, num_hidden_layers=6, num_attention_heads=12, intermediate_size=3072), 50_265),
    "xlm-roberta": (dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072), 250_002),
    "distilbert": (dict(dim=768, n_layers=6, n_heads=12, hidden_dim=3072), 30_522),
}
N_FAMILY = 60


def random_family(folder, family, texts):
    import transformers
    from safetensors.torch import save_file

    shape, n_words = FAMILIES[family]
    folder.mkdir()
    tokenizer, limit = random_tokenizer(family, n_words, texts), 512 if family == "distilbert" else 514
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
    special = {} if family == "distilbert" else dict(type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2)
    config = transformers.AutoConfig.for_model(family, **shape, **special, vocab_size=n_words, max_position_embeddings=limit)
    model = transformers.AutoModel.from_config(config, **({} if family == "distilbert" else dict(add_pooling_layer=False)))
    save_file({name: value.contiguous() for name, value in model.state_dict().items() if "position_ids" not in name}, folder / "model.safetensors", {"format": "pt"})
    config.save_pretrained(folder)
    classes = {"roberta": "RobertaTokenizer", "xlm-roberta": "XLMRobertaTokenizer", "distilbert": "DistilBertTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": classes[family], "model_max_length": 512}))
    # As its class sets it up, for the program that reads this file alone.
    transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(folder)
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    (folder / "modules.json").write_text(json.dumps([{"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"} for i, (path, kind) in enumerate(kinds.items())]))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps({"word_embedding_dimension": 768, "pooling_mode_mean_tokens": True}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 256}))


def random_tokenizer(family, n_words, texts):
    """One that the family's class would set up, taught on the texts and filled up with words that they do not have."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] if family == "distilbert" else ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    if family == "roberta":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(vocab_size=20_000, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    elif family == "xlm-roberta":
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
        trainer = trainers.UnigramTrainer(vocab_size=8_000, special_tokens=special, unk_token="<unk>", show_progress=False)
    else:
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=15_000, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    description = json.loads(tokenizer.to_str())
    vocabulary = description["model"]["vocab"]
    if family == "xlm-roberta":
        vocabulary += [[f"▁q{n}z", -30.0] for n in range(n_words - len(vocabulary))]
        description["model"]["unk_id"] = 3
    else:
        vocabulary.update({f"q{n}z": n for n in range(len(vocabulary), n_words)})
    return description


def weights_mb(folder):
    return (Path(folder) / "model.safetensors").stat().st_size / 1e6


def copy(source, target, weights=True):
    for path in Path(source).rglob("*"):
        if path.is_file() and (weights or path.name != "model.safetensors"):
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(path.resolve()) if path.name == "model.safetensors" else place.write_bytes(path.read_bytes())


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def serve(peer, folder, texts):
    """A peer's process: encodes when told to."""
    import resource

    texts = json.loads(Path(texts).read_text())
    encode = {"sentence-transformers": sentence_transformers, "onnxruntime": onnx}[peer](folder)
    for line in sys.stdin:
        if line.strip() == "go":
            start = time.perf_counter()
            encode(texts)
            answer = {"seconds": time.perf_counter() - start}
        else:
            answer = {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}
        print(json.dumps(answer), flush=True)


def sentence_transformers(folder):
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(THREADS)
    model = SentenceTransformer(folder, device="cpu")
    return lambda texts: model.encode(texts, batch_size=BATCH)


def onnx(folder):
    """Exported in a process of its own, so that torch's memory does not count as ONNX Runtime's."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    with tempfile.TemporaryDirectory() as tmp:
        path = str(Path(tmp) / "model.onnx")
        subprocess.run([sys.executable, "-c", EXPORT, folder, path], check=True, stdout=subprocess.DEVNULL)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    tokenizer.enable_truncation(json.loads((Path(folder) / "sentence_bert_config.json").read_text())["max_seq_length"])
    tokenizer.enable_padding()

    def encode(texts):
        out = None
        order = sorted(range(len(texts)), key=lambda t: -len(texts[t]))
        for batch in (order[i : i + BATCH] for i in range(0, len(order), BATCH)):
            encoded = tokenizer.encode_batch([texts[t] for t in batch])
            ids, mask = (np.array([getattr(e, what) for e in encoded], dtype=np.int64) for what in ("ids", "attention_mask"))
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            x = session.run(None, {i.name: given[i.name] for i in session.get_inputs()})[0]
            out = np.empty((len(texts), x.shape[-1]), np.float32) if out is None else out
            mean = (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
            out[batch] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return out

    return encode


EXPORT = """
import sys, torch, transformers
config = transformers.AutoConfig.from_pretrained(sys.argv[1])
bare = {} if config.model_type == "distilbert" else {"add_pooling_layer": False}
model = transformers.AutoModel.from_pretrained(sys.argv[1], **bare, attn_implementation="eager").eval()
types = [] if config.model_type == "distilbert" else ["token_type_ids"]
class First(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model
    def forward(self, *given):
        return self.model(**dict(zip(names, given))).last_hidden_state
names = ["input_ids", "attention_mask", *types]
ids = torch.ones(2, 16, dtype=torch.int64)
free = {name: {0: "batch", 1: "tokens"} for name in names}
torch.onnx.export(First(model), (ids, ids, ids * 0)[: len(names)], sys.argv[2], input_names=names, output_names=["x"], dynamic_axes=free, dynamo=False)
"""

if __name__ == "__main__":
    main()
