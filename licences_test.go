package groupcheckout_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// licences are those that what is shipped may stand under, by words that only they have.
func licences() map[string]string {
	return map[string]string{
		"MIT":        "Permission is hereby granted, free of charge, to any person obtaining a copy",
		"BSD":        "Redistribution and use in source and binary forms",
		"Apache-2.0": "Apache License Version 2.0",
		"ISC":        "Permission to use, copy, modify, and/or distribute this software for any purpose",
	}
}

// licenceOf names the licence of a module by the text in its folder.
func licenceOf(dir string) (string, error) {
	var files []string
	for _, name := range []string{"[Ll][Ii][Cc][Ee][Nn][SsCc][Ee]*", "COPYING*"} {
		found, err := filepath.Glob(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return "", fmt.Errorf("there is no licence in %s", dir)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return "", err
	}
	plain := strings.Join(strings.Fields(string(text)), " ")
	for name, words := range licences() {
		if strings.Contains(plain, words) {
			return name, nil
		}
	}
	return "", fmt.Errorf("the licence in %s is none of those that are known to be right", files[0])
}

// TestWhatIsShippedStandsUnderKnownLicences looks at each module that is linked into a
// program that people get.
func TestWhatIsShippedStandsUnderKnownLicences(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}",
		"./cmd/reactor", "./cmd/indexer-lambda", "./cmd/livingdoc").Output()
	check.Mustf(t, err, "list the modules")
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		path, dir, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found || seen[path] {
			continue
		}
		seen[path] = true
		check.OKf(t, check.Error(licenceOf(dir)), "%s", path)
	}
	if len(seen) < 20 {
		t.Errorf("got only %d modules, want all that are linked", len(seen))
	}
}

// TestLicencesAreReallyRead shows that the check can fail.
func TestLicencesAreReallyRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if name, err := licenceOf(dir); err == nil {
		t.Errorf("without a licence: got %s, want an error", name)
	}
	for text, want := range map[string]string{
		"GNU GENERAL PUBLIC LICENSE\nVersion 3":                                         "",
		"Apache License\n\n      Version 2.0, January 2004":                             "Apache-2.0",
		"Permission is hereby granted, free of charge, to any\nperson obtaining a copy": "MIT",
	} {
		check.Must(t, os.WriteFile(filepath.Join(dir, "LICENSE"), []byte(text), 0o600))
		if got, err := licenceOf(dir); got != want || (err != nil) != (want == "") {
			t.Errorf("%.30q: got %q and %v, want %q", regexp.MustCompile(`\s+`).ReplaceAllString(text, " "), got, err, want)
		}
	}
}
