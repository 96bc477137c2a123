//! `predict`: an exported model on other texts.

use std::io::IsTerminal;
use std::path::PathBuf;

use super::{Ended, interruptible};
use crate::cli::PredictArgs;
use crate::keep::file_names::may_write;
use crate::run::RunError;
use crate::write::exported;

pub(super) fn predict(args: PredictArgs) -> Result<Ended, RunError> {
    if let Some(out) = &args.out {
        let inputs = [
            Some(&args.model),
            Some(&args.texts),
            args.embeddings.as_ref(),
            args.ids.as_ref(),
        ];
        let inputs: Vec<PathBuf> = inputs.into_iter().flatten().cloned().collect();
        may_write(out, &inputs, args.force)?;
    }
    // What is said of scores is no table.
    let is_printed = args.out.is_none() && args.score.is_none();
    let params = args.params.iter().map(|typed| exported::parameter(typed));
    let options = exported::Options {
        params: params.collect::<Result<_, _>>()?,
        model: args.model,
        texts: args.texts,
        format: args.table.into(),
        id: args.id,
        text: args.text,
        group: args.group,
        plugins: args.plugins,
        embeddings: args.embeddings,
        ids: args.ids,
        endpoint: args.endpoint,
        api_key_env: args.api_key_env,
        send_texts: args.send_texts,
        score: args.score,
        out: args.out,
        threads: args.threads.map(usize::from),
        cache: args.cache,
        is_quiet: args.quiet,
    };
    let text = exported::predict(&options, &interruptible())?;
    // A table for a program or a file keeps its bytes; one on a terminal is text.
    Ok(match is_printed && !std::io::stdout().is_terminal() {
        true => Ended::drawn(text),
        false => Ended::saying(&text),
    })
}
