# Makes rows of a table of what tests noted: a test, where, what, a unit and a number, with
# tabs between. Numbers are added up, but of times the longest counts.
BEGIN { FS = "\t" }

{
	row = $1 FS $2
	if (!(row in figures)) {
		rows[++n] = row
		figures[row] = 0
	}
	figure = row FS $3
	if (!(figure in unit)) {
		unit[figure] = $4
		number[figure] = $5
		what[row, ++figures[row]] = $3
	} else if ($4 != "ms")
		number[figure] += $5
	else if ($5 > number[figure])
		number[figure] = $5
}

END {
	for (i = 1; i <= n; i++) {
		text = ""
		for (j = 1; j <= figures[rows[i]]; j++) {
			what_ = what[rows[i], j]
			figure = rows[i] FS what_
			text = text (j > 1 ? "; " : "")
			text = text (unit[figure] == "ms" ? what_ sprintf(": %.2f s", number[figure] / 1000) : what_ ": " number[figure])
		}
		split(rows[i], of, FS)
		printf "| %s | %s | %s |\n", of[1], of[2], text
	}
}
