//! Tables as other programs write them: the same study, the same numbers.

use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::cli::folder::Folder;

/// A workbook of some sheets, each from the lines of a table without quotes: numbers as numbers.
pub fn xlsx(sheets: &[(&str, &str)]) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const RELATIONS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, content: &str| {
        archive
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    };
    add(
        "_rels/.rels",
        &format!(
            "<Relationships xmlns=\"{RELATIONS}\"><Relationship Id=\"r\" Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
        ),
    );
    let (mut names, mut files) = (String::new(), String::new());
    for (at, (name, table)) in sheets.iter().enumerate() {
        let mut rows = String::new();
        for line in table.lines() {
            let cells = line.split(',').map(|field| match field.parse::<f64>() {
                Ok(number) => format!("<c><v>{number}</v></c>"),
                Err(_) if field.is_empty() => "<c/>".to_owned(),
                Err(_) => format!("<c t=\"inlineStr\"><is><t>{field}</t></is></c>"),
            });
            writeln!(rows, "<row>{}</row>", cells.collect::<String>()).unwrap();
        }
        let file = format!("worksheets/sheet{at}.xml");
        add(
            &format!("xl/{file}"),
            &format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>"),
        );
        write!(
            names,
            "<sheet name=\"{name}\" sheetId=\"{}\" r:id=\"r{at}\"/>",
            at + 1
        )
        .unwrap();
        write!(
            files,
            "<Relationship Id=\"r{at}\" Type=\"{OFFICE}/worksheet\" Target=\"{file}\"/>"
        )
        .unwrap();
    }
    add(
        "xl/workbook.xml",
        &format!(
            "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>{names}</sheets></workbook>"
        ),
    );
    add(
        "xl/_rels/workbook.xml.rels",
        &format!("<Relationships xmlns=\"{RELATIONS}\">{files}</Relationships>"),
    );
    archive.finish().unwrap().into_inner()
}

/// Runs the study and gives its table of results.
fn results(folder: &Folder) -> String {
    let small = ["--quiet", "--fresh", "--set", "evaluation.controls=false"];
    folder.eval(&small).ending_with(0);
    fs::read_to_string(folder.file("run/results.csv")).unwrap()
}

/// With semicolons and decimal commas, as Excel writes .csv in much of Europe.
fn with_semicolons(table: &str) -> String {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(fields.len(), 3, "no quotes in {line}");
        format!(
            "{};{};{}\r\n",
            fields[0],
            fields[1],
            fields[2].replace('.', ",")
        )
    };
    table.lines().map(line).collect()
}

#[test]
fn a_study_in_the_files_of_other_programs_has_the_same_numbers_and_says_how_they_were_read() {
    let folder = Folder::sound();
    let table = fs::read_to_string(folder.file("texts.csv")).unwrap();
    let expected = results(&folder);

    let semicolons = with_semicolons(&table);
    folder.write("texts.csv", &semicolons);
    assert_eq!(results(&folder), expected);
    let plan = folder.eval(&["--dry-run"]).ending_with(0).stdout;
    for said in [
        "texts.csv: its fields are separated by `;`\n",
        "texts.csv: read with decimal commas: `mood`\n",
        "# delimiter is not set\n",
    ] {
        assert!(plan.contains(said), "{said}\n{plan}");
    }
    let report = fs::read_to_string(folder.file("run/results.json")).unwrap();
    assert!(report.contains("its fields are separated by `;`"));

    // Excel's "Unicode text".
    let tabs = semicolons.replace(';', "\t");
    let units = tabs.encode_utf16().flat_map(u16::to_le_bytes);
    folder.write("texts.txt", [vec![0xff, 0xfe], units.collect()].concat());
    folder.replace("plugins.toml", "texts.csv", "texts.txt");
    assert_eq!(results(&folder), expected);

    folder.write(
        "texts.xlsx",
        xlsx(&[("texts", &table), ("notes", "who,what\nme,this")]),
    );
    folder.replace(
        "plugins.toml",
        "path = \"texts.txt\"",
        "path = \"texts.xlsx\"\nsheet = \"texts\"",
    );
    assert_eq!(results(&folder), expected);
    folder.replace(
        "plugins.toml",
        "path = \"texts.xlsx\"\nsheet = \"texts\"",
        "path = \"texts.txt\"",
    );

    // What must be said is said with the line to write.
    let mut latin = table.replace("music", "m\0sic").into_bytes();
    latin
        .iter_mut()
        .filter(|byte| **byte == 0)
        .for_each(|byte| *byte = 0xfc); // ü
    folder.write("texts.txt", &latin);
    let refused = folder.eval(&[]).ending_with(2).stderr;
    assert!(
        refused.contains("try: encoding = \"windows-1252\""),
        "{refused}"
    );
    let said = [
        "--dry-run",
        "--set",
        "data.encoding=\"windows-1252\"",
        "--set",
        "data.delimiter=\",\"",
    ];
    folder.eval(&said).ending_with(0);
}
