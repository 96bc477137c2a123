use super::*;

/// A file as NumPy writes it, version 1.0: magic, length of the header, header padded to 64,
/// data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut text = header.to_owned();
    while !(10 + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(data);
    bytes
}

fn header(descr: &str, is_fortran: bool, shape: &str) -> String {
    let order = if is_fortran { "True" } else { "False" };
    format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}")
}

#[test]
fn both_orders_and_both_widths_give_the_same_matrix() {
    let expected = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let f8 =
        |numbers: &[f64]| -> Vec<u8> { numbers.iter().flat_map(|n| n.to_le_bytes()).collect() };
    let f4 =
        |numbers: &[f32]| -> Vec<u8> { numbers.iter().flat_map(|n| n.to_le_bytes()).collect() };
    let by_row = file(
        &header("'<f8'", false, "(2, 3)"),
        &f8(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
    );
    let by_column = file(
        &header("'<f8'", true, "(2, 3)"),
        &f8(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]),
    );
    let narrow = file(
        &header("'<f4'", false, "(2, 3)"),
        &f4(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
    );
    for bytes in [by_row, by_column, narrow] {
        assert_eq!(read(&bytes).unwrap(), expected);
    }
}

#[test]
fn what_is_written_reads_back_to_the_same_bits() {
    let values = [0.1, -0.0, f64::MIN_POSITIVE, 1e300];
    let mut bytes = Vec::new();
    write_f64(&mut bytes, 2, &values).unwrap();
    assert_eq!(
        read(&bytes).unwrap(),
        DMatrix::from_row_slice(2, 2, &values)
    );
    let mut bytes = Vec::new();
    write_f32(&mut bytes, 1, &[0.1_f32]).unwrap();
    assert_eq!(read(&bytes).unwrap()[0], f64::from(0.1_f32));
    assert!(write_f32(Vec::new(), 2, &[1.0]).is_err());
}

#[test]
fn half_floats_and_whole_numbers_of_either_order_are_read() {
    let read = |descr: &str, data: &[u8]| {
        let file = file(&header(descr, false, "(1, 2)"), data);
        read(&file).unwrap().iter().copied().collect::<Vec<f64>>()
    };
    assert_eq!(read("'<f2'", &[0x00, 0x3c, 0x00, 0xc1]), [1.0, -2.5]);
    assert_eq!(
        read("'>f4'", &[0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0]),
        [1.0, -2.5]
    );
    assert_eq!(read("'|i1'", &[127, 0x80]), [127.0, -128.0]);
    assert_eq!(read("'|u1'", &[127, 0x80]), [127.0, 128.0]);
    assert_eq!(read("'>i2'", &[0xff, 0xfe, 1, 0]), [-2.0, 256.0]);
    assert_eq!(read("'<u4'", &[0xff; 8]), [4_294_967_295.0; 2]);
    assert_eq!(read("'<i8'", &[0xff; 16]), [-1.0; 2]);
}

#[test]
fn ids_are_texts_or_whole_numbers() {
    let ids =
        |descr: &str, shape: &str, data: &[u8]| ids(&file(&header(descr, false, shape), data));
    let wide: Vec<u8> = "s1\0ü尺\0"
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect();
    assert_eq!(ids("'<U3'", "(2,)", &wide).unwrap(), ["s1", "ü尺"]);
    assert_eq!(ids("'|S2'", "(2,)", b"a\0bc").unwrap(), ["a", "bc"]);
    assert_eq!(
        ids("'<i2'", "(2,)", &[0xff, 0xff, 7, 0]).unwrap(),
        ["-1", "7"]
    );
    assert_eq!(
        ids("'<u8'", "(1,)", &[0xff; 8]).unwrap(),
        [u64::MAX.to_string()]
    );
    for (descr, shape, said) in [
        (
            "'<f8'",
            "(1,)",
            "holds ids of type \"<f8\"; expected texts or whole numbers, as ids.astype(str) gives",
        ),
        ("'|O'", "(1,)", "holds ids of type \"|O\""),
        ("'<U9999999999999999999'", "(1,)", "holds ids of type"),
        ("'<U4611686018427387904'", "(1,)", "holds ids of type"),
        (
            "'<i8'",
            "(1, 1)",
            "has shape (1, 1); expected (rows,), one id a row",
        ),
        (
            "'<i8'",
            "(2,)",
            "is cut off or too long: 2 ids, and 8 bytes follow the header",
        ),
    ] {
        let refused = ids(descr, shape, &[0xff; 8]).unwrap_err();
        assert!(refused.starts_with(said), "{refused}");
    }
    assert_eq!(
        ids("'<U1'", "(2,)", &[0xff; 8]).unwrap_err(),
        "holds ids that are no text"
    );
}

#[test]
fn every_unusable_array_is_one_clear_line() {
    let shape = |text: &str| file(&header("'<f4'", false, text), &[0; 24]);
    let dtype = |text: &str| file(&header(text, false, "(2, 3)"), &[0; 24]);
    let cases = [
        (
            shape("(6,)"),
            "has shape (6,); expected (rows, dimensions), both above 0",
        ),
        (
            shape("(1, 2, 3)"),
            "has shape (1, 2, 3); expected (rows, dimensions), both above 0",
        ),
        (
            shape("(0, 3)"),
            "has shape (0, 3); expected (rows, dimensions), both above 0",
        ),
        (
            shape("(2, 4)"),
            "is cut off or too long: 2 × 4 numbers take 32 bytes, and 24 follow the header",
        ),
        (
            shape("(2, 2)"),
            "is cut off or too long: 2 × 2 numbers take 16 bytes, and 24 follow the header",
        ),
        (
            shape("(9000000000000000000, 9000000000000000000)"),
            "is cut off or too long: 9000000000000000000 × 9000000000000000000 numbers take no possible number of bytes, and 24 follow the header",
        ),
        (
            dtype("'|O'"),
            "holds numbers of type \"|O\"; expected floats or whole numbers, as x.astype('float32') gives",
        ),
        (
            dtype("[('x', '<f4'), ('y', '<f4')]"),
            "holds numbers of type \"[('x', '<f4'), ('y', '<f4')]\"; expected floats or whole numbers, as x.astype('float32') gives",
        ),
        (shape("(2, -3)"), DAMAGED),
        (shape("2"), DAMAGED),
    ];
    for (bytes, message) in cases {
        assert_eq!(read(&bytes).unwrap_err(), message);
    }
    let whole = shape("(2, 3)");
    for length in 0..whole.len() {
        let message = read(&whole[..length]).unwrap_err();
        let is_header = [DAMAGED, NOT_NPY].contains(&message.as_str());
        assert!(
            is_header || message.starts_with("is cut off or too long"),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}
