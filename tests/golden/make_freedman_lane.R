# Makes freedman_lane.json: F of X beside Z for every arrangement of the residuals that a design allows, by vegan and by permuco.
# Debian: r-cran-vegan, r-cran-permute, r-cran-jsonlite. permuco 1.1.3 is on CRAN.
#   Rscript tests/golden/make_freedman_lane.R > tests/golden/freedman_lane.json
suppressMessages({library(vegan); library(permuco); library(permute); library(jsonlite)})
SEED <- 20261130
set.seed(SEED)

# All orders of 1 … n, the first one first.
orders <- function(n) allPerms(n, control = how(complete = TRUE, maxperm = 1e5, observed = TRUE))

# Every way in which groups of equal size change places: for each row the row whose residual it receives.
arrangements <- function(group) {
  members <- split(seq_along(group), group)
  classes <- split(members, lengths(members))
  per_class <- lapply(classes, function(class) orders(length(class)))
  chosen <- expand.grid(lapply(per_class, function(these) seq_len(nrow(these))))
  t(apply(chosen, 1, function(which) {
    source <- integer(length(group))
    for (c in seq_along(classes)) {
      source[unlist(classes[[c]])] <- unlist(classes[[c]][per_class[[c]][which[c], ]])
    }
    source
  }))
}

case <- function(group, p, q) {
  n <- length(group)
  z <- matrix(round(rnorm(n * q), 2), n)
  x <- matrix(round(rnorm(n * p), 2), n) + z[, 1]
  y <- round(0.5 * x[, 1] + z[, 1] + rnorm(n), 2)
  from <- arrangements(group)
  from <- rbind(seq_len(n), from[apply(from, 1, is.unsorted), ])
  stopifnot(!anyDuplicated(from))

  of_vegan <- permutest(rda(y ~ x + Condition(z)), permutations = from, model = "reduced")
  given <- as.Pmat(t(from))
  attr(given, "type") <- "permutation"
  # It warns of few permutations: these are all.
  of_permuco <- suppressWarnings(aovperm(y ~ z + x, list(y = y, x = x, z = z), P = given, method = "freedman_lane", coding_sum = FALSE))
  f <- as.numeric(of_vegan$F.perm)
  stopifnot(abs(f - of_permuco$distribution[, "x"]) <= 1e-11 * (1 + f), abs(f[1] - of_vegan$F.0) <= 1e-11 * (1 + f[1]))
  list(x = x, z = z, y = y, group = group, arrangements = from - 1L, f = f,
    df_residual = n - 1 - p - q, p = of_permuco$table["x", "resampled P(>F)"])
}

cases <- list(
  rows = case(1:6, 2, 1),
  # Four groups of two rows and three of three, their rows apart.
  blocks = case(c(1, 5, 2, 5, 6, 3, 7, 1, 4, 6, 2, 7, 5, 3, 6, 4, 7), 3, 2)
)
cat(toJSON(list(
  what = "Freedman & Lane's F of X beside Z and an intercept, one for each arrangement (row numbers from 0, the first as observed), and the exact p.",
  made_by = "tests/golden/make_freedman_lane.R", seed = SEED,
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."), vegan = as.character(packageVersion("vegan")),
    permuco = as.character(packageVersion("permuco")), permute = as.character(packageVersion("permute"))),
  cases = cases), auto_unbox = TRUE, digits = I(13)), "\n")
