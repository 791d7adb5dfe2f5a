# Makes arguments of go test that run the tests which call check.Unraced, of the test
# files that it is given. Where it does not see which test a call is of, go test is to fail.
/^func / { name = "" }
/^func Test/ { split($2, parts, "("); name = parts[1] }
/check\.Unraced\(/ && $1 !~ /^\/\// {
	if (name == "" || $0 != "\tcheck.Unraced(t)") {
		print FILENAME ":" FNR ": call check.Unraced(t) at the top of a test, or make unit does not find that" > "/dev/stderr"
		wrong = " -check.Unraced-is-not-at-the-top-of-a-test" # a flag that no test knows
		next
	}
	tests = tests bar name
	bar = "|"
	folder = FILENAME
	sub("/[^/]*$", "", folder)
	folders[folder]
}
END {
	printf "-run='^(%s)$'", tests
	for (folder in folders) printf " %s", folder
	printf "%s", wrong
}
