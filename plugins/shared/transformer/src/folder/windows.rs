//! Long texts in windows of the model's length, so that every token of them counts.

use crate::error::{Error, Result};

/// The special tokens before and after every text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    before: Vec<u32>,
    after: Vec<u32>,
}

impl Frame {
    /// What stands round `inside` in `whole`.
    pub fn find(whole: &[u32], inside: &[u32]) -> Option<Frame> {
        let at = whole
            .windows(inside.len().max(1))
            .position(|part| part == inside)?;
        Some(Frame {
            before: whole[..at].to_vec(),
            after: whole[at + inside.len()..].to_vec(),
        })
    }

    fn len(&self) -> usize {
        self.before.len() + self.after.len()
    }
}

/// How texts are cut into windows.
#[derive(Debug)]
pub(super) struct Windows {
    frame: Frame,
    max_tokens: usize,
    stride: Option<usize>,
}

impl Windows {
    /// `stride`: the user's; more than a window holds would pass over tokens.
    pub fn new(frame: Frame, max_tokens: usize, stride: Option<usize>) -> Result<Windows> {
        let room = max_tokens.saturating_sub(frame.len());
        match stride {
            Some(stride) if stride == 0 || stride > room => Err(Error::Setting(format!(
                "window_stride = {stride} is outside [1, {room}], the tokens that a window has room for"
            ))),
            _ => Ok(Windows {
                frame,
                max_tokens,
                stride,
            }),
        }
    }

    /// Tokens from the beginning of a window to that of the next, where there is no prompt.
    pub fn step(&self) -> usize {
        let room = self.max_tokens - self.frame.len();
        self.stride.unwrap_or(room)
    }

    /// The windows of a text, each with the special tokens and the prompt, which is the first
    /// `n_prompt` of `ids`. Each window but the last is full.
    pub fn of(&self, ids: &[u32], n_prompt: usize) -> Result<Vec<Vec<u32>>> {
        let (prompt, text) = ids.split_at(n_prompt.min(ids.len()));
        let room = self
            .max_tokens
            .saturating_sub(self.frame.len() + prompt.len());
        if room == 0 {
            return Err(Error::Setting(format!(
                "the prompt has {} tokens, and leaves no room for a text in windows of {}",
                prompt.len(),
                self.max_tokens
            )));
        }
        let step = self.step().min(room);
        let mut windows = Vec::new();
        for at in (0..).step_by(step) {
            let end = text.len().min(at + room);
            let parts = [
                &self.frame.before,
                prompt,
                &text[at..end],
                &self.frame.after,
            ];
            windows.push(parts.concat());
            if end == text.len() {
                break;
            }
        }
        Ok(windows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(stride: Option<usize>) -> Windows {
        let frame = Frame::find(&[101, 7, 102], &[7]).unwrap();
        Windows::new(frame, 5, stride).unwrap()
    }

    #[test]
    fn every_token_is_in_one_window_and_with_a_stride_in_several() {
        let text = [1, 2, 3, 4, 5, 6, 7];
        assert_eq!(
            windows(None).of(&text, 0).unwrap(),
            [
                vec![101, 1, 2, 3, 102],
                vec![101, 4, 5, 6, 102],
                vec![101, 7, 102]
            ]
        );
        assert_eq!(
            windows(Some(2)).of(&text, 0).unwrap(),
            [
                vec![101, 1, 2, 3, 102],
                vec![101, 3, 4, 5, 102],
                vec![101, 5, 6, 7, 102]
            ]
        );
        // The first is the prompt's.
        assert_eq!(
            windows(None).of(&text[..5], 1).unwrap(),
            [vec![101, 1, 2, 3, 102], vec![101, 1, 4, 5, 102]]
        );
    }

    #[test]
    fn a_stride_passes_over_no_token_and_a_prompt_leaves_room() {
        let frame = Frame::find(&[101, 7, 102], &[7]).unwrap();
        for stride in [0, 4] {
            let error = Windows::new(frame.clone(), 5, Some(stride)).unwrap_err();
            assert!(error.to_string().contains("is outside [1, 3]"), "{error}");
        }
        let error = windows(None).of(&[1, 2, 3, 4], 3).unwrap_err();
        assert!(error.to_string().contains("leaves no room"), "{error}");
        assert_eq!(Frame::find(&[101, 8, 102], &[7]), None);
    }
}
