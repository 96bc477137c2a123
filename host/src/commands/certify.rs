//! `selfcheck`: the certificate of this build on this machine.

use ocean_report::escape;

use super::{Ended, interruptible};
use crate::cli::SelfcheckArgs;
use crate::commands::selfcheck::{self, Effort, Options, is_certificate};
use crate::keep::file_names::may_write;
use crate::run::RunError;
use crate::tell::progress::Format;

pub(super) fn selfcheck(args: &SelfcheckArgs) -> Result<Ended, RunError> {
    if let Some(out) = &args.out {
        may_write(out, &[], args.force || is_certificate(out))?;
    }
    let options = Options {
        effort: Effort {
            is_thorough: args.thorough,
            most: args.data_sets,
        },
        regressors: args.regressors.clone(),
        out: args.out.clone(),
        threads: args.threads.map(usize::from),
        is_quiet: args.quiet,
        format: args.format.into(),
    };
    let (certificate, text) = selfcheck::selfcheck(&options, &interruptible())?;
    let text = match options.format {
        Format::Json => escape::json(&text),
        Format::Human => text,
    };
    Ok(Ended::saying(&text).only_if(certificate.passes))
}
