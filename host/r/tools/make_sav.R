# Makes inst/extdata/diaries.sav from the quickstart's data (which a script made, too): what a psychologist has in SPSS. Needs haven.
#   Rscript tools/make_sav.R, in host/r
library(haven)
quickstart <- "../../examples/quickstart"
texts <- read.csv(file.path(quickstart, "texts.csv"))
ratings <- read.csv(file.path(quickstart, "ratings_a.csv"))
diaries <- merge(texts, ratings, by.x = "id", by.y = "text_id", all.x = TRUE)[1:160, ]
scale <- c("strongly disagree" = 1, "strongly agree" = 7, "not answered" = 99)
rated <- function(x, label) {
  x[is.na(x)] <- 99
  labelled_spss(as.numeric(x), labels = scale, na_values = 99, label = label)
}
set.seed(1)
write_sav(data.frame(
  person = as.numeric(1000 + seq_len(160)),
  cohort = labelled(as.numeric(sample(1:2, 160, TRUE)), c("first year" = 1, "second year" = 2), "cohort"),
  diary = diaries$text,
  openness = rated(diaries$openness, "Is open to new experience"),
  neuroticism = rated(diaries$neuroticism, "Worries a lot")
), "inst/extdata/diaries.sav", compress = "none")
