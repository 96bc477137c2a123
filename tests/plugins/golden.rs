//! Size and offset of every field, against a table that was checked in: whoever moves a field sees
//! it here first.

use ocean_plugin_abi::{StructShape, all_shapes};
use std::fmt::Write;

const GOLDEN: &str = include_str!("../golden/abi_layout_64bit.txt");

#[test]
#[cfg(target_pointer_width = "64")]
fn no_field_of_a_published_struct_has_moved() {
    let now = table(&all_shapes());
    assert_eq!(
        now, GOLDEN,
        "the layout differs from tests/golden/abi_layout_64bit.txt; it now is\n{now}"
    );
}

#[test]
fn every_interface_and_every_struct_is_listed_once() {
    let mut names: Vec<&str> = all_shapes().iter().map(|shape| shape.c_name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
    let header = include_str!("../../core/abi/include/ocean_plugin.h");
    let in_header = header
        .lines()
        .filter(|line| line.starts_with("typedef struct ") && line.contains('{'))
        .count();
    assert_eq!(
        in_header, all,
        "structs in the header, structs in the mirror"
    );
}

/// `ocean_str 16 8` for a struct (size, alignment), `  ptr 0 8` for a field (offset, size).
fn table(shapes: &[StructShape]) -> String {
    let mut text = String::new();
    for shape in shapes {
        writeln!(text, "{} {} {}", shape.c_name, shape.size, shape.align).unwrap();
        for field in shape.fields {
            writeln!(text, "  {} {} {}", field.name, field.offset, field.size).unwrap();
        }
    }
    text
}
