//! BGE encoders as a plugin: a preset of `sentence-transformer`. The network is `ocean-transformer`'s,
//! the way to it `ocean-text-encoder`'s.

#[cfg(test)]
mod tests;

use ocean_text_encoder::Family;

ocean_text_encoder::plugin! {
    /// The encoder.
    Bge(IsBge, BgeParams):
    id: "bge",
    name: "BGE",
    description: "BGE sentence encoders: vector of the first token, length 1",
    model: default_to("BAAI/bge-large-en-v1.5"),
    family: Family::Bert,
}
