# Exported models on new texts.

predict.ocean_run <- function(object, newdata, vectors = NULL, ...) {
  models <- list.files(file.path(object$folder, "models"), "[.]ocean$", full.names = TRUE)
  if (!length(models)) {
    stop("this run kept no models; try: regressor = list(plugin = \"ridge\", export_models = TRUE)", call. = FALSE)
  }
  plan <- jsonlite::fromJSON(file.path(object$folder, "provenance.json"))$plan$data
  folder <- tempfile("ocean-predict-")
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  texts <- file.path(folder, "texts.csv")
  if (is.character(newdata)) {
    newdata <- stats::setNames(data.frame(newdata), if (length(plan$text)) plan$text[1L] else "text")
  }
  # Numbers of rows that have no names of their own.
  if (!is.null(plan$id) && is.null(newdata[[plan$id]])) newdata[[plan$id]] <- in_full(row.names(newdata))
  write_table(newdata, texts, c(plan$id, plan$text, plan$covariates), plan$covariates, c(plan$id, plan$text, plan$group))
  arguments <- c("--quiet", given_vectors(vectors, folder))
  predicted <- lapply(models, function(model) {
    file <- file.path(folder, paste0(basename(model), ".csv"))
    ended <- call_program(c("predict", model, texts, "--out", file, arguments))
    if (ended$code != 0L) stop_with(ended$said, ended$code)
    read_predictions(file, model)
  })
  do.call(rbind, predicted)
}

given_vectors <- function(vectors, folder) {
  if (is.null(vectors)) return(NULL)
  stem <- file.path(folder, "vectors")
  save_vectors(vectors, stem)
  c("--embeddings", paste0(stem, ".npy"), "--ids", paste0(stem, "_ids.txt"))
}

# Long: one row a text and model. The name of a model's file is encoder__regressor__target.
read_predictions <- function(file, model) {
  table <- utils::read.csv(file, colClasses = c("character", "numeric"), na.strings = "", check.names = FALSE, encoding = "UTF-8")
  of <- strsplit(sub("[.]ocean$", "", basename(model)), "__", fixed = TRUE)[[1L]]
  data.frame(id = table[[1L]], target = names(table)[2L], encoder = of[1L], regressor = of[2L], prediction = table[[2L]])
}
