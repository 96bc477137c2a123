# A results folder as an object: its tables, what it says.

read_run <- function(dir) {
  file <- file.path(dir, "results.json")
  if (!file.exists(file)) stop(dir, " has no results.json: it is no finished run", call. = FALSE)
  results <- jsonlite::fromJSON(file)
  structure(list(folder = normalizePath(dir, "/"), results = results), class = "ocean_run")
}

tables <- c("cells", "comparisons", "predictions", "folds", "findings", "failed", "null", "jackknife", "subgroups", "words")

# `row.names` and `optional` are the generic's.
as.data.frame.ocean_run <- function(x, row.names = NULL, optional = FALSE, table = "cells", ...) {
  table <- match.arg(table, tables)
  switch(table,
    cells = cells_of(x),
    findings = listed(x$results$findings, c("severity", "code", "about", "seen", "meaning", "try")),
    failed = listed(x$results$failed, c("encoder", "regressor", "target", "reason")),
    null = , jackknife = numbers_of(x, table),
    read_csv(file.path(x$folder, paste0(table, ".csv")))
  )
}

cells_of <- function(run) {
  cells <- read_csv(file.path(run$folder, "results.csv"))
  cells$is_control <- run$results$cells$is_control
  cells$is_best <- run$results$cells$is_best
  cells$verdict[is.na(cells$verdict)] <- ""
  cells$notes[is.na(cells$notes)] <- ""
  cells
}

# Names are names, whatever they look like: an id "007" is no number.
names_in_tables <- c("id", "encoder", "regressor", "target", "verdict", "notes", "correction", "compared", "ci_method", "encoder_a",
                     "regressor_a", "encoder_b", "regressor_b", "column", "value", "term")

read_csv <- function(file) {
  if (!file.exists(file)) stop("this run has no ", basename(file), call. = FALSE)
  header <- scan(file, "", nlines = 1L, sep = ",", quiet = TRUE, encoding = "UTF-8", quote = "\"")
  classes <- ifelse(header %in% names_in_tables, "character", NA)
  utils::read.csv(file, colClasses = classes, na.strings = "", check.names = FALSE, encoding = "UTF-8", strip.white = FALSE)
}

listed <- function(table, columns) {
  if (!is.data.frame(table)) table <- as.data.frame(matrix(character(), 0L, length(columns), dimnames = list(NULL, columns)))
  if (is.list(table$about)) table$about <- vapply(table$about, paste, "", collapse = "; ")
  table[, intersect(columns, names(table)), drop = FALSE]
}

# One column a cell, in the order of null.csv.
numbers_of <- function(run, table) {
  index <- read_csv(file.path(run$folder, "null.csv"))
  values <- as.data.frame(read_npy(file.path(run$folder, paste0(table, ".npy"))))
  stats::setNames(values, label_of(index))
}

label_of <- function(cells) paste(cells$encoder, cells$regressor, cells$target, sep = " | ")

# ---- words

print.ocean_run <- function(x, ...) {
  results <- x$results
  cat("ocean-host run \u2018", results$study, "\u2019: ", results$data$n_rows, " rows, ", results$folds, " folds, ",
      results$permutations, " permutations, seed ", results$seed, "\n", sep = "")
  print(apa_table(x), row.names = FALSE, right = FALSE)
  controls <- Filter(nzchar, unique(cells_of(x)$encoder[cells_of(x)$is_control]))
  if (length(controls)) cat("controls, outside the family: ", paste(controls, collapse = ", "), " (apa_table(run, controls = TRUE))\n", sep = "")
  print_findings(as.data.frame(x, table = "findings"), c("serious", "warning"))
  failed <- as.data.frame(x, table = "failed")
  if (nrow(failed)) cat(nrow(failed), " cells have no result: ", paste(unique(failed$reason), collapse = "; "), "\n", sep = "")
  cat("folder: ", x$folder, "\n", sep = "")
  invisible(x)
}

print_findings <- function(findings, severities) {
  shown <- findings[findings$severity %in% severities, ]
  for (i in seq_len(nrow(shown))) {
    words <- paste0(shown$severity[i], ": ", shown$seen[i], " ", shown$meaning[i], if (nzchar(shown$try[i])) paste0(" Try: ", shown$try[i]))
    cat(strwrap(words, exdent = 2L), sep = "\n")
  }
  others <- nrow(findings) - nrow(shown)
  if (others) cat(others, " further findings: as.data.frame(run, table = \"findings\")\n", sep = "")
}

# What each verdict allows to be said.
meanings <- c(
  predictive = "it predicts new rows better than their mean does",
  `dependent, use not shown` = "the score depends on the text; that it predicts better than the mean is not shown",
  `dependent, too small to matter` = "the score depends on the text, and by less than your smallest effect",
  `practically null` = "for this recipe at this n an effect that matters is excluded",
  inconclusive = "neither shown nor excluded",
  `too few` = "no interval could be made from so few rows or groups",
  `no model` = "every fit was empty: nothing was learned, so nothing can be said about the encoder"
)

summary.ocean_run <- function(object, ...) {
  cells <- cells_of(object)
  cells <- cells[!cells$is_control, ]
  structure(list(study = object$results$study, sentences = sentences(cells, object$results$level),
                 verdicts = table(factor(cells$verdict, unique(cells$verdict))),
                 findings = as.data.frame(object, table = "findings")), class = "summary.ocean_run")
}

sentences <- function(cells, level) {
  numbers <- paste0("r2 = ", score_text(cells$r2), ", ", interval_text(cells, level), ", p_fwer ", p_sentence(cells$p_fwer, cells, level))
  missed <- ifelse(cells$verdict == "inconclusive" & !is.na(cells$mde80_r2),
                   paste0("; an r2 of ", score_text(cells$mde80_r2), " would have been found in 4 of 5 data sets of this size"), "")
  paste0(cells$target, " from ", cells$encoder, " by ", cells$regressor, ": ", cells$verdict, ", that is, ", meanings[cells$verdict],
         missed, " (", numbers, ", n = ", cells$n, ").")
}

print.summary.ocean_run <- function(x, ...) {
  cat("\u2018", x$study, "\u2019: ", paste0(x$verdicts, " ", names(x$verdicts), collapse = ", "), "\n", sep = "")
  for (sentence in x$sentences) cat(strwrap(sentence, exdent = 2L, prefix = "", initial = "- "), sep = "\n")
  print_findings(x$findings, c("serious", "warning", "note"))
  cat("No verdict says that a score is unrelated to the text.\n")
  invisible(x)
}
