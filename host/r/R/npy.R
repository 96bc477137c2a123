# Matrices of numbers in NumPy's format: vectors for the program, its permuted scores for R.

write_npy <- function(matrix, path) {
  header <- sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }", nrow(matrix), ncol(matrix))
  header <- paste0(formatC(header, width = -117L), "\n") # 10 + 118 bytes: the numbers begin at a multiple of 64
  file <- file(path, "wb")
  on.exit(close(file))
  writeBin(as.raw(c(0x93, utf8ToInt("NUMPY"), 1, 0)), file)
  writeBin(nchar(header), file, size = 2L, endian = "little")
  writeBin(charToRaw(header), file)
  writeBin(as.numeric(t(matrix)), file, size = 8L, endian = "little")
}

read_npy <- function(path) {
  file <- file(path, "rb")
  on.exit(close(file))
  start <- readBin(file, "raw", 8L)
  if (!identical(start[1:6], as.raw(c(0x93, utf8ToInt("NUMPY"))))) stop(path, " is no .npy file", call. = FALSE)
  length <- if (start[7L] == 1) readBin(file, "integer", 1L, 2L, signed = FALSE, endian = "little") else
    readBin(file, "integer", 1L, 4L, endian = "little")
  header <- rawToChar(readBin(file, "raw", length))
  if (!grepl("'<f8'", header, fixed = TRUE)) stop(path, " has no numbers of 64 bits", call. = FALSE)
  shape <- as.integer(regmatches(header, gregexpr("[0-9]+", header))[[1L]])[-1L] # the 8 of <f8 comes first
  values <- readBin(file, "double", prod(shape), 8L, endian = "little")
  matrix(values, shape[1L], shape[2L], byrow = !grepl("'fortran_order': *True", header))
}
