//! `endpoint` of `[[encoder]]`: a server that makes vectors, and what is refused of it before
//! anything is sent.

use super::EncoderSource;
use super::address::Address;
use super::resolve::{count_or, value_or};
use crate::problem::{Problems, Refusal};
use crate::read::config::{EncoderConfig, Sourced};

pub(super) fn server(
    config: &EncoderConfig,
    endpoint: &Sourced<String>,
) -> Result<EncoderSource, Refusal> {
    refuse_beside_endpoint(config, endpoint)?;
    let send_texts = value_or(config.send_texts.as_ref(), false);
    Ok(EncoderSource::Endpoint {
        endpoint: address(endpoint, send_texts)?,
        api_key_env: config.api_key_env.as_ref().map(|typed| typed.value.clone()),
        dimensions: config
            .dimensions
            .as_ref()
            .map(|typed| count_or(Some(typed), 0)),
        send_texts,
        params: config.params.clone(),
    })
}

/// The address of a server, where texts may be sent to it.
fn address(endpoint: &Sourced<String>, send_texts: bool) -> Result<Address, Refusal> {
    // What was typed may hold a password, and is not shown.
    let address = Address::parse(&endpoint.value).map_err(|what| {
        let problem = endpoint.problem(what);
        problem.with_try("endpoint = \"http://localhost:8080/v1\"")
    })?;
    if !address.is_local() && !send_texts {
        let message = format!(
            "is on another machine: the texts of this study would leave this one, for {}",
            address.host()
        );
        let remedy = "send_texts = true in this [[encoder]], where those who wrote the texts have agreed to that; or a server on this machine";
        return Err(endpoint.problem(&message).with_try(remedy).into());
    }
    Ok(address)
}

/// A server has a model and no process here.
fn refuse_beside_endpoint(
    config: &EncoderConfig,
    endpoint: &Sourced<String>,
) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    if config.plugin.is_some() || config.embeddings.is_some() || config.values.is_some() {
        let message =
            "stands beside `plugin`, `embeddings` or `values`: vectors come from one place";
        problems.push(endpoint.problem(message).with_try("one of them"));
    }
    let place = &config.place;
    let idle = [
        config.ids.as_ref().map(|typed| typed.problem(NO_FILE)),
        config
            .allow_misaligned
            .as_ref()
            .map(|typed| typed.problem(NO_FILE)),
        place
            .isolation
            .as_ref()
            .map(|typed| typed.problem(NO_PROCESS)),
        place
            .memory_limit
            .as_ref()
            .map(|typed| typed.problem(NO_PROCESS)),
        config
            .download
            .as_ref()
            .map(|typed| typed.problem(NO_PROCESS)),
    ];
    for problem in idle.into_iter().flatten() {
        problems.push(problem.with_try("leave it out"));
    }
    // Whoever typed the key itself there must not find it in a log.
    if let Some(variable) = &config.api_key_env
        && !is_variable(&variable.value)
    {
        let message = "is not the name of a variable of the environment: capital letters, digits and underscores. The key itself belongs into that variable, and in no file";
        problems.push(
            variable
                .problem(message)
                .with_try("api_key_env = \"OPENAI_API_KEY\""),
        );
    }
    problems.finish(())
}

/// Capital letters, digits and underscores: hardly any key looks like that.
pub(crate) fn is_variable(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    !name.is_empty()
        && name.len() <= 64
        && name.chars().all(fits)
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// What is said to a server says nothing without one.
pub(super) fn refuse_idle_server_keys(config: &EncoderConfig) -> Result<(), Refusal> {
    const NO_SERVER: &str = "belongs to `endpoint`, which is not here";
    let mut problems = Problems::default();
    if config.endpoint.is_some() && config.combine.is_none() {
        return Ok(());
    }
    let idle = [
        config
            .endpoint
            .as_ref()
            .map(|typed| typed.problem("stands beside `combine`: vectors come from one place")),
        config
            .api_key_env
            .as_ref()
            .map(|typed| typed.problem(NO_SERVER)),
        config
            .dimensions
            .as_ref()
            .map(|typed| typed.problem(NO_SERVER)),
        config
            .send_texts
            .as_ref()
            .map(|typed| typed.problem(NO_SERVER)),
    ];
    problems.extend(idle.into_iter().flatten());
    problems.finish(())
}

/// Why a setting of files is refused beside a server.
const NO_FILE: &str = "belongs to `embeddings`; this encoder is an endpoint";
/// Why a setting of plugins is refused beside a server.
const NO_PROCESS: &str = "has no meaning beside `endpoint`: the model runs in a server";
