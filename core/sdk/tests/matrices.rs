//! Views of matrices: any strides, no element outside.

#![allow(
    clippy::unwrap_used,
    reason = "a test target: a panic here is the report"
)]

use ocean_plugin::abi;
use ocean_plugin::{Mat, MatMut};
use std::borrow::Cow;

/// 1 2 3
/// 4 5 6
const ROWS_FIRST: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
const COLUMNS_FIRST: [f64; 6] = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];

fn strided(data: &[f64], row_stride: isize, col_stride: isize) -> Mat<'_> {
    let raw = abi::Mat {
        data: data.as_ptr(),
        rows: 2,
        cols: 3,
        row_stride,
        col_stride,
    };
    // SAFETY: six values, each reached by these strides.
    unsafe { Mat::from_raw(raw) }.unwrap()
}

#[test]
fn the_same_matrix_reads_the_same_in_every_layout() {
    let by_columns = Mat::from_slice(&COLUMNS_FIRST, 2, 3).unwrap();
    let by_rows = strided(&ROWS_FIRST, 3, 1);
    for view in [by_columns, by_rows] {
        assert_eq!((view.rows(), view.cols()), (2, 3));
        assert_eq!((view.at(0, 2), view.at(1, 0)), (3.0, 4.0));
        assert_eq!(view.to_vec(), COLUMNS_FIRST);
        let columns: Vec<Vec<f64>> = view.columns().map(Cow::into_owned).collect();
        assert_eq!(columns, [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    }
    assert_eq!(by_columns.as_slice(), Some(&COLUMNS_FIRST[..]));
    assert_eq!(by_rows.as_slice(), None);
    assert!(
        matches!(by_columns.column(1), Cow::Borrowed(_)),
        "adjacent values are not copied"
    );
    assert!(matches!(by_rows.column(1), Cow::Owned(_)));
}

#[test]
fn columns_with_gaps_between_them_are_borrowed_and_the_whole_is_not() {
    let padded = [1.0, 4.0, 0.0, 2.0, 5.0, 0.0, 3.0, 6.0];
    let view = strided(&padded, 1, 3);
    assert_eq!(view.as_slice(), None);
    assert!(matches!(view.column(2), Cow::Borrowed(&[3.0, 6.0])));
    assert_eq!(view.to_vec(), COLUMNS_FIRST);
}

#[test]
fn strides_may_be_negative() {
    // SAFETY: rows from the last to the first, beginning at the last.
    let upside_down = unsafe {
        Mat::from_raw(abi::Mat {
            data: ROWS_FIRST.as_ptr().add(3),
            rows: 2,
            cols: 3,
            row_stride: -3,
            col_stride: 1,
        })
    };
    assert_eq!(
        upside_down.unwrap().to_vec(),
        [4.0, 1.0, 5.0, 2.0, 6.0, 3.0]
    );
}

#[test]
fn one_row_or_one_column_is_contiguous_whatever_the_other_stride_says() {
    let raw = abi::Mat {
        data: ROWS_FIRST.as_ptr(),
        rows: 6,
        cols: 1,
        row_stride: 1,
        col_stride: 99,
    };
    // SAFETY: six values; the second stride is never used.
    assert_eq!(
        unsafe { Mat::from_raw(raw) }.unwrap().as_slice(),
        Some(&ROWS_FIRST[..])
    );
}

#[test]
fn an_empty_matrix_needs_no_pointer() {
    // SAFETY: no element is reached.
    let empty = unsafe { Mat::from_raw(abi::Mat::column_major(std::ptr::null(), 0, 3)) }.unwrap();
    assert_eq!(empty.as_slice(), Some(&[][..]));
    assert_eq!(empty.columns().len(), 3);
    assert!(empty.column(2).is_empty());
}

#[test]
fn a_matrix_that_cannot_be_in_memory_is_refused() {
    let data = ROWS_FIRST.as_ptr();
    let odd = data.cast::<u8>().wrapping_add(1).cast::<f64>();
    let huge = usize::MAX / 2;
    for (raw, why) in [
        (abi::Mat::column_major(std::ptr::null(), 2, 3), "null"),
        (abi::Mat::column_major(odd, 2, 3), "misaligned"),
        (abi::Mat::column_major(data, huge, 3), "larger than memory"),
        (
            abi::Mat {
                data,
                rows: 2,
                cols: 2,
                row_stride: isize::MIN,
                col_stride: 1,
            },
            "larger than memory",
        ),
        (
            abi::Mat {
                data,
                rows: 3,
                cols: 3,
                row_stride: isize::MAX / 2,
                col_stride: isize::MAX / 2,
            },
            "larger than memory",
        ),
    ] {
        // SAFETY: each is refused before it is read.
        let refused = unsafe { Mat::from_raw(raw) }.unwrap_err();
        assert!(refused.message().contains(why), "{refused}");
    }
    assert!(Mat::from_slice(&ROWS_FIRST, 2, 2).is_err());
}

#[test]
#[should_panic(expected = "element (2, 0) of a 2 × 3 matrix")]
fn no_element_outside_can_be_read() {
    let _ = Mat::from_slice(&COLUMNS_FIRST, 2, 3).unwrap().at(2, 0);
}

#[test]
#[should_panic(expected = "column 3 of 3")]
fn no_column_outside_can_be_borrowed() {
    let mut data = COLUMNS_FIRST;
    let _ = MatMut::from_slice(&mut data, 2, 3).unwrap().column_mut(3);
}

#[test]
fn filling_works_in_every_layout() {
    let mut by_rows = [0.0; 6];
    let raw = abi::MatMut {
        data: by_rows.as_mut_ptr(),
        rows: 2,
        cols: 3,
        row_stride: 3,
        col_stride: 1,
    };
    // SAFETY: six values, each reached once.
    let mut view = unsafe { MatMut::from_raw(raw) }.unwrap();
    assert!(view.column_mut(0).is_none() && view.as_mut_slice().is_none());
    (0..3).for_each(|j| view.fill_column(j, &COLUMNS_FIRST[2 * j..][..2]));
    *view.reborrow().at_mut(1, 2) += 10.0;
    assert_eq!(view.as_mat().column(2), vec![3.0, 16.0]);
    assert_eq!(by_rows, [1.0, 2.0, 3.0, 4.0, 5.0, 16.0]);

    let mut by_columns = [0.0; 6];
    let mut view = MatMut::from_slice(&mut by_columns, 2, 3).unwrap();
    (0..3).for_each(|j| view.fill_column(j, &COLUMNS_FIRST[2 * j..][..2]));
    view.column_mut(0).unwrap()[1] = -4.0;
    assert_eq!(view.as_mut_slice().unwrap()[1], -4.0);
    assert_eq!(by_columns, [1.0, -4.0, 2.0, 5.0, 3.0, 6.0]);
}
