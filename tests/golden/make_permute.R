# Makes permute.json: every arrangement that R's permute allows in small designs. Debian: r-cran-permute, r-cran-jsonlite.
#   Rscript tests/golden/make_permute.R > tests/golden/permute.json
suppressMessages({library(permute); library(jsonlite)})
control <- function(...) how(..., complete = TRUE, maxperm = 1e5, observed = TRUE)
designs <- list(
  # Rows without groups.
  free = list(group = 1:4, exchange = "blocks", how = control()),
  # Whole groups of equal size.
  blocks = list(group = c(1, 1, 2, 2, 3, 3, 4, 4), exchange = "blocks",
    how = control(plots = Plots(strata = gl(4, 2), type = "free"), within = Within(type = "none"))),
  # Rows inside their group.
  within = list(group = c(1, 1, 1, 2, 2, 3, 3, 3), exchange = "within", how = control(blocks = factor(c(1, 1, 1, 2, 2, 3, 3, 3))))
)
arrangements <- function(design) {
  n <- length(design$group)
  matrix(as.integer(allPerms(n, control = design$how)) - 1L, ncol = n)
}
cases <- lapply(designs, function(design) list(group = design$group, exchange = design$exchange, arrangements = arrangements(design)))
# Whole groups of two sizes: permute wants one size, so every arrangement of the single rows beside every one of two groups of three.
single <- arrangements(list(group = 1:3, how = control()))
threes <- arrangements(list(group = 1:6, how = control(plots = Plots(strata = gl(2, 3), type = "free"), within = Within(type = "none"))))
both <- expand.grid(seq_len(nrow(single)), seq_len(nrow(threes)))
cases$sizes <- list(group = c(1, 2, 3, 4, 4, 4, 5, 5, 5), exchange = "blocks", arrangements = cbind(single[both[, 1], ], threes[both[, 2], ] + 3L))
cat(toJSON(list(what = "All arrangements, row numbers from 0", made_by = "tests/golden/make_permute.R",
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."), permute = as.character(packageVersion("permute"))), designs = cases),
  auto_unbox = TRUE), "\n")
