//! The list of what a folder may hold: what is on it and harmless passes, the rest is refused by
//! its name.

use super::{after, refused, told};
use crate::common::{edit, family, model_of, write};
use ocean_transformer::{Model, Settings};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The cache key after these changes.
fn key(model: &str, change: impl Fn(&Path)) -> String {
    let folder = model_of(model);
    change(folder.path());
    Model::open(folder.path(), &Settings::new(family(model)))
        .unwrap()
        .cache_key()
        .unwrap()
}

fn set(file: &str, key: &str, value: Value) -> Value {
    json!({"set": [file, key, value]})
}

#[test]
fn a_key_or_file_on_no_list_is_refused_by_its_name() {
    for file in [
        "config.json",
        "sentence_bert_config.json",
        "tokenizer_config.json",
        "tokenizer.json",
        "1_Pooling/config.json",
    ] {
        assert_eq!(
            after("minilm", set(file, "foo", json!(true))),
            format!("…/{file}: `foo` is not known; vectors might differ")
        );
    }
    for (file, content) in [
        ("config_sentence_transformers.json", json!({"foo": 1})),
        ("special_tokens_map.json", json!({"foo": "[X]"})),
        ("2_Normalize/config.json", json!({"foo": 1})),
        ("sentence_roberta_config.json", json!({"foo": 1})),
        (
            "modules.json",
            json!([{"type": "sentence_transformers.models.Transformer", "path": "", "foo": 1}]),
        ),
    ] {
        let message = refused("minilm", |folder| {
            fs::create_dir(folder.join("2_Normalize")).unwrap();
            if file == "sentence_roberta_config.json" {
                fs::remove_file(folder.join("sentence_bert_config.json")).unwrap();
            }
            write(&folder.join(file), &content);
        });
        assert_eq!(
            message,
            format!("…/{file}: `foo` is not known; vectors might differ")
        );
    }
    assert_eq!(
        after("minilm", json!({"write": ["foo.json", {}]})),
        "…/foo.json: this file (another one of your own? take it out) is not known; vectors might differ"
    );
}

#[test]
fn every_refusal_of_a_model_names_the_way_that_works() {
    let message = told("minilm", |folder| {
        edit(folder, &set("config.json", "model_type", json!("albert")));
    });
    let (what, way) = message.split_once("; try: ").unwrap();
    assert_eq!(
        what,
        "…/config.json: model_type \"albert\" is not supported; the types bert, distilbert, mpnet, roberta, xlm-roberta are"
    );
    let (settings, python) = way.split_once(": ").unwrap();
    assert!(
        settings.starts_with(
            "embeddings = \"x.npy\" and ids = \"x_ids.txt\" in place of plugin and model"
        ),
        "{way}"
    );
    let lines: Vec<&str> = python.split("; ").collect();
    assert_eq!(
        lines,
        [
            "import numpy, pandas, sentence_transformers",
            "table = pandas.read_csv(\"texts.csv\", dtype=str, keep_default_na=False)",
            "numpy.save(\"x.npy\", sentence_transformers.SentenceTransformer(\"…\").encode(list(table[\"text\"])))",
            "table[\"id\"].to_csv(\"x_ids.txt\", index=False, header=False)",
        ]
    );
    let unknown = told("minilm", |folder| {
        edit(folder, &set("config.json", "foo", json!(1)));
    });
    assert!(
        unknown.contains("differ; try: embeddings = \"x.npy\""),
        "{unknown}"
    );
}

#[test]
fn what_changes_vectors_and_is_not_built_is_refused_by_name() {
    let sentence = "sentence_bert_config.json";
    let tokenizer = "tokenizer_config.json";
    let module = |kind: &str| {
        json!({"write": ["modules.json", [{"name": "0", "type": kind, "path": ""},
            {"name": "1", "type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]]})
    };
    let normalize = json!({"module_input_name": "token_embeddings", "module_output_name": "sentence_embedding"});
    for (change, part) in [
        (
            set("config.json", "auto_map", json!({"AutoModel": "x.Y"})),
            "auto_map = {\"AutoModel\":\"x.Y\"} is not supported",
        ),
        (
            set("config.json", "dtype", json!("int8")),
            "dtype = \"int8\" is not supported",
        ),
        (
            set("config.json", "quantization_config", json!({"bits": 8})),
            "quantization_config = {\"bits\":8} is not supported",
        ),
        (
            set("config.json", "pruned_heads", json!({"0": [1]})),
            "pruned_heads = {\"0\":[1]} is not supported",
        ),
        (
            set("config.json", "hidden_act", json!("relu")),
            "hidden_act \"relu\" is not supported",
        ),
        (
            set("config.json", "rotary_scaling", json!(1)),
            "`rotary_scaling` is not known",
        ),
        (
            set(sentence, "config_kwargs", json!({"hidden_act": "relu"})),
            "`config_kwargs.hidden_act` is not known",
        ),
        (
            set(sentence, "config_args", json!({"hidden_act": "relu"})),
            "`config_args.hidden_act` is not known",
        ),
        (
            set(sentence, "model_args", json!({"torch_dtype": "int8"})),
            "model_args.torch_dtype = \"int8\" is not supported",
        ),
        (
            set(sentence, "tokenizer_args", json!({"model_max_length": 20})),
            "`tokenizer_args.model_max_length` is not known",
        ),
        (
            set(
                sentence,
                "processing_kwargs",
                json!({"text": {"max_length": 16}}),
            ),
            "processing_kwargs = {\"text\":{\"max_length\":16}} is not supported",
        ),
        (
            set(sentence, "tokenizer_name_or_path", json!("x")),
            "tokenizer_name_or_path = \"x\" is not supported",
        ),
        (
            set(tokenizer, "tokenizer_class", json!("BertJapaneseTokenizer")),
            "tokenizer_class \"BertJapaneseTokenizer\" is not supported",
        ),
        (
            set(tokenizer, "mecab_kwargs", json!({})),
            "`mecab_kwargs` is not known",
        ),
        (
            set(tokenizer, "auto_map", json!({"AutoTokenizer": ["a", "b"]})),
            "auto_map = {\"AutoTokenizer\":[\"a\",\"b\"]} is not supported",
        ),
        (
            set(tokenizer, "split_special_tokens", json!(true)),
            "split_special_tokens = true is not supported; false is",
        ),
        (
            set(tokenizer, "truncation_side", json!("middle")),
            "unknown variant `middle`",
        ),
        (
            set(
                tokenizer,
                "extra_special_tokens",
                json!({"image_token": "<i>"}),
            ),
            "extra_special_tokens = {\"image_token\":\"<i>\"} is not supported",
        ),
        (
            set(
                "tokenizer.json",
                "model",
                json!({"type": "Unigram", "unk_id": 0, "vocab": [["a", 0.0]]}),
            ),
            "a Unigram tokenizer with tokenizer_class BertTokenizer is not supported",
        ),
        (
            json!({"write": ["config_sentence_transformers.json", {"model_type": "SparseEncoder"}]}),
            "model_type = \"SparseEncoder\" is not supported",
        ),
        (
            json!({"write": ["config_sentence_transformers.json", {"truncate_dim": 0}]}),
            "found truncate_dim 0",
        ),
        (
            json!({"write": ["adapter_config.json", {"peft_type": "LORA"}]}),
            "an adapter (PEFT) is not supported",
        ),
        (
            json!({"write": ["added_tokens.json", {"[NAME]": 700}]}),
            "found the added token \"[NAME]\" numbered 700; expected 600",
        ),
        (
            json!({"write": ["1_Pooling/config.json", {"pooling_mode_cls_token": "true"}]}),
            "found pooling_mode_cls_token = \"true\"",
        ),
        (
            json!({"write": ["1_Pooling/config.json", {"pooling_mode_attention": true}]}),
            "`pooling_mode_attention` is not known",
        ),
        (
            json!({"write": ["2_Normalize/config.json", normalize]}),
            "Normalize from token_embeddings to sentence_embedding is not supported",
        ),
        (
            module("custom_st.Transformer"),
            "the module custom_st.Transformer, code of its author, is not supported",
        ),
        (
            module("sentence_transformers.models.CLIPModel"),
            "the sequence CLIPModel, Pooling is not supported",
        ),
        (
            json!({"set": ["modules.json", 0, null]}),
            "the sequence Pooling, Normalize is not supported",
        ),
    ] {
        let message = refused("minilm", |folder| {
            fs::create_dir(folder.join("2_Normalize")).unwrap();
            edit(folder, &change);
        });
        assert!(message.contains(part), "{change}\n{message}");
        assert!(message.starts_with('…'), "{message}");
    }
}

/// Of the families after BERT and MPNet, and of the modules after pooling.
#[test]
fn variants_of_other_families_are_refused_by_name() {
    let dense = "2_Dense/config.json";
    for (model, change, part) in [
        (
            "distilbert",
            set("config.json", "activation", json!("relu")),
            "activation \"relu\" is not supported; \"gelu\" (with the error function) is",
        ),
        (
            // transformers would take it for `dim`.
            "distilbert",
            set("config.json", "hidden_size", json!(48)),
            "`hidden_size` is not known",
        ),
        (
            "roberta",
            set("config.json", "pad_token_id", json!(-1)),
            "found pad_token_id -1; expected a token's number",
        ),
        (
            "roberta",
            set("config.json", "n_layers", json!(2)),
            "`n_layers` is not known",
        ),
        (
            "roberta",
            json!({"set": ["tokenizer.json", "model", {"type": "WordPiece", "vocab": {"a": 0}}]}),
            "a WordPiece tokenizer with tokenizer_class RobertaTokenizer is not supported",
        ),
        (
            "xlm-roberta",
            set("tokenizer_config.json", "add_prefix_space", json!(false)),
            "add_prefix_space = false is not supported; true is",
        ),
        (
            "xlm-roberta",
            json!({"remove": "tokenizer.json"}),
            "…/tokenizer.json is missing; it says how texts become tokens",
        ),
        (
            "distilbert",
            set(dense, "in_features", json!(47)),
            "found linear.weight of shape [32, 48]; expected [32, 47]",
        ),
        (
            "distilbert",
            json!({"write": ["1_Pooling/config.json", {"pooling_mode": ["cls", "mean"]}]}),
            "found in_features 48; expected 96, the numbers of a vector before it",
        ),
        (
            "distilbert",
            set(
                dense,
                "activation_function",
                json!("torch.nn.modules.activation.SiLU"),
            ),
            "activation_function \"torch.nn.modules.activation.SiLU\" is not supported",
        ),
        (
            "distilbert",
            set(dense, "activation_function", json!("mine.Tanh")),
            "activation_function \"mine.Tanh\" is not supported; those of torch are",
        ),
        (
            "distilbert",
            set(dense, "use_residual", json!(true)),
            "use_residual = true is not supported; false is",
        ),
        (
            "distilbert",
            set(dense, "module_input_name", json!("token_embeddings")),
            "Dense from token_embeddings to token_embeddings is not supported",
        ),
        (
            "distilbert",
            set(dense, "foo", json!(1)),
            "…/2_Dense/config.json: `foo` is not known",
        ),
        (
            "distilbert",
            json!({"remove": "2_Dense/model.safetensors"}),
            "…/2_Dense/model.safetensors is missing",
        ),
    ] {
        let message = after(model, change);
        assert!(
            message.starts_with('…') && message.contains(part),
            "{message}"
        );
    }
    let merges = refused("roberta", |folder| {
        fs::remove_file(folder.join("tokenizer.json")).unwrap();
        fs::remove_file(folder.join("merges.txt")).unwrap();
    });
    assert!(
        merges.contains("vocab.json and merges.txt would do as well, and are not both there"),
        "{merges}"
    );
}

#[test]
fn two_modules_of_one_name_are_refused() {
    let entry = |kind: &str, path: &str| json!({"name": "0", "type": format!("sentence_transformers.models.{kind}"), "path": path});
    let modules = json!([entry("Transformer", ""), entry("Pooling", "1_Pooling")]);
    assert!(
        after("minilm", json!({"write": ["modules.json", modules]}))
            .contains("found two modules named \"0\"")
    );
}

#[test]
fn weights_of_two_networks_are_not_mixed_up() {
    use crate::common::{load, save};
    let copied = |from: &str, to: &str, folder: &Path| {
        let path = folder.join("model.safetensors");
        let mut tensors = load(&path);
        tensors
            .iter_mut()
            .for_each(|t| t.name = format!("{from}{}", t.name));
        let second = tensors.clone().into_iter().map(|mut t| {
            t.name = format!("{to}{}", t.name.trim_start_matches(from));
            t.bytes.reverse();
            t
        });
        tensors.extend(second);
        save(&path, &tensors);
    };
    assert!(
        refused("minilm", |folder| copied("a.", "b.", folder))
            .contains("weights of several networks (a., b.) is not supported")
    );
    // A network under its plain or its family's name is the one that is meant: opening finds all of
    // its tensors. Earlier versions took the first.
    for (from, to) in [("", "a."), ("bert.", "a.")] {
        let both = key("minilm", |folder| copied(from, to, folder));
        assert!(both.ends_with(&format!(" network={from:?}")), "{both}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_that_is_not_there_is_no_absent_file() {
    for file in [
        "modules.json",
        "tokenizer_config.json",
        "sentence_bert_config.json",
    ] {
        let message = refused("minilm", |folder| {
            fs::remove_file(folder.join(file)).unwrap();
            std::os::unix::fs::symlink("blobs/none", folder.join(file)).unwrap();
        });
        assert!(
            message.starts_with(&format!("…/{file} cannot be read")),
            "{message}"
        );
    }
}

/// Keys and files that published models have and that change no vector. The key is the plain
/// model's: no vector is encoded anew.
#[test]
fn what_real_folders_hold_passes_and_changes_no_key() {
    for model in ["minilm", "mpnet"] {
        let plain = key(model, |_| {});
        let full = key(model, |folder| {
            for change in harmless() {
                edit(folder, &change);
            }
            for file in [
                "README.md",
                ".gitattributes",
                "pytorch_model.bin",
                "tf_model.h5",
                "rust_model.ot",
                "model.onnx",
                "train_script.py",
                "modeling_x.py",
                "sentencepiece.bpe.model",
                "data_config.json",
                "configuration.json",
                "eval_results.json",
                "train_log.json",
                "unigram.json",
                "generation_config.json",
                "training_args.bin",
                ".hidden.json",
                "LICENSE",
            ] {
                fs::write(folder.join(file), "x").unwrap();
            }
            for other in ["onnx", "openvino", "2_Normalize", "eval"] {
                fs::create_dir(folder.join(other)).unwrap();
                fs::write(folder.join(other).join("foo.json"), "x").unwrap();
            }
        });
        assert_eq!(full, plain);
    }
}

/// From all-MiniLM, all-mpnet-base, paraphrase-*, multi-qa-*, bge, e5, gte, rubert-tiny and
/// text2vec, and what sentence-transformers 6 writes.
fn harmless() -> Vec<Value> {
    let config = json!({"_name_or_path": "x", "architectures": ["BertModel"], "attention_probs_dropout_prob": 0.1, "classifier_dropout": null,
        "directionality": "bidi", "emb_size": 312, "gradient_checkpointing": false, "hidden_dropout_prob": 0.1, "id2label": {"0": "LABEL_0"},
        "initializer_range": 0.02, "label2id": {"LABEL_0": 0}, "output_past": true, "pooler_fc_size": 768, "pooler_num_attention_heads": 12,
        "pooler_num_fc_layers": 3, "pooler_size_per_head": 128, "pooler_type": "first_token_transform", "torch_dtype": "float16",
        "transformers_version": "4.8.2", "use_cache": true, "position_embedding_type": "absolute", "is_decoder": false, "add_cross_attention": false,
        "problem_type": null, "tie_word_embeddings": true, "hidden_act": "gelu", "auto_map": {}, "pruned_heads": {}});
    let tokenizer = json!({"do_basic_tokenize": true, "never_split": null, "strip_accents": null, "tokenize_chinese_chars": true, "max_length": 128,
        "stride": 0, "truncation_side": "right", "truncation_strategy": "longest_first", "padding_side": "right", "pad_token_type_id": 0,
        "pad_to_multiple_of": null, "clean_up_tokenization_spaces": true, "extra_special_tokens": {}, "additional_special_tokens": [],
        "name_or_path": "x", "special_tokens_map_file": null, "backend": "tokenizers", "is_local": false, "local_files_only": false,
        "model_input_names": ["input_ids", "attention_mask"], "tokenizer_file": null, "wordpieces_prefix": "##"});
    let sentence = json!({"transformer_task": "feature-extraction", "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
        "module_output_name": "token_embeddings", "unpad_inputs": null, "processing_kwargs": {}, "tokenizer_args": {"use_fast": true},
        "model_kwargs": {"add_pooling_layer": false, "torch_dtype": "float16", "attn_implementation": "sdpa"}, "config_kwargs": {}, "model_args": null});
    let members = |file: &'static str, object: &Value| {
        let members = object.as_object().unwrap().clone();
        let told = members.into_iter().filter(|(_, value)| !value.is_null());
        told.map(move |(key, value)| set(file, &key, value))
    };
    let mut changes: Vec<Value> = members("config.json", &config)
        .chain(members("tokenizer_config.json", &tokenizer))
        .chain(members("sentence_bert_config.json", &sentence))
        .collect();
    let types = [
        "base.modules.transformer.Transformer",
        "sentence_transformer.modules.pooling.Pooling",
        "sentence_transformer.modules.normalize.Normalize",
    ];
    let entries: Vec<Value> = (0..)
        .zip(types)
        .zip(["", "1_Pooling", "2_Normalize"])
        .map(|((idx, kind), path)| json!({"idx": idx, "name": idx.to_string(), "path": path, "type": format!("sentence_transformers.{kind}"), "kwargs": []}))
        .collect();
    changes.push(json!({"write": ["modules.json", entries]}));
    changes.push(json!({"write": ["config_sentence_transformers.json", {"__version__": {"sentence_transformers": "5.1.1"}, "model_type": "SentenceTransformer",
        "prompts": {"query": "x: ", "document": null}, "default_prompt_name": null, "similarity_fn_name": "cosine"}]}));
    changes
}

/// special_tokens_map.json and added_tokens_decoder that say what tokenizer.json says.
#[test]
fn tokens_named_twice_are_the_same_tokens() {
    for model in ["minilm", "mpnet"] {
        let plain = key(model, |_| {});
        let listed = key(model, |folder| {
            let path = folder.join("tokenizer.json");
            let tokenizer: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            let decoder: serde_json::Map<String, Value> = tokenizer["added_tokens"]
                .as_array()
                .unwrap()
                .iter()
                .map(|token| (token["id"].to_string(), token.clone()))
                .collect();
            edit(
                folder,
                &set(
                    "tokenizer_config.json",
                    "added_tokens_decoder",
                    Value::Object(decoder),
                ),
            );
        });
        assert_eq!(listed, plain);
        let mapped = key(model, |folder| {
            let config = fs::read(folder.join("tokenizer_config.json")).unwrap();
            let mut map: Value = serde_json::from_slice(&config).unwrap();
            map.as_object_mut()
                .unwrap()
                .retain(|name, _| name.ends_with("_token"));
            let mask = map["mask_token"].take();
            map["mask_token"] = json!({"content": mask, "lstrip": true, "normalized": true, "rstrip": false, "single_word": false});
            write(&folder.join("special_tokens_map.json"), &map);
        });
        assert_eq!(mapped, plain);
    }
}
