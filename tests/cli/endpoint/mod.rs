//! Encoders that are servers: asked no text twice, [`believed`] about nothing, and [`told`] no
//! secret.

mod believed;
mod told;

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use ocean_tests::vectors_server::{Fault, Request, VectorsServer, WIDTH, vector};
use serde_json::Value;

use crate::cli::folder::{Folder, texts};
use crate::cli::host::{Ran, ocean_host};

const KEY: &str = "sk-Tell9Nobody8Of7This6Key5";

/// The sound study with a server in place of its encoder, without controls.
fn study(endpoint: &str, keys: &str) -> Folder {
    let folder = Folder::sound();
    folder.replace(
        "plugins.toml",
        "name = \"lexical\"\nplugin = \"lexical\"\n",
        &format!("name = \"served\"\nendpoint = \"{endpoint}\"\nmodel = \"some/model\"\n{keys}"),
    );
    folder.replace(
        "plugins.toml",
        "permutations = 19",
        "permutations = 19\ncontrols = false",
    );
    folder
}

/// `ocean-host` with a key in the environment and none of the caller's proxies.
fn command(folder: &Folder, arguments: &[&str]) -> std::process::Command {
    let mut command = ocean_host(folder.path(), arguments);
    for name in ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"] {
        command.env_remove(name);
    }
    command.env("NO_PROXY", "*").env("OCEAN_TEST_KEY", KEY);
    command
}

fn run(folder: &Folder, arguments: &[&str]) -> Ran {
    Ran::of(&command(folder, arguments).output().unwrap())
}

fn encode(folder: &Folder) -> Ran {
    run(folder, &["encode", "plugins.toml", "--out", "vectors"])
}

/// How often each text was sent.
fn times(server: &VectorsServer) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for text in server.texts() {
        *times.entry(text).or_insert(0) += 1;
    }
    times
}

/// The texts of the study, in file order.
fn own_texts(folder: &Folder) -> Vec<String> {
    let table = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    let rows = table.lines().skip(1);
    rows.map(|row| row.split(',').nth(1).unwrap().to_owned())
        .collect()
}

/// The texts in the order in which they are asked for, that of their ids.
fn asked_texts(folder: &Folder) -> Vec<String> {
    let mut texts: Vec<_> = own_texts(folder).into_iter().enumerate().collect();
    texts.sort_by_key(|(row, _)| format!("t{row}"));
    texts.into_iter().map(|(_, text)| text).collect()
}

/// The vectors that `encode` wrote are those of the texts, in file order.
fn assert_vectors(folder: &Folder) {
    let bytes = std::fs::read(folder.file("vectors/served.npy")).unwrap();
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let numbers = bytes[header..].chunks_exact(4);
    let numbers: Vec<f32> = numbers
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    let expected: Vec<f32> = own_texts(folder).iter().flat_map(|t| vector(t)).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn texts_go_out_once_and_sixteen_of_them_twice_and_replies_in_any_order_find_their_rows() {
    let server = VectorsServer::sound();
    let folder = study(
        &server.url(),
        "api_key_env = \"OCEAN_TEST_KEY\"\ndimensions = 8\n",
    );
    let said = encode(&folder).ending_with(0).stdout;
    assert!(
        said.contains("served: 40 texts × 8 (40 encoded now,")
            && said.contains("16 sent twice differ by at most 0 of a vector's length"),
        "{said}"
    );
    assert_vectors(&folder);
    for (at, text) in asked_texts(&folder).iter().enumerate() {
        assert_eq!(times(&server)[text], if at < 16 { 2 } else { 1 }, "{at}");
    }
    for request in server.requests() {
        assert_eq!(request.path, "/v1/embeddings");
        assert_eq!(request.authorization, Some(format!("Bearer {KEY}")));
        let said = ["model", "encoding_format", "dimensions"].map(|key| request.body[key].clone());
        assert_eq!(said, ["some/model".into(), "float".into(), Value::from(8)]);
    }
    // All of it is in the cache: nobody is asked, offline or not, with a key or without.
    let n_requests = server.requests().len();
    let mut again = command(&folder, &["encode", "plugins.toml"]);
    again
        .env_remove("OCEAN_TEST_KEY")
        .env("HF_HUB_OFFLINE", "1");
    Ran::of(&again.output().unwrap()).ending_with(0);
    assert_eq!(server.requests().len(), n_requests);
    let summary = std::fs::read(folder.file("vectors/served_summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["repeated"]["texts"], 16);
    assert_eq!(summary["parameters"]["model"], "some/model");
}

#[test]
fn a_blank_text_is_sent_as_one_blank_and_a_prompt_stands_before_every_text() {
    let server = VectorsServer::sound();
    let folder = study(&server.url(), "prompt = \"query: \"\n");
    folder.write("texts.csv", "id,text,more,mood\na,x y,,1\nb,z,w,2\n");
    folder.replace(
        "plugins.toml",
        "text = \"text\"",
        "text = [\"text\", \"more\"]",
    );
    encode(&folder).ending_with(0);
    let sent = times(&server);
    let sent: Vec<&str> = sent.keys().map(String::as_str).collect();
    assert_eq!(sent, ["query:  ", "query: w", "query: x y", "query: z"]);
}

/// Killed while four requests are without an answer: what was answered is asked for by nobody.
#[test]
fn a_killed_encode_goes_on_without_sending_an_answered_text_again() {
    const HELD: usize = 6;
    let server = VectorsServer::start(|number, _| match number {
        HELD..=9 => Fault::Held,
        _ => Fault::None,
    });
    let folder = study(&server.url(), "");
    folder.write("texts.csv", texts(400));
    let child = command(&folder, &["encode", "plugins.toml"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    kill_when(child, || server.requests().len() == HELD + 4);
    let requests = server.requests();
    let of = |requests: &[Request]| -> Vec<String> {
        requests.iter().flat_map(Request::texts).collect()
    };
    let (answered, held) = (of(&requests[..HELD]), of(&requests[HELD..]));
    assert_eq!((answered.len(), held.len()), (5 * 32 + 16, 4 * 32));

    run(&folder, &["encode", "plugins.toml", "--out", "vectors"]).ending_with(0);
    assert_vectors(&folder);
    let own = asked_texts(&folder);
    let times = times(&server);
    for (at, text) in own.iter().enumerate() {
        let is_held = held.contains(text);
        let expected = if at < 16 || is_held { 2 } else { 1 };
        assert_eq!(times[text], expected, "row {at}, held: {is_held}");
    }
    assert_eq!(times.len(), own.len());
}

fn kill_when(mut child: Child, is_time: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_time() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "it did not get there"
        );
        assert_eq!(child.try_wait().unwrap(), None, "it ended by itself");
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_server_that_gives_other_vectors_the_second_time_is_told_by_how_much() {
    let server = VectorsServer::start(|number, _| match number {
        1 => Fault::Shifted(0.5),
        _ => Fault::None,
    });
    let folder = study(&server.url(), "");
    run(&folder, &["eval", "plugins.toml", "--out", "run"]).ending_with(0);
    let results = std::fs::read(folder.file("run/results.json")).unwrap();
    let results: Value = serde_json::from_slice(&results).unwrap();
    let repeated = &results["encoders"][0]["repeated"];
    // The shortest of the first sixteen vectors changes by the largest share.
    let length = |text: &String| vector(text).iter().map(|x| x * x).sum::<f32>().sqrt();
    let shortest = asked_texts(&folder)[..16]
        .iter()
        .map(length)
        .fold(f32::INFINITY, f32::min);
    let expected = f64::from(0.5 / shortest);
    let found = repeated["largest"].as_f64().unwrap();
    assert!((found - expected).abs() < 1e-5, "{found}, {expected}");
    assert_eq!(repeated["texts"], 16);
    let findings = results["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|finding| finding["code"] == "unsteady-server"),
        "{findings:?}"
    );
}

#[test]
fn an_exported_model_contacts_nobody_until_the_user_names_the_server() {
    let server = VectorsServer::sound();
    let folder = study(&server.url(), "");
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"",
        "plugin = \"ridge\"\nexport_models = true",
    );
    run(&folder, &["eval", "plugins.toml", "--out", "run"]).ending_with(0);
    let n_requests = server.requests().len();
    folder.write("new.csv", "id,text\nn1,sunny garden\nn2,rain and bills\n");
    let predict = |more: &[&str]| {
        let model = "run/models/served__ridge__mood.ocean";
        run(&folder, &[&["predict", model, "new.csv"], more].concat())
    };
    let refused = predict(&[]).ending_with(2).stderr;
    assert!(
        refused.contains("some/model") && refused.contains(&server.url()),
        "{refused}"
    );
    assert!(refused.contains("try: --endpoint URL"), "{refused}");
    let elsewhere = format!("http://127.1:{}/v1", server.port);
    let refused = predict(&["--endpoint", &elsewhere]).ending_with(2).stderr;
    assert!(refused.contains("try: --send-texts"), "{refused}");
    assert_eq!(server.requests().len(), n_requests);

    let asked = predict(&["--endpoint", &server.url()])
        .ending_with(0)
        .stdout;
    assert_eq!(
        server.texts()[40 + 16..][..2],
        ["sunny garden", "rain and bills"]
    );
    let allowed = predict(&["--endpoint", &elsewhere, "--send-texts"])
        .ending_with(0)
        .stdout;
    assert_eq!(asked, allowed);
    let columns = (0..WIDTH)
        .map(|at| format!("x{at}"))
        .collect::<Vec<_>>()
        .join(",");
    let row = |id: &str, text: &str| {
        let numbers = vector(text)
            .map(|number| f64::from(number).to_string())
            .join(",");
        format!("{id},{numbers}\n")
    };
    let table = format!(
        "id,{columns}\n{}{}",
        row("n1", "sunny garden"),
        row("n2", "rain and bills")
    );
    folder.write("new_vectors.csv", table);
    let given = predict(&["--embeddings", "new_vectors.csv"])
        .ending_with(0)
        .stdout;
    assert_eq!(asked, given);
}

#[test]
fn a_planned_study_asks_once_and_ends_as_eval_does() {
    let server = VectorsServer::sound();
    let folder = study(&server.url(), "");
    run(
        &folder,
        &["eval", "plugins.toml", "--out", "whole", "--cache", "own"],
    )
    .ending_with(0);
    let n_texts = server.texts().len();
    for arguments in [
        &["plan", "plugins.toml", "--out", "planned", "--shards", "2"][..],
        &["run", "planned", "--shard", "1/2"],
        &["run", "planned", "--shard", "2/2"],
        &["merge", "planned"],
    ] {
        run(&folder, arguments).ending_with(0);
    }
    for file in ["results.csv", "results.json", "methods.txt"] {
        let read =
            |run: &str| std::fs::read_to_string(folder.file(&format!("{run}/{file}"))).unwrap();
        assert_eq!(read("whole"), read("planned"), "{file}");
    }
    let sent = &server.texts()[n_texts..];
    let times = |text: &String| sent.iter().filter(|one| *one == text).count();
    let own = own_texts(&folder);
    assert!(own.iter().all(|text| times(text) >= 1), "{sent:?}");
    // Sixteen are sent twice when a few texts are measured for the plan, or, those being fewer, by
    // the first shard.
    let n_again = sent.len() - own.len();
    assert!((16..=32).contains(&n_again), "{n_again}");
}
