"""Makes the tiny models of the families after BERT and MPNet, and the golden numbers of families.json: `python make_families.py` beside make.py.

Three random models (hidden 48, 2 layers, 4 heads) as sentence-transformers folders: RoBERTa with byte-level BPE, XLM-RoBERTa with Unigram and the normaliser of
sentencepiece, DistilBERT with two modules Dense. Beside the vectors of sentence-transformers there are, for all six tiny models, transformers' hidden states
pooled over the tokens (`hidden`), vectors cut and normalised again (`truncated`), and long texts in windows (`windows`), the last computed here from the
network's token vectors. All in f64: f32 of PyTorch's own is up to 2.5e-6 of a vector's length from it where a Dense follows. The files are kept, not made
anew by CI.
"""

import json, sys, tempfile
from pathlib import Path

import make
import numpy, safetensors, sentence_transformers, sentencepiece, tokenizers, torch, transformers
from make import BERT, BERT_NAMES, HERE, HIDDEN, SIZES, edit
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer

LANGUAGES = [
    "Ich möchte einen Kredit, weil mein Auto kaputt ist; Straße, Größe, ÄÖÜ.",
    "Мне нужен кредит на ремонт машины, спасибо!",
    "أحتاج إلى قرض لإصلاح سيارتي، شكراً.",
    "मुझे अपनी कार की मरम्मत के लिए ऋण चाहिए।",
    "ฉันต้องการเงินกู้เพื่อซ่อมรถ",
    "자동차를 수리하려면 대출이 필요합니다.",
    "我需要贷款来修理我的汽车。ＡＢＣ１２３ ｶﾀｶﾅ ㍿ ﬀ",
    "Tôi cần một khoản vay để sửa xe; e\u0302\u0301 = ế",
    "אני צריך הלוואה לתיקון הרכב",
    "two  blanks\tand\u00a0others\u3000here \n new line ",
    "I'm you're don't it's we'll THEY'VE 12,000.50 $ €",
]


def texts():
    return make.texts() + LANGUAGES


def letters():
    seen = dict.fromkeys(c for text in LANGUAGES for c in text if not c.isspace())
    return list(seen) + list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?'\"-()/&%")


def byte_letters():
    """GPT-2's letter for each byte."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in kept]
    return {**{b: chr(b) for b in kept}, **{b: chr(256 + i) for i, b in enumerate(others)}}


def byte_pairs():
    """A vocabulary and its merges: bytes, then the words of make.py letter by letter, then some pairs of letters of other scripts."""
    letter = byte_letters()
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>"] + [letter[b] for b in range(256)]
    merges = []
    for word in [" " + w for w in make.WORDS] + make.SYLLABLES + list("éüñйдरकあ汽"):
        parts = [letter[b] for b in word.encode()]
        while len(parts) > 1:
            pair = (parts[0], parts[1])
            if pair not in merges:
                merges.append(pair)
            joined = parts[0] + parts[1]
            if joined not in vocabulary:
                vocabulary.append(joined)
            parts = [joined, *parts[2:]]
    return vocabulary + ["<mask>"], merges


def roberta_tokenizer():
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    vocabulary, merges = byte_pairs()
    ids = {token: i for i, token in enumerate(vocabulary)}
    t = Tokenizer(models.BPE(ids, merges))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    t.add_special_tokens([AddedToken(s, lstrip=s == "<mask>", normalized=False, special=True) for s in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")])
    t.enable_truncation(40)
    return t, vocabulary, merges


def xlm_roberta_tokenizer():
    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

    pieces = ["▁"] + ["▁" + w for w in make.WORDS] + make.SYLLABLES + ["▁" + s for s in make.SYLLABLES] + letters()
    pieces += ["ный", "ся", "▁для", "มา", "▁न", "저", "ung", "▁ein", "en", "er", "qu", "▁query", ":"]
    pieces = list(dict.fromkeys(pieces))
    scored = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)] + [(p, -2.0 - 0.01 * i - 1.5 * (len(p) == 1)) for i, p in enumerate(pieces)]
    t = Tokenizer(models.Unigram(scored + [("<mask>", 0.0)], unk_id=3, byte_fallback=False))
    proto = sentencepiece.SentencePieceNormalizer(rule_name="nmt_nfkc").serialized_model_proto()
    from sentencepiece import sentencepiece_model_pb2 as pb

    model = pb.ModelProto()
    model.ParseFromString(proto)
    t.normalizer = normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap)
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")])
    t.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    t.add_special_tokens([AddedToken(s, lstrip=s == "<mask>", normalized=False, special=True) for s in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")])
    return t, len(scored) + 1


def widen(model, seed):
    """As in make.py, for names in other cases."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            is_gain = "norm" in name.lower() and name.endswith("weight")
            scale = 0.8 if "embeddings" in name and "norm" not in name.lower() else 0.35
            noise = torch.randn(p.shape, generator=g)
            p.copy_(1 + 0.5 * noise if is_gain else scale * noise)


def write(path, value):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def save(name, seed, config, kept, names, limit, mode, after):
    folder = HERE / name
    model = transformers.AutoModel.from_config(config, **({} if name == "distilbert" else {"add_pooling_layer": False}))
    widen(model, seed)
    weights = {k: v.contiguous() for k, v in model.state_dict().items() if "position_ids" not in k}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    write(folder / "config.json", {k: v for k, v in config.to_dict().items() if k in kept})
    write(folder / "tokenizer_config.json", names)
    st = "sentence_transformers.models."
    kinds = ["Transformer", "Pooling", *after]
    write(folder / "modules.json", [{"idx": i, "name": str(i), "path": f"{i}_{kind}" if i else "", "type": st + kind} for i, kind in enumerate(kinds)])
    flags = {f"pooling_mode_{m}": m == mode for m in ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")}
    write(folder / "1_Pooling/config.json", {"word_embedding_dimension": HIDDEN, **flags})
    write(folder / "sentence_bert_config.json", {"max_seq_length": limit, "do_lower_case": False})


def dense(folder, seed, inputs, outputs, bias, activation):
    g = torch.Generator().manual_seed(seed)
    folder.mkdir(exist_ok=True)
    weights = {"linear.weight": 0.3 * torch.randn(outputs, inputs, generator=g)}
    if bias:
        weights["linear.bias"] = 0.3 * torch.randn(outputs, generator=g)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    write(folder / "config.json", {"in_features": inputs, "out_features": outputs, "bias": bias, "activation_function": "torch.nn.modules." + activation})


COMMON = set("model_type max_position_embeddings vocab_size pad_token_id architectures".split())
HEIRS = COMMON | set("hidden_size num_hidden_layers num_attention_heads intermediate_size layer_norm_eps hidden_act type_vocab_size bos_token_id eos_token_id".split())
DISTIL = COMMON | set("dim n_layers n_heads hidden_dim activation attention_dropout dropout initializer_range qa_dropout seq_classif_dropout sinusoidal_pos_embds tie_weights_".split())
ROBERTA_NAMES = {"model_max_length": 512, "bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>",
                 "mask_token": {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False}}


def make_all():
    for name in ("roberta", "xlm-roberta", "distilbert"):
        (HERE / name).mkdir(exist_ok=True)
    heirs = dict(SIZES, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2)
    t, vocabulary, merges = roberta_tokenizer()
    (HERE / "roberta/tokenizer.json").write_text(t.to_str())
    (HERE / "roberta/vocab.json").write_text(json.dumps({token: i for i, token in enumerate(vocabulary)}, ensure_ascii=False))
    (HERE / "roberta/merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    config = transformers.RobertaConfig(**dict(heirs, vocab_size=len(vocabulary), max_position_embeddings=130))
    save("roberta", 11, config, HEIRS, {**ROBERTA_NAMES, "add_prefix_space": False, "tokenizer_class": "RobertaTokenizer"}, 128, "mean_tokens", ["Normalize"])

    t, n = xlm_roberta_tokenizer()
    (HERE / "xlm-roberta/tokenizer.json").write_text(t.to_str())
    config = transformers.XLMRobertaConfig(**dict(heirs, vocab_size=n, max_position_embeddings=130))
    save("xlm-roberta", 12, config, HEIRS, {**ROBERTA_NAMES, "tokenizer_class": "XLMRobertaTokenizer"}, 96, "cls_token", ["Normalize"])

    t, tokens = make.tokenizer(BERT, ("[CLS]", "[SEP]"), False, 40, "[PAD]")
    (HERE / "distilbert/tokenizer.json").write_text(json.dumps(json.loads(t.to_str()), ensure_ascii=False))
    (HERE / "distilbert/vocab.txt").write_text("".join(token + "\n" for token in tokens))
    config = transformers.DistilBertConfig(dim=48, n_layers=2, n_heads=4, hidden_dim=96, vocab_size=len(tokens), max_position_embeddings=130, sinusoidal_pos_embds=False)
    save("distilbert", 13, config, DISTIL, {**BERT_NAMES, "do_lower_case": False, "tokenizer_class": "DistilBertTokenizer"}, 128, "mean_tokens", ["Dense"])
    dense(HERE / "distilbert/2_Dense", 14, 48, 32, True, "activation.Tanh")
    dense(HERE / "distilbert/3_Dense", 15, 32, 40, False, "linear.Identity")


def modules(*after):
    """`2_Dense` and the like, in this order, after Transformer and Pooling."""
    listed = ["", "1_Pooling", *after]
    kind = lambda path: path.split("_")[1] if path else "Transformer"
    return {"write": ["modules.json", [{"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind(path)}"} for i, path in enumerate(listed)]]}


def activation(name):
    return {"set": ["2_Dense/config.json", "activation_function", f"torch.nn.modules.activation.{name}"]}


CLS = {"write": ["1_Pooling/config.json", {"word_embedding_dimension": 48, "pooling_mode_cls_token": True}]}
# As in make.py; the test repeats the edits.
VARIANTS = {
    "roberta": ("roberta", []),
    "roberta, a blank before the first word": ("roberta", [{"set": ["tokenizer_config.json", "add_prefix_space", True]}]),
    "roberta, vocab.json and merges.txt only": ("roberta", [{"remove": "tokenizer.json"}]),
    "roberta, tokenizer.json splits otherwise than its class": ("roberta", [{"set": ["tokenizer.json", "pre_tokenizer", {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": False}]}]),
    "roberta, a plain fast tokenizer": ("roberta", [{"set": ["tokenizer_config.json", "tokenizer_class", "PreTrainedTokenizerFast"]}]),
    "roberta, another padding token": ("roberta", [{"set": ["config.json", "pad_token_id", 5]}, {"set": ["sentence_bert_config.json", "max_seq_length", 100]}]),
    "roberta, names with its prefix": ("roberta", [{"weights": "prefix roberta."}]),
    "roberta, no max_seq_length": ("roberta", [{"remove": "sentence_bert_config.json"}, {"set": ["tokenizer_config.json", "model_max_length", 110]}]),
    "xlm-roberta": ("xlm-roberta", []),
    "xlm-roberta, names with its prefix": ("xlm-roberta", [{"weights": "prefix roberta."}]),
    "xlm-roberta, a default prompt, mean": ("xlm-roberta", [{"write": ["config_sentence_transformers.json", {"prompts": {"query": "query: "}, "default_prompt_name": "query"}]}, {"write": ["1_Pooling/config.json", {"word_embedding_dimension": 48, "pooling_mode_mean_tokens": True}]}]),
    "xlm-roberta, half-precision weights": ("xlm-roberta", [{"weights": "float16"}]),
    "distilbert, Dense with tanh": ("distilbert", []),
    "distilbert, names with its prefix": ("distilbert", [{"weights": "prefix distilbert."}]),
    "distilbert, vocab.txt only": ("distilbert", [{"remove": "tokenizer.json"}]),
    "distilbert, no modules.json": ("distilbert", [{"remove": "modules.json"}]),
    "first token, Dense, Normalize, as LaBSE": ("distilbert", [modules("2_Dense", "3_Normalize"), CLS]),
    "Normalize before Dense": ("distilbert", [modules("2_Normalize", "2_Dense")]),
    "two Dense": ("distilbert", [modules("2_Dense", "3_Dense", "4_Normalize")]),
    "Dense with GELU": ("distilbert", [activation("GELU")]),
    "Dense with ReLU": ("distilbert", [activation("ReLU")]),
    "Dense without activation": ("distilbert", [{"set": ["2_Dense/config.json", "activation_function", "torch.nn.modules.linear.Identity"]}]),
}

ALL = ["minilm", "mpnet", "bge", "roberta", "xlm-roberta", "distilbert"]
POOLED = [2, 5, 7, 10, 13, 16]  # of texts(): short, long, other scripts


def reweigh(folder, how):
    """make.py's, and a prefix of choice."""
    if not how.startswith("prefix "):
        return ORIGINAL(folder, how)
    path = folder / "model.safetensors"
    weights = {how.split()[1] + k: v for k, v in safetensors.torch.load_file(path).items()}
    save_file(weights, path, metadata={"format": "pt"})


ORIGINAL, make.reweigh = make.reweigh, reweigh


def numbers(rows):
    return [[float(f"{v:.9g}") for v in row] for row in rows]


def opened(folder, **more):
    return SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32}, **more).double()


def network(model):
    return model[0].model


def states(model, ids):
    with torch.no_grad():
        return network(model)(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states


def tokens(model, text):
    return model.tokenizer(text, truncation=True, max_length=model.max_seq_length)["input_ids"]


def hidden(name):
    """Each layer's token vectors, from the embeddings on: their mean, their maximum, the first."""
    model = opened(HERE / name)
    chosen = [texts()[i] for i in POOLED]
    by_text = [states(model, tokens(model, text)) for text in chosen]
    pools = {"mean": lambda x: x.mean(0), "max": lambda x: x.max(0).values, "cls": lambda x: x[0]}
    return [{"model": name, "layer": layer, "pooling": pool, "vectors": numbers([f(s[layer][0]).tolist() for s in by_text])} for layer in range(3) for pool, f in pools.items()]


def truncated(name, dim):
    model = opened(HERE / name, truncate_dim=dim)
    rows = [model.encode([texts()[i]], normalize_embeddings=True)[0].tolist() for i in POOLED]
    return {"model": name, "dim": dim, "vectors": numbers(rows)}


def windows(name, stride):
    """The mean over the token vectors of all windows, with length 1: for models that pool by the mean and end in Normalize."""
    model = opened(HERE / name)
    first, last = tokens(model, "")[0], tokens(model, "")[-1]
    room = model.max_seq_length - 2
    rows = []
    for i in (2, 13, 14):
        ids = model.tokenizer(texts()[i], add_special_tokens=False, truncation=False)["input_ids"]
        parts, at = [], 0
        while True:
            parts.append([first, *ids[at : at + room], last])
            if at + room >= len(ids):
                break
            at += stride or room
        with torch.no_grad():
            x = torch.cat([network(model)(input_ids=torch.tensor([part])).last_hidden_state[0] for part in parts])
        rows.append(torch.nn.functional.normalize(x.double().mean(0), dim=0).tolist())
    return {"model": name, "stride": stride, "texts": [2, 13, 14], "vectors": numbers(rows)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    if "--keep-models" not in sys.argv:
        make_all()
    libraries = (numpy, safetensors, sentence_transformers, sentencepiece, tokenizers, torch, transformers)
    golden = {"versions": {m.__name__: m.__version__ for m in libraries}, "python": sys.version.split()[0], "texts": texts(), "variants": []}
    for name, (base, edits) in VARIANTS.items():
        with tempfile.TemporaryDirectory() as tmp:
            folder = Path(tmp) / base
            make.shutil.copytree(HERE / base, folder)
            edit(folder, edits)
            model = opened(folder)
            vectors = numbers([model.encode([text])[0].tolist() for text in texts()])
            golden["variants"].append({"name": name, "model": base, "edits": edits, "vectors": vectors})
            print(name, flush=True)
    golden["hidden"] = [row for name in ALL for row in hidden(name)]
    golden["pooled_texts"] = POOLED
    golden["truncated"] = [truncated("minilm", 16), truncated("mpnet", 7), truncated("roberta", 16)]
    golden["windows"] = [windows("minilm", None), windows("minilm", 31), windows("roberta", None), windows("mpnet", 100)]
    lines = json.dumps(golden, ensure_ascii=False)
    for key in ('{"name"', '{"model"'):
        lines = lines.replace(key, "\n" + key)
    (HERE / "families.json").write_text(lines + "\n")
