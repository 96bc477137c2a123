#!/usr/bin/env bash
# r.sh FOLDER: `R CMD check --as-cran` of host/r with the program in target/release, its vignette and examples run. Writes into FOLDER.
# Needs R with jsonlite, knitr and rmarkdown; as root on Debian they are installed. A minute. No part of the tests of the workspace.
# What needs more than this machine is left out: the manual as PDF (LaTeX), and the looks at CRAN's list of packages and at a clock.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
project=$(cd "$(dirname "$0")/../.." && pwd)

packages='for (name in c("jsonlite", "knitr", "rmarkdown")) loadNamespace(name)'
if ! Rscript -e "$packages" >/dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends r-base-core r-cran-jsonlite r-cran-knitr r-cran-rmarkdown pandoc qpdf
fi
export OCEAN_PROGRAM=${OCEAN_PROGRAM:-$project/target/release/ocean-host}
export _R_CHECK_CRAN_INCOMING_=false _R_CHECK_SYSTEM_CLOCK_=false
cd "$folder"
R CMD build "$project/host/r"
R CMD check --as-cran --no-manual oceanhost_*.tar.gz
tail -n 1 oceanhost.Rcheck/00check.log
grep -q '^Status: OK' oceanhost.Rcheck/00check.log
