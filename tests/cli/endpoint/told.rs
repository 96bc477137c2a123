//! Who sees texts and key: the server that the user typed, and nobody else.

use ocean_tests::vectors_server::{Fault, VectorsServer};

use super::{KEY, command, encode, run, study};
use crate::cli::folder::Folder;
use crate::cli::host::Ran;
use crate::cli::outputs::bytes;

/// Whether a file below a folder holds the key or a piece of it, in whatever case.
fn holds_key(folder: &Folder, below: &str) -> bool {
    let files = bytes(&folder.file(below));
    assert!(!files.is_empty(), "{below}");
    files
        .values()
        .any(|bytes| says_key(&String::from_utf8_lossy(bytes)))
}

fn says_key(text: &str) -> bool {
    let (text, key) = (text.to_lowercase(), KEY.to_lowercase());
    (0..key.len() - 8).any(|at| text.contains(&key[at..at + 8]))
}

#[test]
fn the_key_is_in_no_file_and_no_message_whatever_the_server_says() {
    let keys = "api_key_env = \"OCEAN_TEST_KEY\"\n";
    let server = VectorsServer::sound();
    let folder = study(&server.url(), keys);
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"",
        "plugin = \"ridge\"\nexport_models = true",
    );
    let ran = run(&folder, &["eval", "plugins.toml", "--out", "run"]).ending_with(0);
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.authorization.is_some())
    );
    assert!(!holds_key(&folder, "run") && !holds_key(&folder, "cache"));
    assert!(!says_key(&(ran.stdout + &ran.stderr)));
    // Another key opens the same door.
    folder.replace("plugins.toml", keys, "");
    run(&folder, &["eval", "plugins.toml", "--out", "run"]).ending_with(0);

    let says = |status, words: String| Fault::Instead(status, String::new(), words);
    let echo = format!(
        "{{\"error\": {{\"message\": \"Bearer {KEY} and {} are wrong\"}}}}",
        &KEY[3..20]
    );
    let upper = format!("{{\"data\": null, \"error\": \"{}\"}}", KEY.to_uppercase());
    let location = format!("location: http://other.example/{KEY}\r\n");
    let faults = [
        says("401 Unauthorized", echo.clone()),
        says("400 Bad Request", echo),
        says("200 OK", upper),
        Fault::Instead("302 Found", location, String::new()),
        says("200 OK", format!("{{\"data\": \"{KEY}\"}}")),
    ];
    for fault in faults {
        let server = VectorsServer::start(move |_, _| fault.clone());
        let folder = study(&server.url(), keys);
        let ran = run(&folder, &["eval", "plugins.toml", "--out", "run"]).ending_with(1);
        assert!(ran.stderr.contains("encoder `served`"), "{}", ran.stderr);
        assert!(
            !says_key(&(ran.stdout + &ran.stderr)),
            "{:?}",
            server.requests()
        );
        assert!(
            !bytes(&folder.path().join("."))
                .values()
                .any(|bytes| says_key(&String::from_utf8_lossy(bytes)))
        );
    }
    // Typed where its variable should be named, it is not shown either.
    let folder = study(&server.url(), &format!("api_key_env = \"{KEY}\"\n"));
    let refused = encode(&folder).ending_with(2).stderr;
    assert!(
        refused.contains("is not the name of a variable") && !says_key(&refused),
        "{refused}"
    );
}

#[test]
fn a_redirect_is_followed_with_neither_texts_nor_key() {
    let other = VectorsServer::sound();
    let location = format!("location: {}/embeddings\r\n", other.url());
    let server = VectorsServer::start(move |_, _| {
        Fault::Instead("307 Temporary Redirect", location.clone(), String::new())
    });
    let folder = study(&server.url(), "api_key_env = \"OCEAN_TEST_KEY\"\n");
    let failed = encode(&folder).ending_with(1).stderr;
    assert!(
        failed.contains("where neither texts nor key are sent"),
        "{failed}"
    );
    assert_eq!(server.requests().len(), 1);
    assert!(other.requests().is_empty());
}

/// `127.1` is this machine for the system, and another one for who reads addresses literally.
#[test]
fn texts_leave_the_machine_only_where_that_is_allowed_and_the_report_says_so() {
    let server = VectorsServer::sound();
    let elsewhere = format!("http://127.1:{}/v1", server.port);
    let folder = study(&elsewhere, "");
    for arguments in [
        &["eval", "plugins.toml", "--dry-run"][..],
        &["encode", "plugins.toml"],
    ] {
        let refused = run(&folder, arguments).ending_with(2).stderr;
        assert!(
            refused.contains(
                "is on another machine: the texts of this study would leave this one, for 127.1"
            ) && refused.contains("try: send_texts = true"),
            "{refused}"
        );
    }
    folder.replace("plugins.toml", "model = ", "send_texts = true\nmodel = ");
    let dry = run(&folder, &["eval", "plugins.toml", "--dry-run"])
        .ending_with(0)
        .stdout;
    let expected = format!(
        "`served`: 0 of 40 different texts are in the cache; 40 would be sent to {elsewhere} (127.1, another machine), and 16 of them a second time."
    );
    assert!(dry.contains(&expected), "{dry}");
    assert!(
        dry.contains("`served`: Texts go to 127.1 without encryption"),
        "{dry}"
    );
    let mut offline = command(&folder, &["encode", "plugins.toml"]);
    let offline = Ran::of(&offline.env("HF_HUB_OFFLINE", "1").output().unwrap()).ending_with(1);
    assert!(
        offline.stderr.contains("nothing is sent to 127.1"),
        "{}",
        offline.stderr
    );
    assert!(server.requests().is_empty());

    run(&folder, &["eval", "plugins.toml", "--out", "run"]).ending_with(0);
    let methods = std::fs::read_to_string(folder.file("run/methods.txt")).unwrap();
    let expected =
        format!("the texts were sent to another machine: {elsewhere}, model some/model.");
    assert!(methods.contains(&expected), "{methods}");
    assert!(methods.contains("16 texts sent to it a second time came back with numbers that differed by at most 0 of a vector's length."));
    let report = std::fs::read_to_string(folder.file("run/report.md")).unwrap();
    assert!(report.contains("another machine"), "{report}");
    let dry = run(&folder, &["eval", "plugins.toml", "--dry-run"])
        .ending_with(0)
        .stdout;
    assert!(
        dry.contains("40 of 40 different texts are in the cache, nothing is sent"),
        "{dry}"
    );
}

#[test]
fn what_is_said_to_no_server_or_beside_one_is_refused() {
    let sound = "http://localhost:8080/v1";
    for (endpoint, keys, expected) in [
        (
            sound,
            "plugin = \"lexical\"\n",
            "vectors come from one place",
        ),
        (
            sound,
            "download = true\n",
            "has no meaning beside `endpoint`",
        ),
        (
            sound,
            "isolation = \"process\"\n",
            "has no meaning beside `endpoint`",
        ),
        (sound, "ids = \"ids.txt\"\n", "this encoder is an endpoint"),
        (sound, "dim = 4\n", "has no key `dim`"),
        (
            "http://user:secret@localhost/v1",
            "",
            "holds a name or a password",
        ),
        ("http://localhost/v1?api-key=secret", "", "holds `?` or `#`"),
    ] {
        let refused = encode(&study(endpoint, keys)).ending_with(2).stderr;
        assert!(
            refused.contains(expected) && !refused.contains("secret"),
            "{refused}"
        );
    }
    for key in ["api_key_env = \"X\"", "dimensions = 2", "send_texts = true"] {
        let folder = Folder::sound();
        folder.replace(
            "plugins.toml",
            "plugin = \"lexical\"",
            &format!("plugin = \"lexical\"\n{key}"),
        );
        let refused = encode(&folder).ending_with(2).stderr;
        assert!(refused.contains("belongs to `endpoint`"), "{refused}");
    }
}
