//! Settings of a folder that change vectors and are obeyed: each against the same model set up in
//! another way, bit by bit. The ways themselves are checked against sentence-transformers in
//! `golden`.

use super::bits;
use crate::common::{edit, family, load, model_of, save, write};
use ocean_transformer::{Model, Run, Settings};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The tiny model after these changes, its weights read.
fn after(name: &str, change: impl Fn(&Path)) -> Model {
    let folder = model_of(name);
    change(folder.path());
    let model = Model::open(folder.path(), &Settings::new(family(name))).unwrap();
    // The folder goes: weights and key are kept.
    model.cache_key().unwrap();
    super::loaded(model)
}

fn set(folder: &Path, file: &str, key: &str, value: Value) {
    edit(folder, &json!({"set": [file, key, value]}));
}

/// Changes tokenizer.json.
fn retokenise(folder: &Path, change: impl Fn(&mut Value)) {
    let path = folder.join("tokenizer.json");
    let mut tokenizer: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut tokenizer);
    write(&path, &tokenizer);
}

fn same(a: &Model, b: &Model, texts: &[&str]) -> bool {
    bits(a, texts, 1) == bits(b, texts, 1)
}

const TEXTS: [&str; 5] = [
    "I need a loan.",
    "[NAME] of [PLACE]",
    "a[NAME]b  [name]",
    "[MASK] [UNK] loan-money x.y!",
    "",
];

#[test]
fn a_text_may_be_cut_at_its_beginning() {
    let whole = after("minilm", |_| {});
    let by_config = after("minilm", |folder| {
        set(
            folder,
            "tokenizer_config.json",
            "truncation_side",
            json!("left"),
        );
    });
    let left = |folder: &Path| retokenise(folder, |t| t["truncation"]["direction"] = json!("Left"));
    let by_file = after("minilm", left);
    let overruled = after("minilm", |folder| {
        left(folder);
        set(
            folder,
            "tokenizer_config.json",
            "truncation_side",
            json!("right"),
        );
    });
    // One token a word: 62 of them between the special tokens.
    let words: Vec<&str> = ["the", "of", "to", "and", "in"]
        .into_iter()
        .cycle()
        .take(90)
        .collect();
    let (text, head, tail) = (
        words.join(" "),
        words[..62].join(" "),
        words[28..].join(" "),
    );
    let count = whole.text_info(&[&text, &head], Run::quiet()).unwrap();
    assert_eq!(
        (count[0].n_used, count[1].n_tokens),
        (64, 64),
        "one token a word"
    );
    for model in [&by_config, &by_file] {
        assert!(bits(model, &[&text], 1) == bits(&whole, &[&tail], 1));
        assert_eq!(model.text_info(&[&text], Run::quiet()).unwrap(), count[..1]);
        assert_ne!(model.cache_key().unwrap(), whole.cache_key().unwrap());
    }
    assert!(bits(&overruled, &[&text], 1) == bits(&whole, &[&head], 1));
    assert_eq!(overruled.cache_key().unwrap(), whole.cache_key().unwrap());
}

#[test]
fn a_vector_may_be_cut_after_it_got_its_length() {
    let config = "config_sentence_transformers.json";
    let cut = |dim: usize| {
        after("minilm", |folder| {
            write(&folder.join(config), &json!({"truncate_dim": dim}))
        })
    };
    let (whole, short, all) = (after("minilm", |_| {}), cut(16), cut(48));
    assert_eq!((short.dim(), short.is_normalised()), (16, false));
    let expected: Vec<u32> = bits(&whole, &TEXTS, 1)
        .chunks(48)
        .flat_map(|vector| vector[..16].to_vec())
        .collect();
    assert_eq!(bits(&short, &TEXTS, 2), expected);
    assert_ne!(short.cache_key().unwrap(), whole.cache_key().unwrap());
    // As many as there are, or more, is no cut.
    assert!(same(&all, &whole, &TEXTS) && all.is_normalised());
    assert_eq!(all.cache_key().unwrap(), whole.cache_key().unwrap());
}

/// Renames the last words of the vocabulary to these.
fn with_words(folder: &Path, names: &[&str]) {
    retokenise(folder, |tokenizer| {
        let vocabulary = tokenizer["model"]["vocab"].as_object_mut().unwrap();
        for (i, name) in names.iter().enumerate() {
            vocabulary.retain(|_, id| *id != json!(599 - i));
            vocabulary.insert((*name).to_owned(), json!(599 - i));
        }
    });
}

fn added(content: &str, id: usize) -> Value {
    json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true})
}

#[test]
fn additional_special_tokens_stand_for_themselves() {
    let names = ["[NAME]", "[PLACE]"];
    let unnamed = after("minilm", |folder| with_words(folder, &names));
    let in_file = after("minilm", |folder| {
        with_words(folder, &names);
        retokenise(folder, |tokenizer| {
            let tokens = tokenizer["added_tokens"].as_array_mut().unwrap();
            tokens.extend([added("[NAME]", 599), added("[PLACE]", 598)]);
        });
    });
    assert!(!same(&unnamed, &in_file, &TEXTS));
    for (file, key) in [
        ("tokenizer_config.json", "additional_special_tokens"),
        ("tokenizer_config.json", "extra_special_tokens"),
        ("special_tokens_map.json", "additional_special_tokens"),
    ] {
        for class in ["BertTokenizer", "PreTrainedTokenizerFast"] {
            let model = after("minilm", |folder| {
                with_words(folder, &names);
                set(
                    folder,
                    "tokenizer_config.json",
                    "tokenizer_class",
                    json!(class),
                );
                if !folder.join(file).exists() {
                    write(&folder.join(file), &json!({}));
                }
                set(folder, file, key, json!(names));
            });
            assert!(same(&model, &in_file, &TEXTS), "{file} {key} {class}");
            assert_ne!(model.cache_key().unwrap(), unnamed.cache_key().unwrap());
        }
    }
}

/// One row more in the table of words.
fn with_a_row(folder: &Path) {
    let path = folder.join("model.safetensors");
    let mut tensors = load(&path);
    let words = tensors
        .iter_mut()
        .find(|t| t.name == "embeddings.word_embeddings.weight")
        .unwrap();
    words
        .bytes
        .extend((0..48).flat_map(|i: u8| (f32::from(i) / 48.0).to_le_bytes()));
    words.shape = json!([601, 48]);
    save(&path, &tensors);
    set(folder, "config.json", "vocab_size", json!(601));
}

#[test]
fn added_tokens_follow_the_vocabulary() {
    let plain = after("minilm", with_a_row);
    let in_file = |normalized: bool, special: bool| {
        after("minilm", |folder| {
            with_a_row(folder);
            retokenise(folder, |tokenizer| {
                let mut token = added("[NAME]", 600);
                token["normalized"] = json!(normalized);
                token["special"] = json!(special);
                tokenizer["added_tokens"]
                    .as_array_mut()
                    .unwrap()
                    .push(token);
            });
        })
    };
    let added_json = |folder: &Path| {
        with_a_row(folder);
        write(&folder.join("added_tokens.json"), &json!({"[NAME]": 600}));
    };
    // added_tokens.json says nothing of flags: a token of its own is normalised, so [name] is it
    // too.
    assert!(same(
        &after("minilm", added_json),
        &in_file(true, false),
        &TEXTS
    ));
    let with_vocabulary = after("minilm", |folder| {
        added_json(folder);
        fs::remove_file(folder.join("tokenizer.json")).unwrap();
    });
    assert!(same(&with_vocabulary, &in_file(true, false), &TEXTS));
    let decoder = after("minilm", |folder| {
        with_a_row(folder);
        let path = folder.join("tokenizer.json");
        let tokenizer: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let own = tokenizer["added_tokens"].as_array().unwrap().iter();
        let mut decoder: serde_json::Map<String, Value> = own
            .map(|token| (token["id"].to_string(), token.clone()))
            .collect();
        decoder.insert("600".into(), added("[NAME]", 600));
        let decoder = Value::Object(decoder);
        set(
            folder,
            "tokenizer_config.json",
            "added_tokens_decoder",
            decoder,
        );
    });
    assert!(same(&decoder, &in_file(false, true), &TEXTS));
    assert!(!same(&decoder, &with_vocabulary, &TEXTS), "[name]");
    assert!(!same(&decoder, &plain, &TEXTS));
}

/// transformers 5 sets up what the class sets up, whatever tokenizer.json says; a class without
/// rules follows the file.
#[test]
fn a_class_with_rules_of_its_own_overrules_tokenizer_json() {
    let plain = after("minilm", |_| {});
    type Change = (&'static str, fn(&mut Value));
    let changes: [Change; 4] = [
        ("pre-tokenizer", |t| {
            t["pre_tokenizer"] = json!({"type": "WhitespaceSplit"})
        }),
        ("longest word", |t| {
            t["model"]["max_input_chars_per_word"] = json!(3)
        }),
        ("normaliser", |t| t["normalizer"] = json!({"type": "NFC"})),
        ("ends", |t| {
            let last = t["post_processor"]["single"][2].clone();
            t["post_processor"]["single"][0] = last;
        }),
    ];
    for (what, change) in changes {
        let bert = after("minilm", |folder| retokenise(folder, change));
        assert!(same(&bert, &plain, &TEXTS), "{what}");
        let file = after("minilm", |folder| {
            retokenise(folder, change);
            set(
                folder,
                "tokenizer_config.json",
                "tokenizer_class",
                json!("PreTrainedTokenizerFast"),
            );
        });
        assert!(!same(&file, &plain, &TEXTS), "{what}");
    }
    // config.json names the class where tokenizer_config.json does not.
    let by_network = after("minilm", |folder| {
        retokenise(folder, changes[0].1);
        edit(
            folder,
            &json!({"drop": ["tokenizer_config.json", "tokenizer_class"]}),
        );
        set(
            folder,
            "config.json",
            "tokenizer_class",
            json!("PreTrainedTokenizerFast"),
        );
    });
    assert!(!same(&by_network, &plain, &TEXTS));
}

#[test]
fn first_and_last_token_may_have_other_names() {
    let renamed = |folder: &Path| {
        fs::remove_file(folder.join("tokenizer.json")).unwrap();
        let path = folder.join("vocab.txt");
        let words = fs::read_to_string(&path).unwrap();
        fs::write(path, words.replacen("[CLS]\n", "<start>\n", 1)).unwrap();
    };
    let own = after("minilm", |folder| {
        renamed(folder);
        set(
            folder,
            "tokenizer_config.json",
            "cls_token",
            json!("<start>"),
        );
    });
    assert!(same(
        &own,
        &after("minilm", |_| {}),
        &["I need a loan.", ""]
    ));
}

#[test]
fn old_names_and_places_count() {
    let plain = after("minilm", |_| {});
    let old = after("minilm", |folder| {
        let below = folder.join("0_Transformer");
        fs::create_dir(&below).unwrap();
        for file in [
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "vocab.txt",
            "sentence_bert_config.json",
        ] {
            fs::rename(folder.join(file), below.join(file)).unwrap();
        }
        let path = folder.join("modules.json");
        let mut modules: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        modules[0]["path"] = json!("0_Transformer");
        write(&path, &modules);
    });
    assert!(same(&old, &plain, &TEXTS));
    let max_len = after("minilm", |folder| {
        fs::remove_file(folder.join("sentence_bert_config.json")).unwrap();
        edit(
            folder,
            &json!({"drop": ["tokenizer_config.json", "model_max_length"]}),
        );
        set(folder, "tokenizer_config.json", "max_len", json!(40));
    });
    assert_eq!(max_len.max_tokens(), 40);
}

/// Normalize comes after Pooling: over the tokens' vectors it changes no text's.
#[test]
fn normalize_over_tokens_leaves_the_length() {
    let tokens = after("minilm", |folder| {
        fs::create_dir(folder.join("2_Normalize")).unwrap();
        write(
            &folder.join("2_Normalize/config.json"),
            &json!({"module_input_name": "token_embeddings", "module_output_name": "token_embeddings"}),
        );
    });
    let none = after("minilm", |folder| {
        edit(folder, &json!({"set": ["modules.json", 2, null]}))
    });
    assert!(same(&tokens, &none, &TEXTS));
    assert!(!tokens.is_normalised());
    assert_eq!(tokens.cache_key().unwrap(), none.cache_key().unwrap());
}

/// sentence-transformers reads its own settings only where there is a modules.json.
#[test]
fn without_modules_json_prompts_and_truncate_dim_are_nobodys() {
    let bare = |folder: &Path| fs::remove_file(folder.join("modules.json")).unwrap();
    let told = after("minilm", |folder| {
        bare(folder);
        let config =
            json!({"prompts": {"a": "money "}, "default_prompt_name": "a", "truncate_dim": 8});
        write(&folder.join("config_sentence_transformers.json"), &config);
    });
    assert!(same(&told, &after("minilm", bare), &TEXTS));
}
