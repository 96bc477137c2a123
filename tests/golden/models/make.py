"""Makes the tiny models and their golden vectors: `python make.py` beside this file's folder, with the versions written into golden.json.

Three random models of the three families (hidden 48, 2 layers, 4 heads, 600 tokens), as sentence-transformers folders. Weights are widened, so that GELU,
softmax, layer normalisation and MPNet's bias by distance work far from where they are linear. Variants of the folders check what a loader must honour;
they are described in golden.json as edits of one of the three (`edits`), which the test repeats, so that only three models are kept.

The files are kept, not made anew by CI: another version of torch would draw other weights.
"""

import json, os, random, shutil, sys, tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy, safetensors, sentence_transformers, tokenizers, torch, transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer

HERE = Path(__file__).parent
HIDDEN, LAYERS, HEADS, WIDE, VOCAB = 48, 2, 4, 96, 600

SYLLABLES = "ba be bi bo bu da de di do du fa fe fi fo fu ga ge gi go gu ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu".split()
WORDS = (
    "the a of and to in i my is was it not you he she they we on at for with no yes new old good bad day night work home money loan car house need want "
    "pay help time year life love calm sad happy friend family business school music"
).split()


def vocabulary(special):
    """Written out here: the trainer of `tokenizers` breaks ties by the order of a hash table."""
    tokens = list(special)
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    tokens += letters + ["##" + c for c in letters]
    tokens += [c.upper() for c in letters]  # for models that keep case
    tokens += list("0123456789.,;:!?'\"-()[]<>/&%") + ["##" + d for d in "0123456789"]
    tokens += list("éüñ日本語漢字") + ["##é", "##ü", "ß", "##ß", "α", "##β", "🙂", "Ж", "ж"]
    tokens += WORDS + [w.capitalize() for w in WORDS[:20]]
    tokens += SYLLABLES + ["##" + s for s in SYLLABLES]
    tokens = list(dict.fromkeys(tokens))
    n = 0
    while len(tokens) < VOCAB:
        token = f"##{SYLLABLES[n % 40]}{SYLLABLES[(7 * n + n // 40) % 40]}"
        if token not in tokens:
            tokens.append(token)
        n += 1
    assert len(tokens) == VOCAB, len(tokens)
    return tokens


def texts():
    rng = random.Random(3)
    words = lambda n: " ".join(rng.choice(WORDS + SYLLABLES) for _ in range(n))
    return [
        "",
        "   \n\t ",
        "I need a loan to pay for my car.",
        "THE Loan IS Not GOOD, he Said: \"No!\"",
        "Zoë's café à la crème, Ünïcödé naïve über",
        "日本語の漢字 mixed with english and かな",
        "🙂🙂 😀 👨‍👩‍👧 🇩🇪",
        "[CLS] literal [SEP] tokens [MASK] and </s> <s> <mask> <pad> [PAD] [UNK]",
        "a\0b\x01c\x7f\u200b\u00ad\ufeffd \u2028 e\u0301",
        "x" * 150 + " " + "lalelilolu" * 9,
        "1234567890 3.14 -5% (50/50) & more; ok?",
        "ΑΒΓ αβγ Жж İstanbul straße ﬁne",
        words(30),
        words(120),
        words(400),
    ]


def tokenizer(special, order, lower, limit, pad):
    """tokenizer.json, with a truncation and a padding that a loader must not believe."""
    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokens = vocabulary(special)
    ids = {token: i for i, token in enumerate(tokens)}
    t = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=lower)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    first, last = order
    t.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", pair=f"{first} $A {last} $B {last}", special_tokens=[(first, ids[first]), (last, ids[last])]
    )
    t.add_special_tokens([AddedToken(s, lstrip=s == "<mask>", normalized=False, special=True) for s in special])
    t.enable_truncation(limit)
    t.enable_padding(length=limit, pad_id=ids[pad], pad_token=pad)
    return t, tokens


def widen(model, seed):
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            scale = 0.35
            if "LayerNorm.weight" in name:
                p.copy_(1 + 0.5 * torch.randn(p.shape, generator=g))
                continue
            if "relative_attention_bias" in name:
                scale = 2.0
            elif "embeddings" in name and "LayerNorm" not in name:
                scale = 0.8
            p.copy_(scale * torch.randn(p.shape, generator=g))


def make(name, seed, config, special, order, pad, mode, limit, tokenizer_config):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    model = transformers.AutoModel.from_config(config, **({"add_pooling_layer": False}))
    widen(model, seed)
    weights = {k: v.contiguous() for k, v in model.state_dict().items() if "position_ids" not in k}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    write = lambda path, value: (folder / path).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
    write("config.json", {k: v for k, v in config.to_dict().items() if k in KEPT})
    t, tokens = tokenizer(special, order, True, limit, pad)
    (folder / "tokenizer.json").write_text(json.dumps(json.loads(t.to_str()), ensure_ascii=False))
    (folder / "vocab.txt").write_text("".join(token + "\n" for token in tokens))
    write("tokenizer_config.json", tokenizer_config)
    st = "sentence_transformers.models."
    write("modules.json", [
        {"idx": 0, "name": "0", "path": "", "type": st + "Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": st + "Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": st + "Normalize"},
    ])
    (folder / "1_Pooling").mkdir()
    write("1_Pooling/config.json", {"word_embedding_dimension": HIDDEN, **{f"pooling_mode_{m}": m == mode for m in ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")}})
    write("sentence_bert_config.json", {"max_seq_length": LIMITS[name], "do_lower_case": False})


KEPT = set(
    "model_type hidden_size num_hidden_layers num_attention_heads intermediate_size max_position_embeddings vocab_size layer_norm_eps hidden_act "
    "type_vocab_size pad_token_id relative_attention_num_buckets bos_token_id eos_token_id architectures".split()
)
LIMITS = {"minilm": 64, "mpnet": 200, "bge": 128}
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MPNET = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]
SIZES = dict(hidden_size=HIDDEN, num_hidden_layers=LAYERS, num_attention_heads=HEADS, intermediate_size=WIDE, vocab_size=VOCAB)
BERT_NAMES = {"do_lower_case": True, "model_max_length": 512, "tokenizer_class": "BertTokenizer", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"}
MPNET_NAMES = {"do_lower_case": True, "model_max_length": 512, "tokenizer_class": "MPNetTokenizer", "bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "[UNK]", "mask_token": "<mask>"}


def make_all():
    make("minilm", 1, transformers.BertConfig(**SIZES, max_position_embeddings=128, layer_norm_eps=1e-12), BERT, ("[CLS]", "[SEP]"), "[PAD]", "mean_tokens", 32, BERT_NAMES)
    make("bge", 2, transformers.BertConfig(**SIZES, max_position_embeddings=160, layer_norm_eps=1e-12), BERT, ("[CLS]", "[SEP]"), "[PAD]", "cls_token", 128, BERT_NAMES)
    make("mpnet", 3, transformers.MPNetConfig(**SIZES, max_position_embeddings=202, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2), MPNET, ("<s>", "</s>"), "<pad>", "mean_tokens", 128, MPNET_NAMES)


# Edits of a folder: {"remove": file}, {"set": [file, key, value]}, {"write": [file, JSON]}, {"weights": what}. The test applies the same.
VARIANTS = {
    "as published": ("minilm", []),
    "mpnet": ("mpnet", []),
    "bge": ("bge", []),
    "max_seq_length of sentence_roberta_config": ("minilm", [{"remove": "sentence_bert_config.json"}, {"write": ["sentence_roberta_config.json", {"max_seq_length": 20}]}]),
    "no max_seq_length: the tokenizer's": ("minilm", [{"remove": "sentence_bert_config.json"}, {"set": ["tokenizer_config.json", "model_max_length", 50]}]),
    "no max_seq_length: the positions": ("minilm", [{"remove": "sentence_bert_config.json"}, {"set": ["tokenizer_config.json", "model_max_length", 1000]}]),
    "tokenizer_config keeps case": ("minilm", [{"set": ["tokenizer_config.json", "do_lower_case", False]}]),
    "tokenizer_config says nothing about case, tokenizer.json keeps it": ("minilm", [{"drop": ["tokenizer_config.json", "do_lower_case"]}, {"tokenizer": "keeps case"}]),
    "no tokenizer_config, tokenizer.json keeps case": ("minilm", [{"remove": "tokenizer_config.json"}, {"tokenizer": "keeps case"}]),
    "a plain fast tokenizer keeps case": ("minilm", [{"set": ["tokenizer_config.json", "tokenizer_class", "PreTrainedTokenizerFast"]}, {"tokenizer": "keeps case"}]),
    "accents kept": ("minilm", [{"set": ["tokenizer_config.json", "strip_accents", False]}]),
    "ideographs not separated": ("minilm", [{"set": ["tokenizer_config.json", "tokenize_chinese_chars", False]}]),
    "lower case by sentence_bert_config": ("minilm", [{"set": ["tokenizer_config.json", "do_lower_case", False]}, {"set": ["sentence_bert_config.json", "do_lower_case", True]}]),
    "mpnet keeps case": ("mpnet", [{"set": ["tokenizer_config.json", "do_lower_case", False]}]),
    "vocab.txt only": ("minilm", [{"remove": "tokenizer.json"}]),
    "mpnet, vocab.txt only": ("mpnet", [{"remove": "tokenizer.json"}]),
    "no modules.json": ("minilm", [{"remove": "modules.json"}]),
    "no Normalize": ("minilm", [{"set": ["modules.json", 2, None]}]),
    "all pooling flags": ("minilm", [{"write": ["1_Pooling/config.json", {"word_embedding_dimension": 48, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True, "pooling_mode_mean_sqrt_len_tokens": True, "pooling_mode_weightedmean_tokens": True, "pooling_mode_lasttoken": True}]}]),
    "no pooling flag": ("minilm", [{"write": ["1_Pooling/config.json", {"word_embedding_dimension": 48}]}]),
    "pooling by name": ("minilm", [{"write": ["1_Pooling/config.json", {"embedding_dimension": 48, "pooling_mode": "max"}]}]),
    "pooling by names": ("bge", [{"write": ["1_Pooling/config.json", {"embedding_dimension": 48, "pooling_mode": ["weightedmean", "lasttoken"]}]}]),
    "half-precision weights": ("minilm", [{"weights": "float16"}]),
    "bfloat16 weights": ("minilm", [{"weights": "bfloat16"}]),
    "shards": ("minilm", [{"weights": "shards"}]),
    "gamma and beta": ("minilm", [{"weights": "gamma"}]),
    "names with a prefix": ("minilm", [{"weights": "prefix"}]),
    "a default prompt": ("bge", [{"write": ["config_sentence_transformers.json", {"prompts": {"query": "the need: ", "other": "x"}, "default_prompt_name": "query"}]}]),
    "prompts without a default": ("bge", [{"write": ["config_sentence_transformers.json", {"prompts": {"query": "the need: "}, "default_prompt_name": None}]}]),
    "another eps": ("bge", [{"set": ["config.json", "layer_norm_eps", 0.1]}]),
    # The vectors of those below, kept with "made_with", are of the same tokenizer and an f64 network in numpy, which agrees with the first variant's to 4e-7.
    "texts cut at the left": ("minilm", [{"set": ["tokenizer_config.json", "truncation_side", "left"]}]),
    "additional special tokens": ("minilm", [{"set": ["tokenizer_config.json", "additional_special_tokens", ["la", "Not"]]}]),
    "added_tokens.json": ("minilm", [{"write": ["added_tokens.json", {"la": 230}]}]),
    "added_tokens.json beside vocab.txt only": ("minilm", [{"remove": "tokenizer.json"}, {"write": ["added_tokens.json", {"la": 230}]}]),
    "tokenizer.json splits otherwise than its class": ("minilm", [{"set": ["tokenizer.json", "pre_tokenizer", {"type": "WhitespaceSplit"}]}]),
    "a plain fast tokenizer splits as tokenizer.json says": ("minilm", [{"set": ["tokenizer_config.json", "tokenizer_class", "PreTrainedTokenizerFast"]}, {"set": ["tokenizer.json", "pre_tokenizer", {"type": "WhitespaceSplit"}]}]),
    "tokenizer.json without first and last token": ("minilm", [{"drop": ["tokenizer.json", "post_processor"]}]),
    "another first token": ("minilm", [{"set": ["tokenizer_config.json", "cls_token", "la"]}]),
    "truncate_dim": ("minilm", [{"write": ["config_sentence_transformers.json", {"truncate_dim": 16}]}]),
    "Normalize over token vectors": ("minilm", [{"write": ["2_Normalize/config.json", {"module_input_name": "token_embeddings", "module_output_name": "token_embeddings"}]}]),
    "max_len": ("minilm", [{"remove": "sentence_bert_config.json"}, {"drop": ["tokenizer_config.json", "model_max_length"]}, {"set": ["tokenizer_config.json", "max_len", 40]}]),
}


def edit(folder, edits):
    for e in edits:
        (what, value), = e.items()
        if what == "remove":
            (folder / value).unlink()
        elif what == "write":
            (folder / value[0]).parent.mkdir(exist_ok=True)
            (folder / value[0]).write_text(json.dumps(value[1]))
        elif what in ("set", "drop"):
            path = folder / value[0]
            data = json.loads(path.read_text())
            if what == "drop" or value[2] is None:
                data.pop(value[1])
            else:
                data[value[1]] = value[2]
            path.write_text(json.dumps(data))
        elif what == "tokenizer":
            path = folder / "tokenizer.json"
            data = json.loads(path.read_text())
            data["normalizer"]["lowercase"] = False
            path.write_text(json.dumps(data))
        elif what == "weights":
            reweigh(folder, value)


def reweigh(folder, how):
    path = folder / "model.safetensors"
    weights = load_file(path)
    if how in ("float16", "bfloat16"):
        # Written in half precision, computed in f32: what is compared is the reading, not half-precision arithmetic.
        weights = {k: v.to(getattr(torch, how)) for k, v in weights.items()}
    elif how == "gamma":
        weights = {k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v for k, v in weights.items()}
    elif how == "prefix":
        weights = {"bert." + k: v for k, v in weights.items()}
    elif how == "shards":
        path.unlink()
        names = sorted(weights)
        parts = [names[: len(names) // 2], names[len(names) // 2 :]]
        files = [f"model-0000{i + 1}-of-00002.safetensors" for i in range(2)]
        for part, file in zip(parts, files):
            save_file({k: weights[k] for k in part}, folder / file, metadata={"format": "pt"})
        index = {"metadata": {}, "weight_map": {k: file for part, file in zip(parts, files) for k in part}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        return
    save_file(weights, path, metadata={"format": "pt"})


def vectors(folder):
    model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
    encoded = [model.encode([text], convert_to_numpy=True)[0] for text in texts()]
    return [[float(f"{v:.9g}") for v in row] for row in encoded]


if __name__ == "__main__":
    torch.set_num_threads(1)
    if "--keep-models" not in sys.argv:
        make_all()
    golden = {"versions": {m.__name__: m.__version__ for m in (numpy, safetensors, sentence_transformers, tokenizers, torch, transformers)}, "python": sys.version.split()[0], "texts": texts(), "variants": []}
    for name, (base, edits) in VARIANTS.items():
        with tempfile.TemporaryDirectory() as tmp:
            folder = Path(tmp) / base
            shutil.copytree(HERE / base, folder)
            edit(folder, edits)
            try:
                golden["variants"].append({"name": name, "model": base, "edits": edits, "vectors": vectors(folder)})
            except Exception as error:
                print("NOT MADE", name, type(error).__name__, str(error)[:300])
    lines = json.dumps(golden, ensure_ascii=False).replace('{"name"', '\n{"name"')
    (HERE / "golden.json").write_text(lines + "\n")
