# Makes arguments of go test that run the tests which call check.Unraced, of the test
# files that it is given.
/^func Test/ { split($2, name, "(") }
/^\tcheck\.Unraced\(t\)$/ {
	tests = tests bar name[1]
	bar = "|"
	folder = FILENAME
	sub("/[^/]*$", "", folder)
	folders[folder]
}
END {
	printf "-run='^(%s)$'", tests
	for (folder in folders) printf " %s", folder
}
