//! Replies that cannot be used, and requests that are tried again.

use std::time::{Duration, Instant};

use ocean_tests::vectors_server::{Fault, Request, VectorsServer};

use super::{assert_vectors, encode, run, study};

/// A reply that cannot be used is refused by what is wrong with it, and not asked for again.
#[test]
fn replies_that_are_short_doubled_no_numbers_or_of_another_width_are_refused_by_name() {
    let instead = |status, headers: &str, body: &str| {
        Fault::Instead(status, headers.to_owned(), body.to_owned())
    };
    let one = r#"{"data": [{"index": 0, "embedding": [1, 2]}]}"#;
    let narrow = |n: usize| {
        let item = |index: usize| format!(r#"{{"index": {index}, "embedding": [1, 2]}}"#);
        let items: Vec<String> = (0..n).map(item).collect();
        format!("{{\"data\": [{}]}}", items.join(","))
    };
    let huge = format!("{{\"data\": [{}", "[],".repeat(23 << 20));
    let cases: Vec<(&str, Fault, &str)> = vec![
        (
            "",
            instead("200 OK", "", one),
            "sent 1 vectors for 32 texts, none of index 1",
        ),
        (
            "",
            Fault::Replaced("\"index\":31", "\"index\":30"),
            "sent two vectors of index 30",
        ),
        (
            "",
            Fault::Replaced("\"index\":31", "\"index\":32"),
            "sent a vector of index 32 for 32 texts",
        ),
        (
            "",
            Fault::Replaced("\"index\":31,", ""),
            "sent a vector without `index`",
        ),
        (
            "",
            Fault::Replaced("\"embedding\":[0.", "\"embedding\":[NaN,0."),
            "sent NaN, which is no number",
        ),
        (
            "",
            Fault::Replaced("\"embedding\":[0.", "\"embedding\":[1e39,0."),
            "sent 1e39, which is no number of 32 bits",
        ),
        (
            "",
            Fault::Replaced("\"index\":31,", "\"index\":31,\"embedding\":[1],"),
            "sent something else than vectors",
        ),
        (
            "dimensions = 4\n",
            Fault::None,
            "sent a vector of 8 numbers where 4 are expected",
        ),
        ("", instead("200 OK", "", &huge), "sent more than 64 MB"),
        (
            "",
            instead("200 OK", "", "<html>\u{1b}[31m</html>"),
            "sent what is no JSON",
        ),
        (
            "",
            instead("200 OK", "", r#"{"error": {"message": "\u001b[31mred"}}"#),
            r"but a message: \u{1b}[31mred",
        ),
        (
            "",
            instead(
                "307 Temporary Redirect",
                "location: http://127.0.0.1:1/v1\r\n",
                "",
            ),
            "leads elsewhere (307, to http://127.0.0.1:1/v1)",
        ),
        (
            "",
            instead("404 Not Found", "", r#"{"error": "no such model"}"#),
            "status 404: no such model",
        ),
        (
            "",
            instead("429 Too Many Requests", "retry-after: 601\r\n", ""),
            "asks to wait 601 s",
        ),
        (
            "api_key_env = \"OCEAN_NO_SUCH_KEY\"\n",
            Fault::None,
            "OCEAN_NO_SUCH_KEY, which should hold the key (api_key_env), is not set",
        ),
    ];
    for (keys, fault, expected) in cases {
        let server = VectorsServer::start(move |_, _| fault.clone());
        let folder = study(&server.url(), keys);
        let failed = encode(&folder).ending_with(1).stderr;
        assert!(failed.contains(expected), "{expected}\n{failed}");
        assert!(
            failed.contains("encoder `served`") && failed.contains("\n  try: "),
            "{failed}"
        );
        assert!(server.requests().len() <= 1, "{expected}");
    }
    // The second reply is of another width than the first.
    let server = VectorsServer::start(move |number, request| match number {
        2 => Fault::Instead("200 OK", String::new(), narrow(request.texts().len())),
        _ => Fault::None,
    });
    let failed = encode(&study(&server.url(), "")).ending_with(1).stderr;
    assert!(
        failed.contains("sent a vector of 2 numbers where 8 are expected"),
        "{failed}"
    );
}

/// 429 with seconds and with a date that has passed, 500, a reply cut in the middle: each once.
#[test]
fn what_may_pass_is_tried_again_as_soon_as_the_server_allows() {
    let server = VectorsServer::start(|number, _| {
        let busy = |header: &str| {
            Fault::Instead("429 Too Many Requests", header.to_owned(), String::new())
        };
        match number {
            0 => busy("retry-after: 1\r\n"),
            1 => busy("retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n"),
            3 => Fault::Instead("500 Internal Server Error", String::new(), "{".to_owned()),
            5 => Fault::Cut(100),
            _ => Fault::None,
        }
    });
    let folder = study(&server.url(), "");
    let begun = Instant::now();
    encode(&folder).ending_with(0);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_vectors(&folder);
    assert_eq!(server.requests().len(), 3 + 4);
}

/// Services refuse requests that are too large; one text that is refused alone is named.
#[test]
fn a_refused_request_is_halved_until_one_text_is_left() {
    let refused = |most: usize, bad: &'static str| {
        move |_: usize, request: &Request| {
            let texts = request.texts();
            let is_refused = texts.len() > most || texts.iter().any(|text| text.contains(bad));
            let body = r#"{"error": {"message": "batch size 32 > maximum"}}"#;
            match is_refused {
                true => Fault::Instead("413 Payload Too Large", String::new(), body.to_owned()),
                false => Fault::None,
            }
        }
    };
    let server = VectorsServer::start(refused(8, "no such words"));
    let folder = study(&server.url(), "");
    encode(&folder).ending_with(0);
    assert_vectors(&folder);

    let server = VectorsServer::start(refused(32, "number 21"));
    let folder = study(&server.url(), "");
    let failed = encode(&folder).ending_with(1).stderr;
    let expected = "status 413: batch size 32 > maximum (row 15, id `t21`)";
    assert!(failed.contains(expected), "{failed}");
    // What was taken before is kept.
    assert!(
        run(&folder, &["eval", "plugins.toml", "--dry-run"])
            .stdout
            .contains("14 of 40 different texts are in the cache")
    );
}
