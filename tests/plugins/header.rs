//! The header against the mirror: every size, offset, number and name, asserted by a C and a C++
//! compiler.

use ocean_plugin_abi as abi;
use ocean_tests::{fixtures, skip};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"];

#[test]
fn the_header_is_clean_c99_and_says_what_the_mirror_says() {
    // C99 has no static assertion; an array of size −1 is refused everywhere.
    let assertion =
        |number: usize, claim: &str| format!("typedef char claim_{number}[({claim}) ? 1 : -1];");
    compile(
        "cc",
        "-std=c99",
        "c",
        "ocean_plugin.h",
        &fixtures::headers(),
        assertion,
    );
}

#[test]
fn the_header_is_clean_cpp17_and_says_what_the_mirror_says() {
    let has_cpp = Command::new("c++").arg("--version").output().is_ok();
    if skip::needs("c++", has_cpp) {
        let assertion = |_: usize, claim: &str| format!("static_assert({claim});");
        compile(
            "c++",
            "-std=c++17",
            "c++",
            "ocean_plugin.h",
            &fixtures::headers(),
            assertion,
        );
    }
}

#[test]
fn the_frozen_header_still_says_what_the_mirror_says() {
    let folder = fixtures::sources().join("frozen");
    let assertion =
        |number: usize, claim: &str| format!("typedef char claim_{number}[({claim}) ? 1 : -1];");
    compile(
        "cc",
        "-std=c99",
        "c",
        "ocean_plugin_v1_2026-11.h",
        &folder,
        assertion,
    );
}

#[test]
fn a_claim_that_is_wrong_does_not_compile() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("claims.c");
    let wrong =
        "#include \"ocean_plugin.h\"\ntypedef char claim[(sizeof(ocean_str) == 17) ? 1 : -1];\n";
    std::fs::write(&source, wrong).unwrap();
    let output = compiler("cc", "-std=c99", "c", &fixtures::headers(), &source);
    assert!(!output.status.success());
}

#[test]
fn the_header_lacks_nothing_of_the_mirror() {
    let header = std::fs::read_to_string(fixtures::headers().join("ocean_plugin.h")).unwrap();
    for shape in abi::all_shapes() {
        let opening = format!("typedef struct {} {{", shape.c_name);
        assert!(header.contains(&opening), "{opening}");
    }
    for (name, _) in numbers() {
        assert!(header.contains(&format!("#define {name} ")), "{name}");
    }
}

#[test]
fn the_texts_of_the_header_are_those_of_the_mirror() {
    let header = std::fs::read_to_string(fixtures::headers().join("ocean_plugin.h")).unwrap();
    for (name, text) in [
        ("OCEAN_ID_REGRESSOR", abi::id::REGRESSOR),
        ("OCEAN_ID_LINEAR", abi::id::LINEAR),
        ("OCEAN_ID_BATCH", abi::id::BATCH),
        ("OCEAN_ID_PATH", abi::id::PATH),
        ("OCEAN_ID_MOMENTS", abi::id::MOMENTS),
        ("OCEAN_ID_ERRORS", abi::id::ERRORS),
        ("OCEAN_ID_STATE", abi::id::STATE),
        ("OCEAN_ID_ENCODER", abi::id::ENCODER),
        ("OCEAN_ID_ENCODER_INFO", abi::id::ENCODER_INFO),
    ] {
        assert!(
            header.contains(&format!("#define {name} \"{text}\"")),
            "{name}"
        );
    }
    assert!(header.contains(&format!("*{}(void);", abi::ENTRY_SYMBOL)));
}

fn compile(
    program: &str,
    standard: &str,
    language: &str,
    header: &str,
    folder: &Path,
    assertion: impl Fn(usize, &str) -> String,
) {
    let text = std::fs::read_to_string(folder.join(header)).unwrap();
    let mut source = format!("#include \"{header}\"\n");
    for (number, claim) in claims_about(&text).iter().enumerate() {
        writeln!(source, "{}", assertion(number, claim)).unwrap();
    }
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("claims.c");
    std::fs::write(&file, source).unwrap();
    let output = compiler(program, standard, language, folder, &file);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {standard}:\n{said}");
}

fn compiler(
    program: &str,
    standard: &str,
    language: &str,
    headers: &Path,
    file: &Path,
) -> std::process::Output {
    Command::new(program)
        .args([standard, "-x", language])
        .args(STRICT)
        .arg("-I")
        .arg(headers)
        .arg(file)
        .output()
        .unwrap()
}

/// Everything the mirror says of what stands in the header, as C expressions that must be true. A
/// frozen header has not heard of what came later.
fn claims_about(header: &str) -> Vec<String> {
    let mut claims = Vec::new();
    for shape in abi::all_shapes() {
        let name = shape.c_name;
        if !header.contains(&format!("typedef struct {name} {{")) {
            continue;
        }
        claims.push(format!("sizeof({name}) == {}", shape.size));
        for field in shape.fields {
            let path = format!("{name}, {}", field.name);
            claims.push(format!("offsetof({path}) == {}", field.offset));
            claims.push(format!(
                "sizeof((({name} *)0)->{}) == {}",
                field.name, field.size
            ));
        }
    }
    for (name, value) in numbers() {
        if header.contains(&format!("#define {name} ")) {
            claims.push(format!("{name} == {value}"));
        }
    }
    claims
}

fn numbers() -> Vec<(&'static str, i64)> {
    vec![
        ("OCEAN_MAGIC", i64::from(abi::MAGIC)),
        ("OCEAN_ABI_MAJOR", i64::from(abi::ABI_MAJOR)),
        ("OCEAN_ABI_MINOR", i64::from(abi::ABI_MINOR)),
        ("OCEAN_OK", i64::from(abi::status::OK)),
        ("OCEAN_PARAM", i64::from(abi::status::PARAM)),
        ("OCEAN_SHAPE", i64::from(abi::status::SHAPE)),
        ("OCEAN_NUMERIC", i64::from(abi::status::NUMERIC)),
        ("OCEAN_CANCELLED", i64::from(abi::status::CANCELLED)),
        ("OCEAN_UNSUPPORTED", i64::from(abi::status::UNSUPPORTED)),
        ("OCEAN_PANIC", i64::from(abi::status::PANIC)),
        ("OCEAN_INTERNAL", i64::from(abi::status::INTERNAL)),
        ("OCEAN_OOM", i64::from(abi::status::OOM)),
        ("OCEAN_KIND_ENCODER", i64::from(abi::kind::ENCODER)),
        ("OCEAN_KIND_REGRESSOR", i64::from(abi::kind::REGRESSOR)),
        ("OCEAN_FLAG_THREAD_SAFE", i64::from(abi::flag::THREAD_SAFE)),
        ("OCEAN_FLAG_STRIDED", i64::from(abi::flag::STRIDED)),
        ("OCEAN_FLAG_NETWORK", i64::from(abi::flag::NETWORK)),
        (
            "OCEAN_FIT_UNCONVERGED",
            i64::from(abi::fit_flag::UNCONVERGED),
        ),
        ("OCEAN_UNKNOWN_NONZERO", i64::from(abi::UNKNOWN_NONZERO)),
        ("OCEAN_POOLING_OTHER", i64::from(abi::pooling::OTHER)),
        ("OCEAN_POOLING_MEAN", i64::from(abi::pooling::MEAN)),
        ("OCEAN_POOLING_CLS", i64::from(abi::pooling::CLS)),
        ("OCEAN_POOLING_MAX", i64::from(abi::pooling::MAX)),
        ("OCEAN_LOG_ERROR", i64::from(abi::log_level::ERROR)),
        ("OCEAN_LOG_WARN", i64::from(abi::log_level::WARN)),
        ("OCEAN_LOG_INFO", i64::from(abi::log_level::INFO)),
        ("OCEAN_LOG_DEBUG", i64::from(abi::log_level::DEBUG)),
    ]
}
