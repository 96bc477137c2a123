# Makes jackknife.json: R² of least squares and its jackknife, blocks of rows left out in turn, by survey.
# Debian: r-cran-survey, r-cran-jsonlite.
#   Rscript tests/golden/make_jackknife.R > tests/golden/jackknife.json
suppressMessages({library(survey); library(jsonlite)})
SEED <- 20261130
set.seed(SEED)

case <- function(n_blocks, p, q) {
  block <- sample(rep(seq_len(n_blocks), times = 1 + seq_len(n_blocks) %% 4))
  n <- length(block)
  z <- matrix(round(rnorm(n * q), 2), n)
  x <- matrix(round(rnorm(n * p), 2), n) + if (q > 0) z[, 1] else 0
  shift <- round(rnorm(n_blocks, sd = 0.5), 2)
  y <- round(0.4 * x[, 1] + rowSums(z) + shift[block] + rnorm(n), 2)
  rows <- data.frame(y, block, x = I(x), z = I(z))
  # The share of the error beside Z that X saves; without Z, R².
  r2 <- function(weights, rows) {
    rows$weights <- weights
    beside <- if (q > 0) lm(y ~ z, rows, weights = weights) else lm(y ~ 1, rows, weights = weights)
    c(r2 = 1 - deviance(update(beside, . ~ . + x)) / deviance(beside))
  }
  # mse = FALSE: about the mean of the replicates.
  design <- as.svrepdesign(svydesign(ids = ~block, weights = ~1, data = rows), type = "JK1", mse = FALSE)
  found <- withReplicates(design, r2, return.replicates = TRUE)
  weights <- weights(design, type = "analysis")
  left_out <- block[apply(weights == 0, 2, which.max)]
  stopifnot(sort(left_out) == seq_len(n_blocks), colSums(weights == 0) == table(block)[left_out])
  interval <- function(level) as.numeric(confint(found, level = level, df = degf(design)))
  list(x = x, z = if (q > 0) z, y = y, block = block, r2 = as.numeric(coef(found)), replicates = as.numeric(found$replicates)[order(left_out)], se = as.numeric(SE(found)),
    ci95 = interval(0.95), ci999 = interval(0.999))
}

cases <- list(plain = case(25, 3, 0), beside_covariates = case(24, 4, 2))
cat(toJSON(list(
  what = "R² of X, beside Z if there is one, without each block in turn (in the order of their numbers), its standard error and intervals.",
  made_by = "tests/golden/make_jackknife.R", seed = SEED,
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."), survey = as.character(packageVersion("survey"))),
  cases = cases), auto_unbox = TRUE, digits = I(15), null = "null"), "\n")
