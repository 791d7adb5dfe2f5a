package run

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Joined is several runs of the same features side by side.
type Joined struct {
	Runs     []Info     // in the order in which they were given
	Features []*Feature // whose rows have a result for each run, in that order
	sources  map[string]string
}

// MismatchError says that a run is of other features than it should be.
type MismatchError struct {
	File  string   // of the run
	Other string   // what it differs from
	Paths []string // of the features that differ, in order
}

func (e *MismatchError) Error() string {
	named := e.Paths
	more := ""
	if len(named) > 3 {
		named, more = named[:3], fmt.Sprintf(" and %d more", len(e.Paths)-3)
	}
	return fmt.Sprintf("%s: the run is of other features than %s: %s%s differ. Run the features again on every store, from one commit",
		e.File, e.Other, strings.Join(named, ", "), more)
}

// DoubleError says that two runs are on the same store, brought up in the same
// way.
type DoubleError struct{ Store, How, First, Second string }

func (e *DoubleError) Error() string {
	return fmt.Sprintf("%s and %s are both runs on %q, %q; leave one of them out", e.First, e.Second, e.Store, e.How)
}

// Join lays runs side by side. They have to be of the same features to the
// letter, and no two on the same store that was brought up in the same way; the
// error is a [*MismatchError] or a [*DoubleError]. It takes the runs over.
//
// Runs on one store that was brought up in different ways count as one run in
// several parts, since there are scenarios for either only. Of a row that ran in
// more than one of them, the result is that which is to be told first.
func Join(runs []*Run) (*Joined, error) {
	if len(runs) == 0 {
		return nil, fmt.Errorf("there is no run to join")
	}
	name(runs)
	first := runs[0]
	made := &Joined{Features: first.Features, Runs: []Info{first.Info}, sources: first.sources}
	for i, r := range runs[1:] {
		for _, before := range runs[:i+1] {
			if before.Info.Store == r.Info.Store && before.Info.How == r.Info.How {
				return nil, &DoubleError{Store: r.Info.Store, How: r.Info.How, First: before.Info.File, Second: r.Info.File}
			}
		}
		if paths := differing(first.sources, r.sources); len(paths) > 0 {
			return nil, &MismatchError{File: r.Info.File, Other: first.Info.File, Paths: paths}
		}
		if err := made.add(r); err != nil {
			return nil, err
		}
		same := slices.IndexFunc(made.Runs, func(info Info) bool { return info.Store == r.Info.Store })
		if same < 0 {
			made.Runs = append(made.Runs, r.Info)
			continue
		}
		made.Runs[same] = made.Runs[same].with(r.Info)
		made.merge(same)
	}
	return made, nil
}

// with is what two parts of a run say.
func (i Info) with(part Info) Info {
	i.How += ", and " + part.How
	i.File += ", " + part.File
	if part.Started.Before(i.Started) {
		i.Started = part.Started
	}
	if part.Finished.After(i.Finished) {
		i.Finished = part.Finished
	}
	if i.Commit == (Commit{}) {
		i.Commit = part.Commit
	}
	i.Message = strings.Trim(i.Message+"; "+part.Message, "; ")
	i.Faults = slices.Concat(i.Faults, part.Faults)
	i.Took += part.Took
	properties := maps.Clone(part.Properties)
	maps.Copy(properties, i.Properties)
	properties["how"] = i.How
	i.Properties = properties
	return i
}

// merge takes the last result of each row into the one with an index.
func (j *Joined) merge(into int) {
	for _, f := range j.Features {
		for _, r := range f.Rules {
			for _, row := range r.Rows() {
				last := len(row.Results) - 1
				row.Results[into] = row.Results[into].or(row.Results[last])
				row.Results = row.Results[:last]
			}
		}
	}
}

// or returns the result of one that ran, or that which is to be told first.
func (r Result) or(other Result) Result {
	ran := func(r Result) bool { return r.Verdict != Skipped && r.Verdict != NotRun }
	if ran(other) && !ran(r) || ran(other) == ran(r) && other.Verdict.rank() > r.Verdict.rank() {
		return other
	}
	return r
}

// add takes the results of another run of the same features.
func (j *Joined) add(r *Run) error {
	unlike := func(path string) error {
		return &MismatchError{File: r.Info.File, Other: j.Runs[0].File, Paths: []string{path}}
	}
	if len(r.Features) != len(j.Features) {
		return unlike("the lists of features")
	}
	for f, feature := range r.Features {
		ours := j.Features[f]
		if feature.Path != ours.Path || len(feature.Rules) != len(ours.Rules) {
			return unlike(feature.Path)
		}
		for i, rule := range feature.Rules {
			if !ours.Rules[i].add(rule) {
				return unlike(feature.Path)
			}
		}
	}
	return nil
}

// add takes the results of the same rule in another run, or tells that it is
// not the same.
func (r *Rule) add(other *Rule) bool {
	if r.Title != other.Title || len(r.Scenarios) != len(other.Scenarios) {
		return false
	}
	for i, s := range other.Scenarios {
		ours := r.Scenarios[i]
		if ours.Title != s.Title || len(ours.Rows) != len(s.Rows) || len(ours.Steps) != len(s.Steps) {
			return false
		}
		for k, row := range s.Rows {
			if !slices.Equal(row.Cells, ours.Rows[k].Cells) {
				return false
			}
			ours.Rows[k].Results = append(ours.Rows[k].Results, row.Results...)
		}
		for k, step := range s.Steps {
			if ours.Steps[k].Code == "" {
				ours.Steps[k].Code = step.Code
			}
		}
	}
	return true
}

// Folder returns the folder of the features as the runs name it, such as
// examples/parcels, where names are the paths of the features in that folder; it is
// "" where the runs name none. It is not found if the runs have none of the features.
func (j *Joined) Folder(names []string) (folder string, found bool) {
	return folderOf(j.Features, names)
}

func folderOf(features []*Feature, names []string) (folder string, found bool) {
	counts := map[string]int{}
	best := ""
	for _, feature := range features {
		for _, name := range names {
			folder, within := strings.CutSuffix("/"+feature.Path, "/"+name)
			if !within {
				continue
			}
			folder = strings.TrimPrefix(folder, "/") // which is before each of them, so that a name is cut off whole
			counts[folder]++
			if counts[folder] > counts[best] || counts[folder] == counts[best] && folder < best {
				best = folder
			}
		}
	}
	return best, len(counts) > 0
}

// Differing returns the paths of the features that are not the same in other
// sources, by path, such as those of a folder now. A run without sources, which
// other Cucumbers may write, differs from none.
func (j *Joined) Differing(others map[string]string) []string {
	if len(j.sources) == 0 {
		return nil
	}
	return differing(j.sources, others)
}

func differing(a, b map[string]string) []string {
	var paths []string
	for _, path := range slices.Sorted(maps.Keys(a)) {
		if text, there := b[path]; !there || plainText(text) != plainText(a[path]) {
			paths = append(paths, path)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(b)) {
		if _, there := a[path]; !there {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}
