//! The report in a real browser: nothing overflows, nothing is without a name or too pale, nothing
//! is asked for, nothing goes wrong.

mod chromium;

use std::path::{Path, PathBuf};
use std::process::Command;

use chromium::Browser;
use ocean_tests::skip::needs;
use ocean_tests::workspace::{built, root};
use serde_json::{Value, json};

const AUDIT: &str = include_str!("audit.js");

/// Media, colours and width in CSS pixels: a desk, a tablet, two phones, the text block of an A4
/// page.
const SCREENS: [(&str, &str, u32); 6] = [
    ("screen", "light", 1200),
    ("screen", "dark", 1200),
    ("screen", "light", 768),
    ("screen", "dark", 390),
    ("screen", "light", 320),
    ("print", "dark", 718),
];

fn browser() -> Option<Browser> {
    let program = chromium::program();
    needs("chromium", program.is_some()).then(|| Browser::start(&program.unwrap()))
}

/// What the audit finds, on every screen, each with the screen in front.
fn faults(browser: &mut Browser, page: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for (media, scheme, width) in SCREENS {
        browser.show_on(media, scheme, width);
        browser.open(page);
        let found = browser.value_of(AUDIT);
        let found = found.as_array().unwrap().iter();
        faults.extend(
            found.map(|fault| format!("{media} {scheme} {width}: {}", fault.as_str().unwrap())),
        );
        let asked = browser.events_of("Network.requestWillBeSent");
        let asked = asked
            .iter()
            .map(|event| event["params"]["request"]["url"].as_str().unwrap());
        faults.extend(asked.skip(1).map(|url| format!("request: {url}")));
        for said in [
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Log.entryAdded",
        ] {
            faults.extend(
                browser
                    .events_of(said)
                    .iter()
                    .map(|event| format!("console: {}", event["params"])),
            );
        }
    }
    faults
}

/// The reports that are looked at: two real studies, one of them without a finding, and the one
/// with every oddity.
fn reports(folder: &Path) -> Vec<PathBuf> {
    let study = folder.join("study");
    std::fs::create_dir_all(&study).unwrap();
    for file in std::fs::read_dir(root().join("examples/quickstart")).unwrap() {
        let file = file.unwrap().path();
        if file.is_file() {
            std::fs::copy(&file, study.join(file.file_name().unwrap())).unwrap();
        }
    }
    let run = |out: &str, settings: &[&str]| {
        let mut host = Command::new(&built().host);
        host.current_dir(&study)
            .args(["eval", "plugins.toml", "--quiet", "--out", out]);
        host.arg("--cache").arg(study.join("cache"));
        for setting in settings {
            host.args(["--set", setting]);
        }
        let ran = host.output().unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        study.join(out).join("report.html")
    };
    vec![
        run("quickstart", &["evaluation.permutations=99"]),
        run(
            "nothing",
            &[
                "evaluation.permutations=99",
                "data.targets=[\"neuroticism\"]",
                "evaluation.smallest_effect=0.05",
            ],
        ),
        root().join("tests/golden/report/odd.report.html"),
    ]
}

#[test]
fn the_report_is_sound_on_every_screen_and_on_paper() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    for page in reports(folder.path()) {
        let found = faults(&mut browser, &page);
        assert!(
            found.is_empty(),
            "{}:\n{}",
            page.display(),
            found.join("\n")
        );
    }
}

/// The audit can fail: each fault alone, on a page that is sound otherwise.
#[test]
fn the_audit_finds_each_fault() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    let mut found_on = |inside: &str| {
        let text = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>t</title>\
             <body style=\"background:#fff;color:#000\"><header><h1>t</h1></header><nav>n</nav><main>{inside}</main><footer>f</footer></body></html>"
        );
        std::fs::write(&page, text).unwrap();
        faults(&mut browser, &page)
    };
    assert_eq!(found_on("<p>sound</p>"), Vec::<String>::new());
    let faulty = [
        ("<p style=\"width:3000px\">wide</p>", "overflow"),
        (
            "<div style=\"overflow-x:auto\" class=\"wide\"><p style=\"width:3000px\">wide</p></div>",
            "keyboard",
        ),
        (
            "<svg role=\"img\" aria-label=\"s\" width=\"50\" height=\"20\"><text x=\"40\" y=\"15\">far out</text></svg>",
            "cut",
        ),
        ("<svg width=\"50\" height=\"20\"></svg>", "alt"),
        ("<img width=\"5\" height=\"5\">", "alt"),
        ("<table><tr><td>1</td></tr></table>", "table"),
        ("<h3>deep</h3>", "headings"),
        ("<a href=\"#gone\">gone</a>", "link"),
        ("<p style=\"color:#999\">pale</p>", "contrast"),
        (
            "<svg role=\"img\" aria-label=\"s\" width=\"90\" height=\"20\"><rect width=\"90\" height=\"20\" fill=\"#333\"/><text x=\"5\" y=\"15\">dark on dark</text></svg>",
            "contrast",
        ),
        ("<link rel=\"stylesheet\" href=\"gone.css\">", "request"),
        ("<script>console.error('no')</script>", "console"),
        ("<script>gone()</script>", "console"),
    ];
    for (inside, fault) in faulty {
        let found = found_on(inside);
        assert!(
            found.iter().any(|line| line.contains(&format!("{fault}:"))),
            "{inside}: {found:?}"
        );
    }
}

#[test]
fn a_click_or_the_enter_key_on_a_heading_sorts_its_table_both_ways() {
    let Some(mut browser) = browser() else { return };
    browser.open(&root().join("tests/golden/report/odd.report.html"));
    let column = "[...document.querySelector('table.sorts').tBodies[0].rows].map(row => row.cells[4].textContent)";
    let before = browser.value_of(column);
    let button = "document.querySelectorAll('table.sorts')[0].querySelectorAll('thead button')[4]";
    browser.value_of(&format!("{button}.click()"));
    let up = browser.value_of(column);
    browser.value_of(&format!("{button}.focus()"));
    for kind in ["keyDown", "keyUp"] {
        browser.ask("Input.dispatchKeyEvent", json!({"type": kind, "key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}));
    }
    let down = browser.value_of(column);
    let numbers = |value: &Value| -> Vec<f64> {
        let texts = value.as_array().unwrap().iter();
        texts
            .map(|text| text.as_str().unwrap().replace('−', "-").parse().unwrap())
            .collect()
    };
    let (mut sorted, up, down) = (numbers(&before), numbers(&up), numbers(&down));
    sorted.sort_by(f64::total_cmp);
    assert_ne!(numbers(&before), sorted, "nothing to sort");
    assert_eq!(up, sorted);
    sorted.reverse();
    assert_eq!(down, sorted);
    let direction = browser.value_of(&format!("{button}.parentElement.getAttribute('aria-sort')"));
    assert_eq!(direction, "descending");
}

#[test]
fn the_report_prints_to_a_pdf_of_few_pages() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    for page in reports(folder.path()) {
        browser.open(&page);
        let parameters = json!({"paperWidth": 8.27, "paperHeight": 11.69});
        let printed = browser.ask("Page.printToPDF", parameters);
        // Base64: 4 digits for 3 bytes.
        let bytes = printed["data"].as_str().unwrap().len() * 3 / 4;
        assert!(
            (20_000..2_000_000).contains(&bytes),
            "{}: {bytes} bytes",
            page.display()
        );
    }
}
