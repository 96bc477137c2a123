//! Folders that are not what they should be: one clear error each, and never a panic.

mod known;

use crate::common::{self, edit, family, load, model_of, save};
use ocean_transformer::{Error, Family, Model, Run, Settings};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// What opening the model after these changes says, without the folder's place and the way that
/// always works.
fn refused(model: &str, change: impl Fn(&Path)) -> String {
    let message = told(model, change);
    message
        .split("; try: embeddings")
        .next()
        .unwrap()
        .to_owned()
}

fn told(model: &str, change: impl Fn(&Path)) -> String {
    let folder = model_of(model);
    change(folder.path());
    let error = Model::open(folder.path(), &Settings::new(family(model))).err();
    let message = error.map_or("OPENED".into(), |error| error.to_string());
    message.replace(&folder.path().display().to_string(), "…")
}

fn after(model: &str, change: Value) -> String {
    refused(model, |folder| edit(folder, &change))
}

#[test]
fn a_missing_file_is_named_with_what_it_is_for() {
    let missing = |file: &str| after("minilm", json!({"remove": file}));
    assert_eq!(
        missing("config.json"),
        "…/config.json is missing; give the folder of a sentence-transformers model, with config.json, tokenizer.json and model.safetensors"
    );
    assert_eq!(
        missing("1_Pooling/config.json"),
        "…/1_Pooling/config.json is missing; modules.json names it: it says how token vectors become one; fetch the model again"
    );
    assert_eq!(
        missing("model.safetensors"),
        "…/model.safetensors is missing; it holds the weights; fetch the model again"
    );
    let no_tokens = refused("minilm", |folder| {
        fs::remove_file(folder.join("tokenizer.json")).unwrap();
        fs::remove_file(folder.join("vocab.txt")).unwrap();
    });
    assert!(
        no_tokens.starts_with("…/tokenizer.json is missing; it says how texts become tokens"),
        "{no_tokens}"
    );
    let shard = refused("minilm", |folder| {
        edit(folder, &json!({"weights": "shards"}));
        fs::remove_file(folder.join("model-00002-of-00002.safetensors")).unwrap();
    });
    assert_eq!(
        shard,
        "…/model-00002-of-00002.safetensors is missing; model.safetensors.index.json names it; fetch the model again"
    );
    let nothing = Model::open(Path::new("/no/such"), &Settings::new(Family::Bert))
        .unwrap_err()
        .to_string();
    assert!(
        nothing.starts_with(
            "/no/such is missing; it should be the folder of a sentence-transformers model"
        ),
        "{nothing}"
    );
}

#[test]
fn weights_that_run_code_are_refused_with_the_conversion() {
    let message = refused("minilm", |folder| {
        fs::rename(
            folder.join("model.safetensors"),
            folder.join("pytorch_model.bin"),
        )
        .unwrap();
    });
    assert_eq!(
        message,
        "…/model.safetensors is missing; only pytorch_model.bin is there, which runs code when read; convert it once: python -c \
         \"from sentence_transformers import SentenceTransformer as S; S('OLD_FOLDER').save('NEW_FOLDER')\""
    );
}

#[test]
fn a_weight_file_cut_at_any_place_is_refused() {
    let whole = fs::read(model_of("minilm").path().join("model.safetensors")).unwrap();
    for keep in [
        0,
        4,
        8,
        9,
        100,
        1000,
        5000,
        whole.len() / 2,
        whole.len() - 1,
    ] {
        let message = refused("minilm", |folder| {
            fs::write(folder.join("model.safetensors"), &whole[..keep]).unwrap()
        });
        assert!(
            message.starts_with("…/model.safetensors: found "),
            "{keep}: {message}"
        );
        assert!(message.contains("cut"), "{keep}: {message}");
    }
}

#[test]
fn garbled_weight_files_are_refused() {
    let with_header = |header: &[u8]| {
        refused("minilm", |folder| {
            let mut file = (header.len() as u64).to_le_bytes().to_vec();
            file.extend_from_slice(header);
            fs::write(folder.join("model.safetensors"), file).unwrap();
        })
    };
    assert!(with_header(b"not json").contains("a header that is no JSON"));
    assert!(with_header(b"[]").contains("a header that is no JSON"));
    assert!(with_header(b"{}").contains("found no tensor embeddings.word_embeddings.weight"));
    let absurd = br#"{"embeddings.word_embeddings.weight": {"dtype": "F32", "shape": [600, 48], "data_offsets": [0, 18446744073709551615]}}"#;
    assert!(with_header(absurd).contains("the file is cut"));
    let backwards = br#"{"embeddings.word_embeddings.weight": {"dtype": "F32", "shape": [600, 48], "data_offsets": [9, 3]}}"#;
    assert!(with_header(backwards).contains("expected at least"));
    let short = br#"{"embeddings.word_embeddings.weight": {"dtype": "F32", "shape": [600, 48], "data_offsets": [0, 0]}}"#;
    assert!(with_header(short).contains("of 0 bytes; expected 28800 numbers of 4"));
    let odd = br#"{"embeddings.word_embeddings.weight": 7}"#;
    assert!(with_header(odd).contains("a header whose entry embeddings.word_embeddings.weight is"));
    let pointer = refused("minilm", |folder| {
        fs::write(
            folder.join("model.safetensors"),
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        )
        .unwrap()
    });
    assert!(pointer.contains("a pointer of Git LFS"), "{pointer}");
}

#[test]
fn a_tensor_that_is_missing_or_of_another_shape_or_type_is_named() {
    let changed = |change: &dyn Fn(&mut Vec<common::Stored>)| {
        refused("mpnet", |folder| {
            let path = folder.join("model.safetensors");
            let mut tensors = load(&path);
            change(&mut tensors);
            save(&path, &tensors);
        })
    };
    let name = "encoder.layer.1.attention.attn.k.weight";
    assert_eq!(
        changed(&|tensors| tensors.retain(|t| t.name != name)),
        format!(
            "…/model.safetensors: found no tensor {name}; expected all the weights that config.json implies; the file is damaged or belongs to another model: fetch the model again"
        )
    );
    let place = |tensors: &[common::Stored]| tensors.iter().position(|t| t.name == name).unwrap();
    let reshaped = changed(&|tensors| {
        let at = place(tensors);
        tensors[at].shape = json!([24, 96]);
    });
    assert!(
        reshaped.contains(&format!(
            "found {name} of shape [24, 96]; expected [48, 48] (config.json)"
        )),
        "{reshaped}"
    );
    let retyped = changed(&|tensors| {
        let at = place(tensors);
        tensors[at].kind = "I8".into();
    });
    assert!(
        retyped.contains(&format!(
            "{name} of type I8 is not supported; F32, F16 and BF16 are"
        )),
        "{retyped}"
    );
    assert!(
        changed(&|tensors| tensors.retain(|t| !t.name.contains("relative")))
            .contains("encoder.relative_attention_bias.weight")
    );
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    let other = refused("minilm", |folder| {
        let path = folder.join("tokenizer.json");
        let mut tokenizer: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        tokenizer["model"]["vocab"]["another"] = json!(600);
        common::write(&path, &tokenizer);
    });
    assert_eq!(
        other,
        "…/tokenizer.json: found a token numbered 600; expected numbers below 600, the model's vocabulary (config.json); the tokenizer is another model's: fetch the two together"
    );
    let smaller = refused("minilm", |folder| {
        let path = folder.join("tokenizer.json");
        let mut tokenizer: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let vocabulary = tokenizer["model"]["vocab"].as_object_mut().unwrap();
        vocabulary.retain(|_, id| id.as_u64().unwrap() < 500);
        common::write(&path, &tokenizer);
    });
    assert!(
        smaller.starts_with("…/tokenizer.json: found 500 tokens; expected about 600"),
        "{smaller}"
    );
    assert!(
        after(
            "minilm",
            json!({"write": ["tokenizer.json", {"version": "1.0"}]})
        )
        .starts_with("…/tokenizer.json: found no usable tokenizer")
    );
    // A class with rules of its own would put the two there itself.
    let bare = refused("minilm", |folder| {
        edit(
            folder,
            &json!({"set": ["tokenizer_config.json", "tokenizer_class", "PreTrainedTokenizerFast"]}),
        );
        let path = folder.join("tokenizer.json");
        let mut tokenizer: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        tokenizer["post_processor"] = Value::Null;
        common::write(&path, &tokenizer);
    });
    assert!(
        bare.contains("a post-processor that adds 0 special tokens"),
        "{bare}"
    );
    let words = refused("mpnet", |folder| {
        fs::remove_file(folder.join("tokenizer.json")).unwrap();
        fs::write(folder.join("vocab.txt"), "one\ntwo\n").unwrap();
    });
    assert!(
        words.starts_with(
            "…/vocab.txt: found no token <s>; expected the vocabulary of a mpnet model"
        ),
        "{words}"
    );
}

#[test]
fn garbled_settings_name_their_file() {
    for file in [
        "config.json",
        "modules.json",
        "1_Pooling/config.json",
        "sentence_bert_config.json",
        "tokenizer_config.json",
        "tokenizer.json",
    ] {
        for text in ["", "{", "[1]", "\"x\"", "\0"] {
            let message = refused("minilm", |folder| {
                fs::write(folder.join(file), text).unwrap()
            });
            assert!(
                message.starts_with(&format!("…/{file}: ")),
                "{file} {text:?}: {message}"
            );
        }
    }
}

#[test]
fn what_would_give_other_vectors_is_refused() {
    let config =
        |key: &str, value: Value| after("minilm", json!({"set": ["config.json", key, value]}));
    assert_eq!(
        config("model_type", json!("albert")),
        "…/config.json: model_type \"albert\" is not supported; the types bert, distilbert, mpnet, roberta, xlm-roberta are"
    );
    assert_eq!(
        config("model_type", json!("roberta")),
        "…/config.json: found model_type \"roberta\"; expected \"bert\"; use the encoder `sentence-transformer` for this model"
    );
    assert_eq!(
        config("model_type", json!("mpnet")),
        "…/config.json: found model_type \"mpnet\"; expected \"bert\"; use the encoder `mpnet` for this model"
    );
    assert!(config("hidden_act", json!("gelu_new")).contains(
        "hidden_act \"gelu_new\" is not supported; \"gelu\" (with the error function) is"
    ));
    assert!(
        config("position_embedding_type", json!("relative_key"))
            .contains("position_embedding_type \"relative_key\" is not supported")
    );
    assert!(config("is_decoder", json!(true)).contains("is_decoder = true is not supported"));
    assert!(
        config("num_attention_heads", json!(5))
            .contains("found hidden_size 48 and num_attention_heads 5")
    );
    assert!(config("num_attention_heads", json!(0)).contains("a size of 0"));
    assert!(config("hidden_size", json!(-1)).contains("…/config.json: found "));
    assert!(config("num_hidden_layers", json!(3)).contains("found no tensor encoder.layer.2."));
    assert!(
        config("max_position_embeddings", json!(64)).contains(
            "embeddings.position_embeddings.weight of shape [128, 48]; expected [64, 48]"
        )
    );
    let modules = |last: &str| {
        json!({"write": ["modules.json", [{"type": "sentence_transformers.models.Transformer", "path": ""},
            {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}, {"type": format!("sentence_transformers.models.{last}"), "path": "2_Dense"}]]})
    };
    assert_eq!(
        after("minilm", modules("LayerNorm")),
        "…/modules.json: the sequence Transformer, Pooling, LayerNorm is not supported; Transformer, Pooling, and then Dense and Normalize in any number are"
    );
    assert_eq!(
        after("minilm", modules("Dense")),
        "…/2_Dense/config.json is missing; modules.json names it: it says how vectors go on after pooling; fetch the model again"
    );
    let outside = json!({"write": ["modules.json", [{"type": "sentence_transformers.models.Transformer", "path": ""},
        {"type": "sentence_transformers.models.Pooling", "path": "../other"}]]});
    assert!(
        after("minilm", outside)
            .contains("found the path \"../other\"; expected a folder inside the model's")
    );
    let pooling = json!({"write": ["1_Pooling/config.json", {"pooling_mode": "attention"}]});
    assert!(
        after("minilm", pooling)
            .contains("pooling_mode \"attention\" is not supported; known: cls, max, mean,")
    );
    let prompt = json!({"write": ["config_sentence_transformers.json", {"prompts": {}, "default_prompt_name": "query"}]});
    assert!(
        after("minilm", prompt)
            .contains("default_prompt_name \"query\" without a prompt of that name")
    );
}

#[test]
fn a_prompt_outside_pooling_is_refused_only_when_there_is_one() {
    let folder = model_of("bge");
    edit(
        folder.path(),
        &json!({"set": ["1_Pooling/config.json", "include_prompt", false]}),
    );
    let open = |prompt: &str| {
        Model::open(
            folder.path(),
            &Settings {
                prompt: Some(prompt.into()),
                ..Settings::new(Family::Bert)
            },
        )
    };
    assert!(open("").is_ok());
    assert!(
        open("query: ")
            .unwrap_err()
            .to_string()
            .contains("\"include_prompt\": false and a prompt is not supported; set prompt = \"\"")
    );
}

#[test]
fn weights_that_are_no_numbers_are_an_error_not_a_vector() {
    let folder = model_of("minilm");
    let path = folder.path().join("model.safetensors");
    let mut tensors = load(&path);
    let bias = tensors
        .iter_mut()
        .find(|t| t.name == "encoder.layer.1.output.dense.bias")
        .unwrap();
    bias.bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    save(&path, &tensors);
    let model = Model::open(folder.path(), &Settings::new(Family::Bert)).unwrap();
    let error = model
        .encode(&["a"], &mut vec![0.0; model.dim()], Run::quiet())
        .unwrap_err();
    assert!(
        matches!(error, Error::NotFinite { index: 0, .. }),
        "{error}"
    );
}

#[test]
fn weights_that_change_after_opening_are_not_read() {
    let folder = model_of("minilm");
    let model = Model::open(folder.path(), &Settings::new(Family::Bert)).unwrap();
    let path = folder.path().join("model.safetensors");
    let half = fs::read(&path).unwrap();
    fs::write(&path, &half[..half.len() / 2]).unwrap();
    let error = model
        .encode(&["a"], &mut vec![0.0; model.dim()], Run::quiet())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("a file that has changed since the model was opened"),
        "{error}"
    );
}

#[test]
fn every_setting_and_file_that_counts_is_part_of_the_cache_key() {
    let key = |changes: &[Value], settings: Settings| {
        let folder = model_of("minilm");
        changes
            .iter()
            .for_each(|change| edit(folder.path(), change));
        Model::open(folder.path(), &settings)
            .unwrap()
            .cache_key()
            .unwrap()
    };
    let plain = || Settings::new(Family::Bert);
    let mut keys = vec![
        key(&[], plain()),
        key(
            &[],
            Settings {
                max_seq_length: Some(63),
                ..plain()
            },
        ),
        key(
            &[],
            Settings {
                prompt: Some("x".into()),
                ..plain()
            },
        ),
        key(&[json!({"weights": "float16"})], plain()),
        key(
            &[json!({"set": ["tokenizer_config.json", "do_lower_case", false]})],
            plain(),
        ),
        key(
            &[json!({"set": ["sentence_bert_config.json", "do_lower_case", true]})],
            plain(),
        ),
        key(&[json!({"set": ["modules.json", 2, null]})], plain()),
        key(
            &[json!({"write": ["1_Pooling/config.json", {"pooling_mode": "max"}]})],
            plain(),
        ),
        key(
            &[json!({"set": ["config.json", "layer_norm_eps", 0.1]})],
            plain(),
        ),
    ];
    assert_eq!(
        keys[0],
        key(
            &[],
            Settings {
                max_seq_length: Some(64),
                prompt: Some(String::new()),
                ..plain()
            }
        ),
        "the model's own, spelled out"
    );
    let dense = |changes: &[Value]| {
        let folder = model_of("distilbert");
        changes
            .iter()
            .for_each(|change| edit(folder.path(), change));
        let model = Model::open(folder.path(), &Settings::new(None)).unwrap();
        model.cache_key().unwrap()
    };
    let config = "2_Dense/config.json";
    keys.extend([
        dense(&[]),
        dense(&[
            json!({"set": [config, "activation_function", "torch.nn.modules.activation.ReLU"]}),
        ]),
        dense(&[json!({"set": [config, "bias", false]})]),
        dense(&[json!({"set": ["modules.json", 2, null]})]),
    ]);
    let n = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), n, "{keys:#?}");
}
