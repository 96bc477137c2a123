//! Any sentence encoder of a family that is known, as a plugin. The network is `ocean-transformer`'s,
//! the way to it `ocean-text-encoder`'s.

#[cfg(test)]
mod tests;

ocean_text_encoder::plugin! {
    /// The encoder.
    SentenceTransformer(IsSentenceTransformer, SentenceTransformerParams):
    id: "sentence-transformer",
    name: "Sentence transformer",
    description: "Any BERT, DistilBERT, MPNet, RoBERTa or XLM-RoBERTa sentence encoder, as its folder says",
    model: required(),
    family: None,
}
