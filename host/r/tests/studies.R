# Whole studies, as a psychologist has them. Skipped where the program is not.
library(oceanhost)
if (!is.character(try(ocean_program(), silent = TRUE))) {
  message("SKIPPED: needs ocean-host")
  quit("no")
}
options(warn = 2) # no warning that is not asked for
same <- function(x, y) stopifnot(identical(x, y))
quickly <- list(permutations = 99, controls = FALSE, sensitivity = 0)
quick <- function(...) suppressWarnings(do.call(evaluate, c(list(...), quickly)))

set.seed(1)
words <- c("buch", "gedicht", "reise", "auto", "schraube", "garten", "k\u00e4se", "freund", "arbeit", "schlaf")
draw <- function(liking) paste(sample(words, 12, TRUE, prob = exp(liking * seq(1, -1, length.out = 10))), collapse = " ")
n <- 80
liking <- rnorm(n)
study <- data.frame(nr = 100000 * seq_len(n), text = vapply(liking, draw, ""), group = rep(1:20, each = 4))
study$`offen heit` <- round(4 + liking + rnorm(n, sd = 0.3), 2)
study$noise <- rnorm(n)
study$text[3] <- NA
study$noise[7] <- NA

# Ids that R likes to write as 1e+05, a name with a space, a folder with a space and an umlaut.
out <- file.path(tempfile("l\u00e4ufe "), "ein lauf")
run <- quick(study, "nr", "text", c("offen heit", "noise"), out = out, seed = 3)
cells <- as.data.frame(run)
same(cells$target, c("offen heit", "noise"))
same(cells$n, c(79L, 78L))
stopifnot(cells$r2[1] > 0.2, cells$verdict[1] == "predictive", cells$r2[2] < 0.1)
null <- as.data.frame(run, table = "null")
same(names(null)[1], "lexical | ridge | offen heit")
stopifnot(abs((1 + sum(null[[1]] >= cells$r2[1])) / 100 - cells$p[1]) < 1e-12)
predictions <- subset(as.data.frame(run, table = "predictions"), target == "offen heit")
same(sort(as.numeric(predictions$id)), study$nr[-3])
same(predictions$y, study$`offen heit`[match(as.numeric(predictions$id), study$nr)])
with(predictions, stopifnot(abs(1 - sum((y - y_hat)^2) / sum((y - y_baseline)^2) - cells$r2[1]) < 1e-12))

# The texts are gone from the disk, and in no result; the same call resumes, another study is refused there.
stopifnot(!length(list.files(tempdir(), "^ocean-study-")))
stopifnot(!any(grepl(study$text[1], suppressWarnings(readLines(file.path(run$folder, "predictions.csv"))), fixed = TRUE)))
same(as.data.frame(quick(study, "nr", "text", c("offen heit", "noise"), out = out, seed = 3)), cells)
other <- tryCatch(quick(study, "nr", "text", "noise", out = out, seed = 4), ocean_refused = identity)
stopifnot(other$exit_code == 2, grepl("--fresh", conditionMessage(other)))
same(as.data.frame(read_run(out)), cells)

# The same study from shuffled rows, factors, a tibble's look-alike, row names in place of ids.
shuffled <- study[sample(n), ]
shuffled$`offen heit` <- factor(shuffled$`offen heit`)
class(shuffled) <- c("tbl_df", "tbl", "data.frame")
same(as.data.frame(quick(shuffled, "nr", "text", c("offen heit", "noise"), seed = 3))$r2, cells$r2)
rownames(study) <- study$nr
same(as.data.frame(quick(study[-1], text = "text", targets = "offen heit", seed = 3))$r2, cells$r2[1])

# Vectors of one's own, joined by id and never by order; two encoders; keys of plugins; new texts.
vectors <- cbind(study$`offen heit` + rnorm(n, sd = 0.3), matrix(rnorm(n * 5), n))
rownames(vectors) <- study$nr
both <- quick(study, "nr", "text", "offen heit", encoder = list(small = list(plugin = "lexical", dim = 64), mine = list(vectors = vectors[sample(n), ], allow_misaligned = TRUE)))
same(as.data.frame(both)$encoder, c("small", "mine"))
stopifnot(as.data.frame(both)$r2[2] > 0.3, nrow(as.data.frame(both, table = "comparisons")) >= 1)
new <- predict(run, c("buch gedicht buch gedicht", "schlaf arbeit schlaf", NA))
new <- new[new$target == "offen heit", ]
same(new$id, c("1", "2", "3"))
stopifnot(new$prediction[1] > new$prediction[2], is.na(new$prediction[3]))
lost <- tryCatch(predict(both, study[1:2, ]), ocean_error = conditionMessage)
stopifnot(grepl("vectors that were made elsewhere", lost))
same(nrow(predict(both, study[1:2, ], vectors = vectors)), 4L)

# Words: what is printed, and the table for a paper.
table <- apa_table(run)
same(names(table), c("target", "encoder", "n", "r2", "95 % CI", "p", "p_fwer", "verdict"))
stopifnot(grepl("^[.][0-9]{3}$", table$r2[1]), grepl("[.]010$", table$p[1]))
said <- capture.output(print(run), print(summary(run)))
stopifnot(any(grepl("better than their mean", said)), any(grepl("warning: 99 permutations", said)))
pdf(NULL)
plot(run)
plot(run, "null")
plot(run, "null", cell = "lexical | ridge | noise", main = "noise")
stopifnot(inherits(try(plot(run, "null", cell = 9), silent = TRUE), "try-error"))
dev.off()

# An SPSS file is read by the program itself; 99 is missing there.
diaries <- system.file("extdata/diaries.sav", package = "oceanhost")
same(as.data.frame(quick(diaries, "person", "diary", "neuroticism"))$n, 154L)

# A whole study, with settings on top; a setting that is wrong is the program's to say.
toml <- file.path(tempfile("study "), "plugins.toml")
dir.create(dirname(toml))
write.csv(data.frame(id = study$nr, text = study$text, score = study$noise), file.path(dirname(toml), "d.csv"), row.names = FALSE)
writeLines(c("[study]", "name = \"x\"", "[data]", "path = \"d.csv\"", "id = \"id\"", "text = \"text\"", "targets = \"score\"",
             "[[encoder]]", "name = \"lexical\"", "plugin = \"lexical\"", "[[regressor]]", "name = \"lasso\"", "plugin = \"lasso\""), toml)
same(as.data.frame(evaluate(toml, permutations = 199, controls = FALSE, sensitivity = 0))$regressor, "lasso")
stopifnot(grepl("says columns", tryCatch(evaluate(toml, text = "text"), error = conditionMessage)))
stopifnot(grepl("permutations = [1, 2]", tryCatch(evaluate(toml, permutations = 1:2), ocean_refused = conditionMessage), fixed = TRUE))
stopifnot(grepl("no file", tryCatch(evaluate("nowhere.sav"), error = conditionMessage)))

# Whatever ends the call ends the program: this study alone would take many minutes.
took <- system.time(try(silent = TRUE, asNamespace("oceanhost")$call_program(
  c("eval", toml, "--format", "json", "--set", "evaluation.permutations=999999", "--out", file.path(dirname(toml), "run")),
  function(line) stop("enough")
)))
stopifnot(took[["elapsed"]] < 60, !file.exists(file.path(dirname(toml), "run", "report.html")))

# Mistakes: in the program's words, or where the data frame is.
message_of <- function(...) tryCatch(quick(...), error = conditionMessage)
stopifnot(grepl("no column `offenheit`", message_of(study, "nr", "text", "offenheit")))
stopifnot(grepl("20 rows in all repeat|repeat an earlier id", message_of(study, "group", "text", "noise")))
stopifnot(grepl("did you mean `lexical`", message_of(study, "nr", "text", "noise", encoder = "lexicl")))
mistyped <- tryCatch(evaluate(study, "nr", "text", "noise", permutatons = 9), ocean_refused = conditionMessage)
stopifnot(grepl("did you mean `permutations`", mistyped))
warned <- tryCatch(evaluate(study, "nr", "text", "noise", permutations = 9, controls = FALSE, sensitivity = 0), warning = conditionMessage)
stopifnot(nzchar(warned))
