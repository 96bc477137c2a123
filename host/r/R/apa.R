# Numbers as APA style writes them: no leading zero, a true minus, and a p that never changes sides of the level.

apa_table <- function(run, controls = FALSE) {
  cells <- cells_of(run)
  if (!controls) cells <- cells[!cells$is_control, ]
  level <- run$results$level
  # In the order of the study's targets; within a target as the report has them.
  cells <- cells[order(match(cells$target, run$results$targets$name)), ]
  table <- data.frame(
    target = cells$target, encoder = cells$encoder, regressor = cells$regressor, n = cells$n, r2 = score_text(cells$r2),
    ci = interval_text(cells, level, is_named = FALSE), p = p_text(cells$p, cells, level), p_fwer = p_text(cells$p_fwer, cells, level),
    verdict = ifelse(cells$is_control, "(control)", cells$verdict)
  )
  names(table)[6L] <- paste(per_cent(level), "CI")
  if (length(unique(table$regressor)) == 1L) table$regressor <- NULL
  rownames(table) <- NULL
  table
}

per_cent <- function(level) paste(number_text(round(100 * (1 - level), 10L)), "%")

minus <- function(text) sub("^-", if (l10n_info()[["UTF-8"]]) "\u2212" else "-", text)

fixed <- function(x, digits) formatC(x, digits = digits, format = "f", width = 1L, decimal.mark = ".")

score_text <- function(x) {
  text <- ifelse(abs(x) < 0.9995, sub("0.", ".", fixed(x, 3L), fixed = TRUE), fixed(x, 2L))
  text <- sub("^-([.0]+)$", "\\1", text)
  ifelse(is.na(x), "", minus(text))
}

interval_text <- function(cells, level, is_named = TRUE) {
  text <- paste0("[", score_text(cells$ci_low), ", ", score_text(cells$ci_high), "]")
  text <- ifelse(is.na(cells$ci_low), if (is_named) "no interval" else "", text)
  if (is_named) ifelse(is.na(cells$ci_low), text, paste(per_cent(level), "CI", text)) else text
}

# One p; `floor` is the least that so many permutations can give.
one_p <- function(p, floor, level) {
  if (is.na(p)) return("")
  if (p >= 0.9995) return(if (p < 1) "> .999" else "1.000")
  for (digits in 3:9) {
    text <- fixed(p, digits)
    shown <- as.numeric(text)
    if (shown > 0 && (shown <= level) == (p <= level)) break
  }
  at_floor <- !is.na(floor) && p <= floor * (1 + 1e-9)
  paste0(if (at_floor) if (l10n_info()[["UTF-8"]]) "\u2264 " else "<= ", sub("0.", ".", text, fixed = TRUE))
}

p_text <- function(p, cells, level) {
  if (is.null(p)) return(character(nrow(cells)))
  vapply(seq_along(p), function(i) one_p(p[i], cells$p_floor[i], level), "")
}

p_sentence <- function(p, cells, level) {
  text <- p_text(p, cells, level)
  ifelse(grepl("^[0-9.]", text), paste("=", text), ifelse(nzchar(text), text, "not computed"))
}
