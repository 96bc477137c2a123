# Where the program is, and one call of it: words in, events out, its errors as conditions.

ocean_program <- function() {
  named <- getOption("oceanhost.program", Sys.getenv("OCEAN_PROGRAM"))
  if (nzchar(named)) {
    if (!file.exists(named) || dir.exists(named)) {
      stop("ocean-host is not at ", named, ", which option `oceanhost.program` or environment variable ",
           "OCEAN_PROGRAM names", call. = FALSE)
    }
    return(normalizePath(named))
  }
  found <- Sys.which("ocean-host")
  if (!nzchar(found)) {
    stop("the program ocean-host was not found.\n",
         "  Install it: unpack a release archive, or type `cargo install --locked --path host` in its sources,\n",
         "  or `pip install ocean-host` with the wheel of a release. Then put it on the PATH, or say where it is:\n",
         "  options(oceanhost.program = \"C:/Programs/ocean-host.exe\")", call. = FALSE)
  }
  unname(found)
}

# Runs the program; every line of its standard output goes to `on_line` (as it comes, but on Windows at the end). Returns exit code and words.
call_program <- function(arguments, on_line = function(line) NULL) {
  program <- ocean_program()
  said <- tempfile("ocean-said-")
  on.exit(unlink(said))
  arguments <- shQuote(enc2native(arguments))
  if (.Platform$OS.type == "windows") {
    # Its pipes have no shell that could part the two streams.
    lines <- suppressWarnings(system2(program, arguments, stdout = TRUE, stderr = said))
    for (line in lines) on_line(line)
    code <- attr(lines, "status")
  } else {
    code <- through_pipe(paste(c(shQuote(program), arguments, "2>", shQuote(said)), collapse = " "), on_line)
  }
  list(code = if (is.null(code)) 0L else as.integer(code), said = read_lines(said))
}

through_pipe <- function(command, on_line) {
  id <- tempfile("ocean-id-")
  pipe <- pipe(paste("echo $$ >", shQuote(id), "&& exec", command), "r")
  is_open <- TRUE
  on.exit({
    # An interrupt is passed on, for not every console tells the programs of R. The program keeps what is finished.
    if (is_open) {
      tools::pskill(as.integer(readLines(id, warn = FALSE)), tools::SIGINT)
      close(pipe)
    }
    unlink(id)
  })
  while (length(line <- readLines(pipe, 1L, warn = FALSE)) > 0L) on_line(line)
  is_open <- FALSE
  status <- close(pipe)
  # As wait(2) has it: the exit code in the second byte.
  if (is.null(status) || status < 256L) status else status %/% 256L
}

read_lines <- function(file) {
  if (!file.exists(file)) return(character())
  lines <- readLines(file, warn = FALSE, encoding = "UTF-8")
  lines[nzchar(lines)]
}

# The program's own words as an error: class `ocean_refused` (nothing was started), `ocean_interrupted`, or `ocean_failed`; all are `ocean_error`.
stop_with <- function(said, code) {
  class <- switch(as.character(code), `2` = "ocean_refused", `130` = "ocean_interrupted", "ocean_failed")
  words <- sub("^error: ", "", paste(said, collapse = "\n"))
  if (!nzchar(words)) words <- paste("ocean-host ended with exit code", code)
  stop(structure(class = c(class, "ocean_error", "error", "condition"), list(message = words, call = NULL, exit_code = code)))
}
