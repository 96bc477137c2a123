# What is written for the program: numbers, words, TOML, matrices. Needs no program.
library(oceanhost)
own <- asNamespace("oceanhost")
options(OutDec = ",") # a German's R

# Every number reads back to itself, whatever its size; an id is no 1e+05.
x <- c(0.1, 1 / 3, 1e5, -2.5e-300, 123456789.123456789, 2^53, .Machine$double.xmin, NA, NaN, 3L)
stopifnot(identical(as.numeric(own$number_text(x[1:7])), x[1:7]))
stopifnot(is.na(own$number_text(x[8:9])))
stopifnot(own$number_text(c(1e5, 1e15, 7, 0.5), is_name = TRUE) == c("100000", "1000000000000000", "7", "0.5"))

# Factors are words and not codes; labels of haven are numbers for targets and words elsewhere; user-missing is missing.
text <- own$as_text
stopifnot(identical(text(factor(c("20", "10", NA)), "x"), c("20", "10", NA)))
stopifnot(identical(text(c(TRUE, NA), "x", is_number = TRUE), c("1", NA)))
labelled <- structure(c(1, 2, 9, 99), labels = c(no = 1, yes = 2, refused = 9, unasked = 99), na_values = 9, na_range = c(90, 100),
                      class = c("haven_labelled_spss", "haven_labelled", "vctrs_vctr", "double"))
stopifnot(identical(text(labelled, "x", is_number = TRUE), c("1", "2", NA, NA)))
stopifnot(identical(text(labelled, "x"), c("no", "yes", NA, NA)))
stopifnot(is.null(text(list(1, 2), "x")), text(as.Date("2024-05-01"), "x") == "2024-05-01")
# integer64 of the package bit64: 1, -1, 10^10, missing, 2^31.
bits <- readBin(as.raw(c(1, 0, 0, 0, 0, 0, 0, 0, rep(255, 8), 0, 228, 11, 84, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 0, 0, 0, 128, 0, 0, 0, 0)), "double", 5L,
                endian = "little")
stopifnot(identical(text(structure(bits, class = "integer64"), "x", is_name = TRUE), c("1", "-1", "10000000000", NA, "2147483648")))
latin <- "M\xe4rz"
Encoding(latin) <- "latin1"
stopifnot(text(latin, "x") == "M\u00e4rz")
wrong <- tryCatch(text(c("a", "\xff"), "x"), error = conditionMessage)
stopifnot(grepl("row 2", wrong), grepl("iconv", wrong))

# TOML: quotes, line breaks and backslashes in names; whole numbers without a point; tables and arrays.
toml <- own$toml_value
stopifnot(toml("a \"b\"\\\n") == "\"a \\\"b\\\"\\\\\\n\"", toml(999) == "999", toml(0.05) == "0.05", toml(TRUE) == "true")
stopifnot(toml(c("a", "b")) == "[\"a\", \"b\"]", toml(list(adaptive = 9999)) == "{ \"adaptive\" = 9999 }", toml(list(1)) == "[1]")

# Matrices there and back.
file <- tempfile(fileext = ".npy")
matrix <- matrix(c(1.5, -2, 1 / 3, 4, 5, 6), 3, 2)
own$write_npy(matrix, file)
stopifnot(identical(own$read_npy(file), matrix), (file.size(file) - 6 * 8) %% 64 == 0)

# Row order is never trusted.
asked <- tryCatch(own$save_vectors(unname(matrix), tempfile()), error = conditionMessage)
stopifnot(grepl("row names", asked))
stopifnot(inherits(try(own$save_vectors(as.data.frame(matrix), tempfile()), silent = TRUE), "try-error"))

# p never changes sides of the level, and is never 0.
p <- own$one_p
stopifnot(p(0.05004, NA, 0.05) == ".05004", p(0.0504, NA, 0.05) == ".0504", p(0.2, 0.01, 0.05) == ".200", grepl("[.]001$", p(0.001, 0.001, 0.05)))
stopifnot(p(1, NA, 0.05) == "1.000", p(0.00004, NA, 0.05) == ".00004", p(0.99999, NA, 0.05) == "> .999")
stopifnot(own$score_text(c(0.1234, 0, -0.0001, 1.5, NA)) == c(".123", ".000", ".000", "1.50", ""))

# No program: where one was looked for, and how to get it.
options(oceanhost.program = "/nowhere/ocean-host")
stopifnot(grepl("oceanhost.program", tryCatch(ocean_program(), error = conditionMessage)))
options(oceanhost.program = NULL)
path <- Sys.getenv("PATH")
Sys.setenv(OCEAN_PROGRAM = "", PATH = "")
stopifnot(grepl("cargo install", tryCatch(ocean_program(), error = conditionMessage)))
Sys.setenv(PATH = path)
