# Two pictures in base graphics: every cell with its interval, and one cell among its permuted targets.

plot.ocean_run <- function(x, type = c("forest", "null"), cell = NULL, controls = TRUE, ...) {
  type <- match.arg(type)
  if (type == "forest") forest(x, controls, ...) else null_plots(x, cell, ...)
  invisible(x)
}

found_colour <- "#1f5a99"
open_colour <- "#777777"
band_colour <- "#dddddd"
bar_colour <- "#aaaaaa"

forest <- function(run, controls, xlab = "r2 on held-out rows; 0 is guessing the training mean", main = "", ...) {
  cells <- cells_of(run)
  band <- run$results$cells$null_interval
  cells$band_low <- vapply(band, function(pair) if (length(pair)) pair[1L] else NA_real_, 0)
  cells$band_high <- vapply(band, function(pair) if (length(pair)) pair[2L] else NA_real_, 0)
  if (!controls) cells <- cells[!cells$is_control, ]
  cells <- cells[order(match(cells$target, run$results$targets$name)), ]
  # A line of its own for each target, above its cells.
  place <- seq_len(nrow(cells)) + as.integer(factor(cells$target, unique(cells$target)))
  bottom <- max(place) + 1
  several <- length(unique(cells$regressor)) > 1L
  labels <- if (several) paste(cells$encoder, cells$regressor, sep = ", ") else cells$encoder
  values <- unlist(cells[c("r2", "ci_low", "ci_high", "band_low", "band_high")])
  # Values far below zero would flatten the rest.
  range <- range(c(0, pmax(values, -max(values, 0.1, na.rm = TRUE))), na.rm = TRUE)
  heads <- unique(cells$target)
  inches <- max(graphics::strwidth(c(paste0("  ", labels), heads), "inches", cex = 0.9, font = 2))
  old <- graphics::par(mai = c(1.05, inches + 0.3, if (nzchar(main)) 0.6 else 0.2, 0.2))
  on.exit(graphics::par(old))
  graphics::plot(NA, xlim = range, ylim = c(bottom, 0.5), yaxt = "n", ylab = "", xlab = xlab, main = main, bty = "n", ...)
  graphics::rect(cells$band_low, place - 0.35, cells$band_high, place + 0.35, col = band_colour, border = NA)
  graphics::abline(v = 0, col = open_colour, lty = 2)
  is_found <- !is.na(cells$p_fwer) & cells$p_fwer <= run$results$level
  colour <- ifelse(is_found, found_colour, open_colour)
  has <- !is.na(cells$ci_low)
  graphics::segments(pmax(cells$ci_low, range[1L])[has], place[has], cells$ci_high[has], place[has], col = colour[has], lwd = 2)
  graphics::points(pmax(cells$r2, range[1L]), place, pch = ifelse(is_found, 19, ifelse(cells$is_control, 5, 21)), col = colour,
                   bg = "white", cex = 1.3)
  graphics::mtext(labels, 2, line = 0.3, at = place, las = 1, cex = 0.9, col = ifelse(cells$is_control, open_colour, "black"))
  graphics::mtext(heads, 2, line = 0.3, at = place[match(heads, cells$target)] - 1, las = 1, cex = 0.9, font = 2)
  graphics::mtext("filled: p_fwer at most the level. bar: interval. grey: where permuted targets fall. diamond: control", 1, line = 4, cex = 0.75,
                  col = open_colour)
}

# The cell that is asked for by number or label, or every one of the family.
null_plots <- function(run, cell, xlab = "r2", main = NULL, ...) {
  cells <- cells_of(run)
  chosen <- if (is.null(cell)) which(!cells$is_control) else if (is.character(cell)) match(cell, label_of(cells)) else as.integer(cell)
  if (!length(chosen) || anyNA(chosen) || any(chosen < 1L | chosen > nrow(cells))) {
    stop("`cell` is none of: ", paste0("\"", label_of(cells), "\"", collapse = ", "), call. = FALSE)
  }
  null <- as.data.frame(run, table = "null")
  if (length(chosen) > 1L) {
    old <- graphics::par(mfrow = grDevices::n2mfrow(length(chosen)))
    on.exit(graphics::par(old))
  }
  for (i in chosen) null_plot(null[[label_of(cells[i, ])]], cells[i, ], run$results$level, xlab, main, ...)
}

null_plot <- function(null, cell, level, xlab, main, ...) {
  null <- null[is.finite(null)]
  title <- if (is.null(main)) label_of(cell) else main
  # Bins of one width from the lowest permuted score to the observed one, as narrow as can be seen.
  range <- range(null, cell$r2, 0)
  graphics::hist(null, breaks = seq(range[1L], range[2L], length.out = 61L), col = bar_colour, border = bar_colour, main = title,
                 xlab = xlab, ylab = "permuted targets", cex.main = 0.95, ...)
  graphics::abline(v = cell$r2, col = found_colour, lwd = 2)
  graphics::mtext(plain(paste0("r2 = ", score_text(cell$r2), ", p ", p_sentence(cell$p, cell, level))), 3, line = 0, cex = 0.75, col = found_colour)
}

# The fonts of pdf() have neither a true minus nor a sign for "at most".
plain <- function(text) gsub("\u2264", "<=", gsub("\u2212", "-", text, fixed = TRUE), fixed = TRUE)
