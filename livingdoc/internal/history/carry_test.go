package history_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/internal/history"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// site makes the site of a build out of the one before it, as a build does.
func site(t *testing.T, n int, previous fstest.MapFS, limit int) fstest.MapFS {
	t.Helper()
	carried, err := history.Carry(previous, limit)
	check.Must(t, err)
	text, _, err := history.Extend(carried.History, build(n, "key", run.Passed))
	check.Must(t, err)
	made := fstest.MapFS{
		history.File:      {Data: text},
		"index.html":      {Data: []byte("<html><body class=x>front " + fmt.Sprint(n))},
		"a/b/page.html":   {Data: []byte("<body>page")},
		"old.html":        {Data: []byte("<meta http-equiv=refresh>")},
		"style.css":       {Data: []byte("body { }")},
		"stock/body.html": {Data: []byte("<bodyguard>")},
	}
	for name, content := range carried.Files {
		made[name] = &fstest.MapFile{Data: content}
	}
	return made
}

func TestSitesAreCarriedFromBuildToBuild(t *testing.T) {
	t.Parallel()
	present := fstest.MapFS{}
	for n := range 5 {
		present = site(t, n, present, 2)
	}
	var folders []string
	for name := range present {
		if folder, ok := strings.CutSuffix(name, "/index.html"); ok {
			folders = append(folders, folder)
		}
	}
	slices.Sort(folders)
	check.Same(t, "sites of earlier builds", []string{"builds/3", "builds/4"}, folders)
	check.Equal(t, "builds in the history", 5, strings.Count(string(present[history.File].Data), "\n"))
	for name, want := range map[string]string{
		"builds/4/index.html":      `<html><body class=x><aside class="earlier" aria-label="Earlier build">This is build 4, of 24 November 2026. <a href="../../index.html">The present one</a></aside>front 3`,
		"builds/3/a/b/page.html":   `<body><aside class="earlier" aria-label="Earlier build">This is build 3, of 24 November 2026. <a href="../../../../index.html">The present one</a></aside>page`,
		"builds/4/old.html":        "<meta http-equiv=refresh>",
		"builds/4/style.css":       "body { }",
		"builds/4/stock/body.html": "<bodyguard>",
	} {
		if got := present[name]; got == nil || string(got.Data) != want {
			t.Errorf("%s: got %s, want %s", name, got.Data, want)
		}
	}
	for name := range maps.Keys(present) {
		if strings.Count(name, "builds") > 1 || strings.HasSuffix(name, "/"+history.File) {
			t.Errorf("an earlier build has %s, which only the present one is to have", name)
		}
	}
}

func TestCarryWithoutASiteBefore(t *testing.T) {
	t.Parallel()
	for name, previous := range map[string]fstest.MapFS{
		"nothing":           {},
		"an empty history":  {"index.html": {}, history.File: {}},
		"no history":        {"index.html": {}},
		"no site":           {history.File: {Data: []byte(`{"v":1,"n":1,"stores":[]}`)}},
		"a history no more": {history.File: {Data: []byte(`torn`)}},
	} {
		carried, err := history.Carry(previous, 0)
		if err != nil || len(carried.Sites)+len(carried.Files) > 0 {
			t.Errorf("%s: got %v and error %v, want nothing", name, carried, err)
		}
		if old := previous[history.File]; old != nil && string(old.Data) != string(carried.History) {
			t.Errorf("%s: got the history %q, want it as it was", name, carried.History)
		}
	}
	if _, err := history.Carry(fstest.MapFS{history.File: {Data: []byte(`{"v":9}`)}}, 0); err == nil {
		t.Error("of a newer program's site: got no error")
	}
}
