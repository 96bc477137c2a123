//! RoBERTa: Liu, Y., Ott, M., Goyal, N., Du, J., Joshi, M., Chen, D., Levy, O., Lewis, M.,
//! Zettlemoyer, L., & Stoyanov, V. (2019). *arXiv:1907.11692*. XLM-RoBERTa: Conneau, A., Khandelwal,
//! K., Goyal, N., Chaudhary, V., Wenzek, G., Guzmán, F., Grave, E., Ott, M., Zettlemoyer, L., &
//! Stoyanov, V. (2020). *ACL*.

use super::bert::{SETTINGS, TENSORS};
use super::{Description, Positions, Tensors};
use crate::folder::class::Class;

const ROBERTA_TABLE: Description = Description {
    model_type: "roberta",
    settings: SETTINGS,
    positions: Positions::AfterPadding {
        padding: 1,
        is_setting: true,
    },
    tensors: Tensors {
        prefix: "roberta.",
        ..TENSORS
    },
    tokenizer: Class::Roberta,
};

pub(super) static ROBERTA: Description = ROBERTA_TABLE;

/// The same network, in transformers too; weight files say `roberta.` here as well.
pub(super) static XLM_ROBERTA: Description = Description {
    model_type: "xlm-roberta",
    tokenizer: Class::XlmRoberta,
    ..ROBERTA_TABLE
};
