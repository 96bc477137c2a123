# A study from beginning to end.

evaluate <- function(data, id = NULL, text = NULL, targets = NULL, encoder = "lexical", regressor = "ridge", ...,
                     group = NULL, raters = NULL, out = NULL, fresh = FALSE, threads = NULL, quiet = !interactive()) {
  program <- ocean_program() # before any work
  if (is.null(out)) {
    out <- tempfile("ocean-run-")
    if (!quiet) message("the results are kept until R ends; `out` names a folder that stays")
  }
  arguments <- c("--out", path.expand(out), if (fresh) "--fresh", if (!is.null(threads)) c("--threads", threads))
  if (!is.data.frame(data) && !(is.character(data) && length(data) == 1L)) {
    stop("`data` is neither a data frame nor the name of a file", call. = FALSE)
  }
  if (is.character(data) && !file.exists(data)) stop("there is no file ", data, " in ", getwd(), call. = FALSE)
  if (is.character(data) && grepl("[.]toml$", data)) {
    given <- c(id = id, text = text, targets = targets, group = group)
    if (!missing(encoder) || !missing(regressor) || length(given) || length(raters)) {
      stop(data, " says columns, encoders and regressors itself; give settings alone, as in permutations = 99", call. = FALSE)
    }
    study <- path.expand(data)
    folder <- NULL
    arguments <- c(arguments, settings(list(...)))
  } else {
    # Texts lie on the disk as long as the program reads them, and no longer.
    folder <- tempfile("ocean-study-")
    dir.create(folder)
    on.exit(unlink(folder, recursive = TRUE))
    study <- write_study(folder, data, id, text, targets, group, raters, encoder, regressor, list(...))
  }
  follow(c("eval", study, "--format", "json", arguments), quiet, folder)
}

settings <- function(keys) {
  pairs <- Map(function(key, value) c("--set", paste0(section_of(key), ".", key, "=", toml_value(value))), names(keys), keys)
  unlist(pairs, use.names = FALSE)
}

# Follows the events of a run: progress at the console, warnings as warnings, the end as a run or an error. Where the
# study lay for a moment is no news to a reader.
follow <- function(arguments, quiet, folder) {
  last <- list(event = "")
  warnings <- character()
  ended <- call_program(arguments, function(line) {
    Encoding(line) <- "UTF-8"
    last <<- jsonlite::fromJSON(line, simplifyVector = FALSE)
    if (last$event == "warning") warnings <<- c(warnings, last$message)
    if (!quiet) show_progress(last)
  })
  for (line in warnings) warning(line, call. = FALSE)
  is_finished <- identical(last$event, "finished") && !is.null(last$out)
  if (ended$code == 0L && is_finished) return(read_run(last$out))
  if (ended$code == 1L && is_finished && file.exists(file.path(last$out, "results.json"))) {
    run <- read_run(last$out)
    reasons <- unique(as.data.frame(run, table = "failed")$reason)
    warning(last$failed, " cells have no result (as.data.frame(run, table = \"failed\")): ", paste(reasons, collapse = "; "), call. = FALSE)
    return(run)
  }
  said <- if (identical(last$event, "error")) last$message else ended$said
  if (!is.null(folder)) said <- gsub(paste0("[^ ]*", basename(folder), "/"), "", said)
  stop_with(said, ended$code)
}

show_progress <- function(event) {
  said <- switch(event$event,
    `stage-started` = paste0(event$stage, " ..."),
    `stage-progress` = paste0("  ", share(event), if (!is.null(event$eta_s)) paste0(", ", ceiling(event$eta_s), " s left")),
    NULL
  )
  if (!is.null(said)) message(said)
}

share <- function(event) {
  if (event$total > 0) paste0(round(100 * event$done / event$total), " %") else as.character(event$done)
}
