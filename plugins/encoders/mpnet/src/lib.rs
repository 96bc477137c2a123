//! MPNet encoders as a plugin: a preset of `sentence-transformer`. The network is
//! `ocean-transformer`'s, the way to it `ocean-text-encoder`'s.

#[cfg(test)]
mod tests;

use ocean_text_encoder::Family;

ocean_text_encoder::plugin! {
    /// The encoder.
    MpNet(IsMpNet, MpNetParams):
    id: "mpnet",
    name: "MPNet",
    description: "MPNet sentence encoders: mean of token vectors, length 1",
    model: default_to("sentence-transformers/all-mpnet-base-v2"),
    family: Family::MpNet,
}
