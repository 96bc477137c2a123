//! The table of docs/reliability.md, with the day and the commit it was made at.

use std::process::Command;

use ocean_tests::workspace::root;

use super::sweep::Swept;

const BEGIN: &str = "<!-- made by tests/faults: begin -->\n";
const END: &str = "<!-- made by tests/faults: end -->\n";

/// Writes the table into the page when `OCEAN_BLESS` is set.
pub fn bless(swept: &Swept, step: usize) {
    if std::env::var_os("OCEAN_BLESS").is_none() {
        return;
    }
    let path = root().join("docs/reliability.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let made = format!(
        "{} trials{} on {}, commit {}.\n\n{}",
        swept.n_tried(),
        match step {
            1 => String::new(),
            step => format!(", one in {step} of all that there are,"),
        },
        said(Command::new("date").args(["-u", "+%Y-%m-%d"])),
        said(
            Command::new("git")
                .args(["rev-parse", "--short", "HEAD"])
                .current_dir(root())
        ),
        swept.markdown()
    );
    std::fs::write(&path, format!("{before}{BEGIN}{made}{END}{after}")).unwrap();
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
