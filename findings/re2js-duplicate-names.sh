#!/usr/bin/env bash
# re2js, a port of Go's regular expressions, refuses two groups of one name, which Go takes.
#
# Packages: re2js 2.10.0 (npm); Go 1.26.8's package regexp beside it (any Go that is installed).
# Input:    the patterns (?P<n>a)(?P<n>b) and (?<n>a)(?<n>b), and one without a repeated name.
# Expected: as Go's regexp, which re2js says it follows: the patterns compile and match "ab".
# Seen:     RE2JSSyntaxException "duplicate capture group name" from re2js; Go compiles both.
# Exit:     0 while that is so, 1 when it changed, 2 where it cannot be tried.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true}' >package.json
npm install --silent --no-audit --no-fund re2js@2.10.0 || { echo "re2js cannot be had" >&2; exit 2; }
command -v go >/dev/null || { echo "needs go" >&2; exit 2; }
go version

cat >try.cjs <<'J'
const { RE2JS } = require("re2js");
for (const pattern of ["(?P<n>a)(?P<n>b)", "(?<n>a)(?<n>b)", "(?P<n>a)(?P<m>b)"]) {
  try {
    console.log(pattern, RE2JS.compile(pattern).matcher("ab").matches());
  } catch (error) {
    console.log(pattern, error.message.includes("duplicate capture group name") ? "duplicate" : error.message);
  }
}
J
cat >try.go <<'G'
package main

import (
	"fmt"
	"regexp"
)

func main() {
	for _, pattern := range []string{"(?P<n>a)(?P<n>b)", "(?<n>a)(?<n>b)", "(?P<n>a)(?P<m>b)"} {
		compiled, err := regexp.Compile(pattern)
		fmt.Println(pattern, err == nil && compiled.MatchString("ab"))
	}
}
G
node try.cjs | tee js.txt
go run try.go | tee go.txt
printf '%s\n' '(?P<n>a)(?P<n>b) duplicate' '(?<n>a)(?<n>b) duplicate' '(?P<n>a)(?P<m>b) true' |
	cmp -s - js.txt || { echo "re2js changed" >&2; exit 1; }
printf '%s\n' '(?P<n>a)(?P<n>b) true' '(?<n>a)(?<n>b) true' '(?P<n>a)(?P<m>b) true' |
	cmp -s - go.txt || { echo "Go changed" >&2; exit 1; }
echo "as described"
