//! MiniLM and other small BERT encoders as a plugin: a preset of `sentence-transformer`. The network is
//! `ocean-transformer`'s, the way to it `ocean-text-encoder`'s.

#[cfg(test)]
mod tests;

use ocean_text_encoder::Family;

ocean_text_encoder::plugin! {
    /// The encoder.
    MiniLm(IsMiniLm, MiniLmParams):
    id: "minilm",
    name: "MiniLM",
    description: "MiniLM sentence encoders: mean of token vectors, length 1",
    model: default_to("sentence-transformers/all-MiniLM-L6-v2"),
    family: Family::Bert,
}
