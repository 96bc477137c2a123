#!/usr/bin/env python3
"""Texts per second of the sentence encoders: this program, sentence-transformers and ONNX Runtime, in one run, in turn.

    python3 tests/bench/encoders.py --model MINILM_FOLDER --texts loans.csv [--reference minilm_l6.npy] [--rounds 5] [--large]

Each program is a process of its own that loads the model, encodes once to warm up, and then encodes the same 500 texts (the first of the file) whenever it is its
turn; tokenising is included everywhere. Peers run as their users run them, with 2 threads and f32:

  sentence-transformers   SentenceTransformer.encode, batches of 32, which it sorts by length
  onnxruntime             the network exported with torch, batches of 32 sorted by length and padded, mean and length 1 in numpy

Then, this program alone: the largest difference to --reference over the whole file, how speed falls with the length of texts, and (--large) models with the
real shapes of MPNet-base and BGE-large and random weights. Only ratios are worth quoting: the rounds interleave, so a busy machine slows
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


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    parser.add_argument("--texts")
    parser.add_argument("--reference")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true")
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


def compare(arguments, binary, texts, tmp):
    path = save(tmp / "texts.json", texts)
    programs = {"ocean": ours(binary, arguments.model, path)}
    for peer in GOALS:
        programs[peer] = Program([sys.executable, __file__, "--serve", peer, arguments.model, str(path)])
    for program in programs.values():
        program.ask("go")
    seconds, gemm = {name: [] for name in programs}, []
    for _ in range(arguments.rounds):
        gemm.append(programs["ocean"].ask("gemm")["gflops"])
        for name, program in programs.items():
            seconds[name].append(program.ask("go")["seconds"])
    print(f"\n{N_TEXTS} texts, {arguments.rounds} rounds in turn, load {os.getloadavg()[0]:.1f}")
    print(f"{'':24}{'texts/s':>9}{'spread':>17}{'ocean / it':>12}{'peak MB':>9}")
    for name, program in programs.items():
        speeds = sorted(N_TEXTS / s for s in seconds[name])
        ratio = statistics.median(theirs / mine for theirs, mine in zip(seconds[name], seconds["ocean"]))
        # The multiplication has memory of its own: this program's peak is asked of a fresh process below.
        peak = fresh_peak(binary, arguments.model, path) if name == "ocean" else program.ask("memory")["peak_mb"]
        goal = f"  goal {GOALS[name]}" if name in GOALS else ""
        print(f"{name:24}{statistics.median(speeds):9.1f}{f'{speeds[0]:.0f}–{speeds[-1]:.0f}':>17}{ratio:12.2f}{peak:9.0f}{goal}")
    flop = work(arguments.model, texts)
    share = statistics.median(flop / s / 1e9 / g for s, g in zip(seconds["ocean"], gemm))
    print(f"{flop / 1e9 / N_TEXTS:.2f} GFLOP a text; {flop / statistics.median(seconds['ocean']) / 1e9:.0f} GFLOP/s = {share:.0%} of the gemm crate's {statistics.median(gemm):.0f} at 2048³")
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
    h, i, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
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
        out = np.empty((len(texts), 384), np.float32)
        order = sorted(range(len(texts)), key=lambda t: -len(texts[t]))
        for batch in (order[i : i + BATCH] for i in range(0, len(order), BATCH)):
            encoded = tokenizer.encode_batch([texts[t] for t in batch])
            ids, mask = (np.array([getattr(e, what) for e in encoded], dtype=np.int64) for what in ("ids", "attention_mask"))
            x = session.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})[0]
            mean = (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
            out[batch] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return out

    return encode


EXPORT = """
import sys, torch, transformers
model = transformers.AutoModel.from_pretrained(sys.argv[1], add_pooling_layer=False, attn_implementation="eager").eval()
class First(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model
    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state
names = ["input_ids", "attention_mask", "token_type_ids"]
ids = torch.ones(2, 16, dtype=torch.int64)
free = {name: {0: "batch", 1: "tokens"} for name in names}
torch.onnx.export(First(model), (ids, ids, ids * 0), sys.argv[2], input_names=names, output_names=["x"], dynamic_axes=free, dynamo=False)
"""

if __name__ == "__main__":
    main()
