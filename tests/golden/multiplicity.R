# Oracle for make_golden.py: R's p.adjust, and multtest's step-down maxT over all arrangements of two classes.
# Reads p-values (one vector a line) and a matrix (genes x samples) with class labels; prints numbers only.
suppressMessages(library(multtest))
arguments <- commandArgs(trailingOnly = TRUE)
if (arguments[1] == "versions") {
  cat(R.version$major, ".", R.version$minor, " ", as.character(packageVersion("multtest")), "\n", sep = "")
} else if (arguments[1] == "adjust") {
  for (line in readLines(arguments[2])) {
    p <- as.numeric(strsplit(line, " ")[[1]])
    cat(format(p.adjust(p, arguments[3]), digits = 17), "\n")
  }
} else {
  x <- as.matrix(read.table(arguments[2]))
  labels <- scan(arguments[3], quiet = TRUE)
  capture.output(result <- mt.maxT(x, labels, test = "t.equalvar", side = "upper", B = 0))
  cat("\n", format(result$adjp[order(result$index)], digits = 17), "\n")
}
