# The table of `./run rows`: features.tsv first, then the XML reports of the test programs (Catch2's reporter `xml`).
#
#   awk -f table.awk features.tsv float.xml double.xml
#
# Ends with status 1 when a feature that is built has no test or one that failed.
BEGIN { FS = "\t" }

FILENAME == ARGV[1] {
  order[++count] = $1
  feature[$1] = $2
  place[$1] = $3
  next
}

FNR == 1 { ++reports }

/<TestCase / {
  name = $0
  sub(/.* name="/, "", name)
  sub(/" .*/, "", name)
  gsub(/&lt;/, "<", name)
  gsub(/&gt;/, ">", name)
  gsub(/&quot;/, "\"", name)
  gsub(/&amp;/, "\\&", name)
  row = ""
  if (match(name, /^row N?[0-9]+: /)) {
    row = substr(name, 5, RLENGTH - 6)
    test[row] = substr(name, RLENGTH + 1)
    ++begun[row]
  } else {
    others = others "  " name "\n"
  }
}

/<OverallResult / {
  good = /success="true"/
  if (row != "" && good) ++passed[row]
  if (row == "" && !good) ++failed_others
}

END {
  print "row  result  feature -- test"
  for (i = 1; i <= count; ++i) {
    row = order[i]
    if (place[row] ~ /^later/) {
      result = "-"
      said = place[row]
      ++later
    } else if (begun[row] == reports && passed[row] == reports) {
      result = "pass"
      said = test[row] " (" place[row] ")"
      ++good_rows
    } else {
      result = begun[row] ? "FAIL" : "none"
      said = (begun[row] ? test[row] : "no test has run") " (" place[row] ")"
      ++bad_rows
    }
    printf "%-4s %-7s %s -- %s\n", row, result, feature[row], said
  }
  printf "%d features pass in float and double, %d fail, %d are built later\n", good_rows, bad_rows, later
  if (failed_others) printf "%d further tests of the list fail\n", failed_others
  exit bad_rows || failed_others ? 1 : 0
}
