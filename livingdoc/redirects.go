package livingdoc

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// redirects leads from the addresses of earlier builds to those of now: by a page
// where there is none any more, else by a place on the page. Examples once had
// such places on the pages of their rules.
func (r *renderer) redirects() error {
	known := map[string]*topic{}
	for _, c := range r.tree.chapters() {
		known[c.Address] = nil
		for _, t := range c.Topics {
			known[t.folder()] = t
		}
	}
	examples := map[string]*example{}
	for _, rule := range r.tree.rules() {
		known[rule.Address] = rule.Topic
		for _, e := range rule.Examples {
			known[e.Address] = rule.Topic
			examples[e.Address] = e
		}
	}
	topics := map[string]*topic{}
	for _, moved := range r.past.history.Redirects() {
		from, anchor, placed := strings.Cut(moved.From, "#")
		if !fs.ValidPath(from) {
			continue // a damaged history
		}
		to := moved.To
		if folder := path.Dir(from); topics[folder] == nil {
			topics[folder] = known[to]
		}
		e := examples[to]
		_, isKnown := known[from]
		switch {
		case isKnown && to == "", r.gone[from]:
		case isKnown && e != nil && e.Rule.Address == from && e.Anchor == "":
			e.Anchor = anchor
		case isKnown:
			r.moved[from] = append(r.moved[from], alias{Anchor: anchor, To: relative(from, to)})
		default:
			if to == "" {
				to = "index.html"
			}
			if placed && e != nil { // the page of a rule, which its examples left together
				to = e.Rule.Address
			}
			if err := r.leave(from, to); err != nil {
				return err
			}
		}
	}
	return r.movedTopics(topics, known)
}

// leave puts a page that leads elsewhere in the place of one that is gone.
func (r *renderer) leave(from, to string) error {
	r.gone[from] = true
	return r.put(from, page{Kind: "moved", Title: "This page has moved", Data: relative(from, to)})
}

// movedTopics leads from the chapters and the topics of earlier builds, which had the
// titles of their folders, to where their rules are now: nil where those are gone.
func (r *renderer) movedTopics(topics, known map[string]*topic) error {
	for _, folder := range slices.Sorted(maps.Keys(topics)) {
		chapter, now := path.Join(path.Dir(folder), "index.html"), topics[folder]
		_, stays := known[chapter]
		if chapter == "index.html" || known[folder] != nil { // no page of ours is so high; or it has not moved
			continue
		}
		switch {
		case !stays && !r.gone[chapter] && now != nil:
			if err := r.leave(chapter, now.Chapter.Address); err != nil {
				return err
			}
		case stays && now != nil && now.Chapter.Address == chapter:
			now.Anchors = append(now.Anchors, path.Base(folder))
		case stays && now != nil:
			r.moved[chapter] = append(r.moved[chapter], alias{Anchor: path.Base(folder), To: relative(chapter, now.Chapter.Address) + "#" + now.Anchor})
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(topics)) { // of chapters of which nothing is left
		chapter := path.Join(path.Dir(folder), "index.html")
		if _, stays := known[chapter]; chapter != "index.html" && !stays && !r.gone[chapter] {
			if err := r.leave(chapter, "index.html"); err != nil {
				return err
			}
		}
	}
	return nil
}

// alias is a place that a page had, and where that is now.
type alias struct{ Anchor, To string }
