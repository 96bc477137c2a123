# A data frame and arguments become the files of a study: data.csv, vectors, plugins.toml.

# Which section of plugins.toml an argument belongs to; all others are of [evaluation], and the program refuses what it does not know.
sections <- list(
  study = c("name", "seed"),
  data = c("delimiter", "encoding", "sheet", "pool", "positive", "missing", "blank", "covariates", "split"),
  report = c("by", "words", "texts")
)

section_of <- function(key) {
  found <- names(sections)[vapply(sections, function(keys) key %in% keys, NA)]
  if (length(found)) found else "evaluation"
}

write_study <- function(folder, data, id, text, targets, group, raters, encoder, regressor, keys) {
  keys <- by_section(keys)
  keys$study <- utils::modifyList(list(name = "study"), as.list(keys$study))
  columns <- list(id = id, text = text, targets = targets, group = group)
  encoders <- plugins_of(encoder, "encoder")
  regressors <- lapply(plugins_of(regressor, "regressor"), keeps_models)
  if (is.data.frame(data)) {
    # One row name a row, so that predictions find their rows, and rows their vectors.
    if (is.null(id)) {
      columns$id <- make.unique(c(names(data), "row"))[length(data) + 1L]
      data[[columns$id]] <- in_full(row.names(data))
    }
    asked <- unlist(c(columns, raters, keys$data[c("covariates", "split")], keys$report["by"]))
    # Names that have columns are checked here, where the data frame is: its program would say "data.csv".
    numbers <- c(matching(targets, names(data)), keys$data$covariates, unlist(raters))
    write_table(data, file.path(folder, "data.csv"), asked, numbers, unlist(columns[c("id", "text", "group")]))
    path <- "data.csv"
  } else {
    path <- normalizePath(data, "/", mustWork = TRUE)
  }
  encoders <- Map(function(spec, at) write_vectors(spec, folder, at), encoders, seq_along(encoders))
  lines <- c(
    toml_section("[study]", keys$study),
    toml_section("[data]", c(list(path = path), Filter(Negate(is.null), columns), keys$data)),
    if (length(raters)) toml_section("[raters]", lapply(raters, as.list)),
    toml_section("[evaluation]", keys$evaluation),
    toml_section("[report]", keys$report),
    unlist(lapply(encoders, function(spec) toml_section("[[encoder]]", spec))),
    unlist(lapply(regressors, function(spec) toml_section("[[regressor]]", spec)))
  )
  file <- file.path(folder, "plugins.toml")
  write_utf8(lines, file)
  file
}

by_section <- function(keys) {
  if (length(keys) && (is.null(names(keys)) || !all(nzchar(names(keys))))) {
    stop("arguments after `regressor` need names, as in permutations = 999", call. = FALSE)
  }
  split(keys, vapply(names(keys), section_of, ""))
}

# ---- plugins

# A plugin is a name, a list of its keys, or a matrix or data frame of vectors; several of them are a vector or list.
plugins_of <- function(given, kind) {
  own_keys <- c("vectors", "plugin", "embeddings", "values", "combine")
  if (is.data.frame(given) || is.matrix(given) || (is.list(given) && any(own_keys %in% names(given)))) given <- list(given)
  labels <- names(given)
  if (is.null(labels)) labels <- rep("", length(given))
  lapply(seq_along(given), function(i) {
    spec <- given[[i]]
    if (is.character(spec) && length(spec) == 1L) spec <- list(plugin = spec)
    if (is.matrix(spec) || is.data.frame(spec)) spec <- list(vectors = spec)
    if (!is.list(spec)) stop(kind, " ", i, " is neither the name of a plugin, nor a list of its keys", call. = FALSE)
    label <- c(labels[i], spec$name, spec$plugin, "vectors")
    utils::modifyList(list(name = label[nzchar(label)][1L]), lapply(spec[names(spec) != "name"], identity))
  })
}

# The models that predict() needs, of the regressors that came with the program; others may be unable to keep theirs.
keeps_models <- function(spec) {
  if (isTRUE(spec$plugin %in% c("ridge", "lasso", "elastic-net")) && is.null(spec$export_models)) spec$export_models <- TRUE
  absolute(spec)
}

# Paths are the user's, relative to where R is; plugins.toml lies elsewhere.
absolute <- function(spec) {
  is_path <- function(key, value) {
    is.character(value) && length(value) == 1L && file.exists(value) &&
      (key %in% c("embeddings", "ids", "model") || (key == "plugin" && grepl("[/\\\\]|[.](so|dll|dylib)$", value)))
  }
  Map(function(key, value) if (is_path(key, value)) normalizePath(value, "/") else value, names(spec), spec)
}

write_vectors <- function(spec, folder, at) {
  if (is.null(spec$vectors)) return(absolute(spec))
  name <- paste0("vectors", at)
  save_vectors(spec$vectors, file.path(folder, name))
  spec$vectors <- NULL
  c(spec, list(embeddings = paste0(name, ".npy"), ids = paste0(name, "_ids.txt")))
}

save_vectors <- function(vectors, stem) {
  ids <- rownames(vectors)
  if (is.data.frame(vectors)) {
    # The automatic row names of a data frame say where a row stands and not whose it is.
    if (.row_names_info(vectors) < 0L) ids <- NULL
    if (!is.null(vectors[["id"]])) ids <- as_text(vectors[["id"]], "id", is_name = TRUE)
    vectors <- vectors[, names(vectors) != "id", drop = FALSE]
  }
  vectors <- as.matrix(vectors)
  if (is.null(ids)) {
    stop("the vectors have no row names, and row order is never trusted; try: rownames(vectors) <- data$id, ",
         "or a column `id` in a data frame of vectors", call. = FALSE)
  }
  if (!is.numeric(vectors)) stop("the vectors are not numbers alone", call. = FALSE)
  if (any(grepl("[\r\n]", ids))) stop("an id of the vectors has a line break in it", call. = FALSE)
  write_npy(vectors, paste0(stem, ".npy"))
  write_utf8(in_full(ids), paste0(stem, "_ids.txt"))
}

# ---- the table

write_table <- function(data, path, asked, numbers, names_of_rows) {
  missing <- setdiff(asked[!grepl("[*?[]", asked)], names(data))
  if (length(missing)) {
    stop("the data frame has no column ", paste0("`", missing, "`", collapse = ", "), "; it has ",
         paste0("`", utils::head(names(data), 20L), "`", collapse = ", "), call. = FALSE)
  }
  texts <- lapply(names(data), function(name) {
    as_text(data[[name]], name, is_name = name %in% names_of_rows, is_number = name %in% numbers)
  })
  is_kept <- !vapply(texts, is.null, NA)
  refused <- intersect(asked, names(data)[!is_kept])
  if (length(refused)) stop("column `", refused[1L], "` has several values in a row (it is a list or a matrix)", call. = FALSE)
  columns <- lapply(texts[is_kept], quoted)
  header <- paste(quoted(enc2utf8(names(data)[is_kept])), collapse = ",")
  rows <- if (nrow(data)) do.call(paste, c(columns, sep = ",")) else character()
  write_utf8(c(header, rows), path)
}

quoted <- function(x) ifelse(is.na(x), "", paste0("\"", gsub("\"", "\"\"", x, fixed = TRUE), "\""))

# A column as text; NULL where it cannot be. Numbers keep every digit, factors their words, labelled columns of haven their numbers
# where numbers are asked for, else their words where each value has one.
as_text <- function(x, name, is_name = FALSE, is_number = FALSE) {
  if (is.list(x) && !inherits(x, "POSIXlt") || is.matrix(x) || is.data.frame(x)) return(NULL)
  if (inherits(x, "haven_labelled")) x <- unlabelled(x, is_number)
  if (inherits(x, "integer64")) x <- whole_numbers(x, name)
  if (is.factor(x) || inherits(x, c("Date", "POSIXt"))) x <- as.character(x)
  if (is.logical(x) && is_number) x <- as.numeric(x)
  if (is.numeric(x)) return(number_text(as.numeric(x), is_name))
  x <- as.character(x)
  wrong <- which(!validEnc(x))
  if (length(wrong)) {
    stop("column `", name, "` has bytes in row ", wrong[1L], " that are no text in this encoding; try: iconv(data$", name,
         ", \"windows-1252\", \"UTF-8\")", call. = FALSE)
  }
  enc2utf8(x)
}

# Of the package bit64, whose numbers look like tiny ones to everybody else: 64 bits that are a whole number.
whole_numbers <- function(x, name) {
  halves <- matrix(readBin(writeBin(as.vector(unclass(x)), raw(), endian = "little"), "integer", 2L * length(x), 4L, endian = "little"), 2L)
  low <- ifelse(is.na(halves[1L, ]), 2^31, halves[1L, ] %% 2^32)
  values <- halves[2L, ] * 2^32 + low # the upper half of a missing value is NA
  if (any(abs(values) >= 2^53, na.rm = TRUE)) {
    stop("column `", name, "` has whole numbers of more digits than R can keep; try: as.character() of it", call. = FALSE)
  }
  values
}

unlabelled <- function(x, is_number) {
  values <- as.vector(unclass(x))
  attributes(values) <- NULL
  # SPSS's user-missing values, as haven keeps them with user_na = TRUE.
  values[values %in% attr(x, "na_values")] <- NA
  range <- attr(x, "na_range")
  if (!is.null(range)) values[!is.na(values) & values >= range[1L] & values <= range[2L]] <- NA
  labels <- attr(x, "labels")
  is_named <- all(is.na(values) | values %in% labels)
  if (is_number || is.null(labels) || !is_named) return(values)
  names(labels)[match(values, labels)]
}

# Fifteen digits where they read back to the same number, else seventeen; ids in full.
number_text <- function(x, is_name = FALSE) {
  digits <- function(n) formatC(x, digits = n, format = "g", width = 1L, decimal.mark = ".")
  short <- digits(15L)
  back <- suppressWarnings(as.numeric(short))
  text <- ifelse(!is.na(back) & back == x, short, digits(17L))
  is_whole <- is_name & is.finite(x) & x == round(x) & abs(x) < 2^53
  text[which(is_whole)] <- formatC(x[which(is_whole)], digits = 0L, format = "f", width = 1L, decimal.mark = ".")
  ifelse(is.na(x), NA_character_, text)
}

# Row names that were numbers: rownames(x) <- data$id makes "1e+05" of an id 100000.
in_full <- function(names) {
  is_short <- grepl("^[0-9.]+e[+][0-9]+$", names)
  names[is_short] <- number_text(as.numeric(names[is_short]), is_name = TRUE)
  names
}

# The columns that names and globs stand for.
matching <- function(patterns, columns) {
  unlist(lapply(patterns, function(pattern) {
    if (pattern %in% columns) pattern else grep(utils::glob2rx(pattern), columns, value = TRUE)
  }))
}

# ---- TOML

toml_section <- function(header, keys) {
  keys <- Filter(Negate(is.null), keys)
  if (!length(keys)) return(NULL)
  c(header, paste(vapply(names(keys), toml_text, ""), "=", vapply(keys, toml_value, "")), "")
}

toml_value <- function(value) {
  if (is.list(value) && !is.null(names(value))) {
    pairs <- paste(vapply(names(value), toml_text, ""), "=", vapply(value, toml_value, ""))
    return(paste0("{ ", paste(pairs, collapse = ", "), " }"))
  }
  if (is.list(value) || length(value) != 1L) {
    return(paste0("[", paste(vapply(as.list(value), toml_value, ""), collapse = ", "), "]"))
  }
  if (is.na(value)) stop("an argument is NA, where a value was expected", call. = FALSE)
  if (is.factor(value)) value <- as.character(value)
  if (is.logical(value)) return(tolower(as.character(value)))
  if (!is.numeric(value)) return(toml_text(as.character(value)))
  if (is.infinite(value)) return(if (value > 0) "inf" else "-inf")
  number_text(as.numeric(value), is_name = abs(value) < 1e15)
}

# A basic string: what JSON escapes, TOML reads.
toml_text <- function(text) {
  text <- enc2utf8(as.character(jsonlite::toJSON(enc2utf8(text), auto_unbox = TRUE)))
  gsub("\x7f", "\\u007F", text, fixed = TRUE)
}

write_utf8 <- function(lines, path) {
  file <- file(path, "wb")
  on.exit(close(file))
  writeLines(enc2utf8(lines), file, sep = "\n", useBytes = TRUE)
}
