# Makes agreement.json: intraclass correlations by psych and lme4, rater severities by lm, error variances of raters by merror.
# Debian: r-cran-psych, r-cran-lme4, r-cran-jsonlite. merror 3.0 is on CRAN; only one function of its source is used, R/precision.grubbs.cb.pd.R.
#   Rscript tests/golden/make_agreement.R precision.grubbs.cb.pd.R > tests/golden/agreement.json
suppressMessages({library(psych); library(lme4); library(jsonlite)})
source(commandArgs(trailingOnly = TRUE)[1])
SEED <- 20261130
set.seed(SEED)

# n rows of raters with these severities and error sds; a share of the ratings is missing, but none of the first two rows'.
rate <- function(n, severities, sds, missing = 0) {
  k <- length(severities)
  ratings <- outer(rnorm(n), severities, `+`) + matrix(rnorm(n * k), n) %*% diag(sds)
  ratings[seq_len(n * k) %in% sample(n * k, round(missing * n * k)) & row(ratings) > 2] <- NA
  round(ratings, 2)
}

long <- function(ratings) {
  cells <- data.frame(row = factor(row(ratings)), rater = factor(col(ratings)), rating = c(ratings))
  droplevels(cells[!is.na(cells$rating), ])
}

# psych's table, of the rows without a missing rating; psych numbers them as Shrout & Fleiss do.
by_psych <- function(ratings) {
  found <- suppressMessages(ICC(na.omit(ratings), missing = FALSE, lmer = FALSE)$results)
  as.list(setNames(found$ICC[match(c("ICC2", "ICC2k", "ICC3", "ICC3k"), found$type)], c("icc_2_1", "icc_2_k", "icc_3_1", "icc_3_k")))
}

# The same from restricted maximum likelihood, which for complete ratings is the analysis of variance where no component is zero.
by_lme4 <- function(ratings) {
  k <- ncol(ratings)
  fit <- lmer(rating ~ 1 + (1 | row) + (1 | rater), long(ratings),
    control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12)))
  parts <- as.data.frame(VarCorr(fit))
  variance <- setNames(parts$vcov, parts$grp)
  stopifnot(all(variance > 1e-3))
  row <- variance[["row"]]; rater <- variance[["rater"]]; error <- variance[["Residual"]]
  list(icc_2_1 = row / (row + rater + error), icc_2_k = row / (row + (rater + error) / k),
    icc_3_1 = row / (row + error), icc_3_k = row / (row + error / k))
}

# Rows as they are (NA without any rating), severities that sum to zero.
by_lm <- function(ratings) {
  fit <- lm(rating ~ 0 + row + rater, long(ratings), contrasts = list(rater = "contr.sum"))
  found <- coef(fit)
  stopifnot(!anyNA(found))
  first <- found[grep("^rater", names(found))]
  list(values = unname(found[paste0("row", seq_len(nrow(ratings)))]), effects = unname(c(first, -sum(first))), residual_variance = sigma(fit)^2)
}

complete <- function(ratings) {
  c(list(ratings = ratings, n_complete = nrow(ratings), psych = by_psych(ratings), lme4 = by_lme4(ratings)), by_lm(ratings),
    if (ncol(ratings) > 2) list(rater_variances = precision.grubbs.cb.pd(ratings)))
}

incomplete <- function(ratings) {
  stopifnot(anyNA(ratings))
  c(list(ratings = ratings, n_complete = sum(complete.cases(ratings)), psych = by_psych(ratings)), by_lm(ratings))
}

cases <- list(
  two_raters = complete(rate(20, c(0, 1.5), c(0.6, 0.6))),
  three_unlike_raters = complete(rate(25, c(0, 2, -1), c(0.4, 0.8, 1.6))),
  six_raters_who_hardly_agree = complete(rate(12, c(0, 3, -2, 1, 0.5, -1), c(2, 3, 2, 4, 1, 2))),
  two_incomplete = incomplete(rate(25, c(0, -1), c(0.7, 0.7), 0.2)),
  five_incomplete = incomplete(rate(40, c(0, 1, -1, 2, 0.3), c(0.5, 0.5, 1, 1, 2), 0.4))
)
cat(toJSON(list(
  what = "ICC of complete rows by psych, of complete ratings by lme4 too; rows, severities and error variance by lm; error variances of raters by merror (Grubbs). Null: no rating.",
  made_by = "tests/golden/make_agreement.R", seed = SEED,
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."), psych = as.character(packageVersion("psych")),
    lme4 = as.character(packageVersion("lme4")), merror = "3.0"),
  cases = cases), auto_unbox = TRUE, digits = I(17), na = "null"), "\n")
