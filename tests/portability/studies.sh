#!/usr/bin/env bash
# studies.sh FOLDER PLUGINS SUFFIX PROGRAM [ARGUMENT…]: what a user does with the program, in FOLDER,
# which is made anew. PLUGINS holds libraries of plugins that end in SUFFIX; `-` for none.
# SMALL=1: few texts and permutations, for a slow machine. The last line is `N passed, N failed`.
set -uo pipefail
quickstart=$(cd "$(dirname "$0")/../../examples/quickstart" && pwd)
folder=$1 plugins=$2 suffix=$3
shift 3
program=("$@")
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder" || exit 1
passed=0 failed=0

# A step is a name and a command that must succeed; what it says is in NAME.log.
step() {
    local name=$1 began=$SECONDS
    shift
    if "$@" >"$name.log" 2>&1 </dev/null; then
        passed=$((passed + 1))
        echo "ok      $name ($((SECONDS - began)) s)"
    else
        failed=$((failed + 1))
        echo "FAILED  $name ($((SECONDS - began)) s), see $folder/$name.log"
    fi
}
host() { "${program[@]}" "$@"; }
evaluated() { host eval "$1" --out "$2" --quiet "${@:3}"; }

cp -r "$quickstart" q
if [ -n "${SMALL:-}" ]; then
    sed -i 's/^permutations = .*/permutations = 19/; s/^targets = .*/targets = ["openness"]/' q/plugins.toml
    sed -i '62,$d' q/texts.csv
fi

quickstart_runs() { evaluated q/plugins.toml quick && [ -s quick/report.html ]; }
report_is_made_again() {
    cp quick/report.md before.md && rm quick/report.md quick/results.csv &&
        host report quick && cmp before.md quick/report.md && [ -s quick/results.csv ]
}
vectors_are_kept() { host encode q/plugins.toml --out vectors --quiet && ls vectors/*; }
plugins_are_listed() { host plugin list && host plugin info ridge; }

# Lines end in CRLF, a byte order mark stands before them, and the path has a space and umlauts.
own_table() {
    mkdir -p 'Größe und Maß' && cd 'Größe und Maß' || return
    {
        printf '\xef\xbb\xbfid,text,score\r\n'
        for i in $(seq 60); do
            printf 't%d,"Früh, um %d Uhr, ging ich %s in den Wald",%d.5\r\n' \
                "$i" $((i % 24)) "$([ $((i % 3)) = 0 ] && echo gern || echo müde)" $((i % 3 * 2 + i % 5))
        done
    } >'Daten 1.csv'
    host init 'Daten 1.csv' || return
    sed -i 's/^\(# *\)\?permutations = .*/permutations = 19/' plugins.toml
    grep -n permutations plugins.toml
    evaluated plugins.toml Läufe && [ "$(wc -l <Läufe/results.csv)" -gt 1 ] && cd ..
}

models_predict() {
    sed 's/^plugin = "ridge".*/plugin = "ridge"\nexport_models = true/' q/plugins.toml >q/exported.toml
    evaluated q/exported.toml exported || return
    host predict exported/models/lexical__ridge__openness.ocean q/texts.csv --out predictions.csv || return
    [ "$(wc -l <predictions.csv)" -gt 50 ]
}

# A run that is killed goes on where it was, and ends in the same bytes.
killed_run_goes_on() {
    "${program[@]}" eval q/plugins.toml --out killed --threads 1 >/dev/null 2>&1 &
    local pid=$! tries=0 before
    until [ "$(stat -c %s killed/work/journal 2>/dev/null || echo 0)" -gt 500 ]; do
        kill -0 $pid 2>/dev/null || { echo "it ended before it was killed"; return 1; }
        sleep 0.05
        tries=$((tries + 1))
        [ $tries -lt 12000 ] || return 1
    done
    # As long as it is there, at work or not, the folder is locked.
    kill -STOP $pid
    if host eval q/plugins.toml --out killed --quiet >second.txt 2>&1; then
        echo "a second run of the same folder was not refused"
        return 1
    fi
    cat second.txt
    kill -KILL $pid
    wait $pid 2>/dev/null
    sleep 1
    before=$(stat -c %s killed/work/journal)
    echo "killed with $before bytes in its journal"
    [ ! -e killed/results.csv ] && host eval q/plugins.toml --out killed --quiet || return
    cmp killed/results.csv quick/results.csv && [ ! -e killed/work ]
}

# A plugin from elsewhere runs in a process of its own, to the same bytes.
with_plugin() {
    cp "$plugins/$1$suffix" "q/$1$suffix" &&
        sed "s/^plugin = \"ridge\".*/plugin = \"$1$suffix\"\n$2/" q/plugins.toml >"q/$1.toml"
}
plugin_in_a_worker() {
    with_plugin ridge "" && evaluated q/ridge.toml isolated || return
    cmp isolated/results.csv quick/results.csv
}
plugin_in_this_process() {
    with_plugin ridge 'isolation = "in-process"' && evaluated q/ridge.toml in-process || return
    cmp in-process/results.csv quick/results.csv
}
plugin_that_crashes() {
    with_plugin crash_in_fit "" || return
    printf '\n[[regressor]]\nname = "other"\nplugin = "ridge"\n' >>q/crash_in_fit.toml
    evaluated q/crash_in_fit.toml crashed && return 1
    grep 'crashed its worker with' crashed/report.md && grep other crashed/results.csv
}
plugin_is_checked() { host plugin check "q/ridge$suffix"; }
c_plugin_is_checked() { cp "$plugins/one_feature$suffix" q/ && host plugin check "q/one_feature$suffix"; }

step quickstart quickstart_runs
step report report_is_made_again
step encode vectors_are_kept
step plugin-list plugins_are_listed
step own-table own_table
step predict models_predict
step resume killed_run_goes_on
if [ "$plugins" != - ]; then
    step worker plugin_in_a_worker
    step in-process plugin_in_this_process
    step crash plugin_that_crashes
    step check plugin_is_checked
    step check-c c_plugin_is_checked
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
