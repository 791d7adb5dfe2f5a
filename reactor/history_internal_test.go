package reactor

import (
	"fmt"
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

// TestJudge compares marks at 10, 20 and 30 with what a server has.
func TestJudge(t *testing.T) {
	t.Parallel()
	then := feed.Course{Timeline: "1", Reached: 100}
	marks := []feed.Mark{{Position: 10, Event: "a"}, {Position: 20, Event: "b"}, {Position: 30, Event: "c"}}
	for _, tt := range []struct {
		name  string
		found []string
		now   feed.Course
		want  string
	}{
		{"everything is there", []string{"a", "b", "c"}, feed.Course{Timeline: "1", Reached: 200}, "intact up to 30"},
		{"a replica took over that had everything", []string{"a", "b", "c"}, feed.Course{Timeline: "2", Reached: 90}, "intact up to 30"},
		{"a replica took over that lacked the last", []string{"a", "b", ""}, feed.Course{Timeline: "2", Reached: 150}, "lost at 30, safe up to 20"},
		{"and others have come since", []string{"a", "x", "y"}, feed.Course{Timeline: "2", Reached: 150}, "lost at 20, safe up to 10"},
		{"the newest was erased", []string{"a", "b", ""}, feed.Course{Timeline: "1", Reached: 100}, "intact up to 20, 1 erased"},
		{"an older state was restored", []string{"a", "", ""}, feed.Course{Timeline: "1", Reached: 99}, "lost at 20, safe up to 10"},
		{"and has outgrown the other", []string{"a", "", "z"}, feed.Course{Timeline: "1", Reached: 300}, "lost at 30, safe up to 10"},
		{"nothing is there, on a server that tells no timeline", []string{"", "", ""}, feed.Course{}, "lost at 10, safe up to 0"},
	} {
		v := judge(marks, tt.found, then, tt.now)
		got := fmt.Sprintf("intact up to %d", v.safe)
		if v.erased > 0 {
			got += fmt.Sprintf(", %d erased", v.erased)
		}
		if !v.intact {
			got = fmt.Sprintf("lost at %d, safe up to %d", marks[v.first].Position, v.safe)
		}
		check.Equal(t, tt.name, tt.want, got)
	}
	if v := judge(nil, nil, feed.Course{}, then); !v.intact {
		t.Error("nothing was read yet: got a loss, want none")
	}
}

// TestMarksBeforeACheckpoint keeps the mark that lies in front of a checkpoint, however
// many were read since.
func TestMarksBeforeACheckpoint(t *testing.T) {
	t.Parallel()
	var m marks
	course := feed.Course{Timeline: "1", Reached: 1}
	for i := range 5000 {
		m.read = append(m.read, feed.Mark{Position: feed.Position(10 * (i + 1)), Event: fmt.Sprint(i)})
		if i%7 == 0 {
			_, fresh, _ := m.toCompare()
			m.found(fresh, course)
		}
	}
	_, n, then := m.toCompare()
	m.found(n, course)
	if then != course || len(m.compared) > maxMarks+7 || len(m.read) != 0 {
		t.Fatalf("got the course %v, %d marks compared and %d not, want %v, at most %d and none", then, len(m.compared), len(m.read), course, maxMarks+7)
	}
	for _, position := range []feed.Position{50_000, 5_000, 60_000} {
		again := marks{compared: append([]feed.Mark(nil), m.compared...), course: course}
		note, ok := again.upTo(position, position)
		if n := len(note.Marks); !ok || n == 0 || n > maxNoted || note.Marks[n-1].Position > position {
			t.Errorf("up to %d: got %+v, want marks in front of it", position, note)
		}
	}
	if note, _ := m.upTo(60_000, 60_000); note.Marks[len(note.Marks)-1].Position != 50_000 {
		t.Errorf("at the end: got %+v, want the last mark", note)
	}
	var fresh marks
	fresh.recall([]byte(`{"marks":[{"position":7,"event":"e"}],"course":{"timeline":"1","reached":5}}`), 6)
	if list, _, _ := fresh.toCompare(); len(list) != 0 {
		t.Errorf("a mark beyond a checkpoint that was set back: got %v, want none", list)
	}
	fresh.recall([]byte(`nonsense`), 9)
	fresh.recall([]byte(`{"marks":[{"position":3,"event":"d"},{"position":7,"event":"e"}],"course":{"timeline":"1","reached":5}}`), 7)
	if list, _, then := fresh.toCompare(); len(list) != 1 || list[0].Event != "e" || then.Timeline != "1" {
		t.Errorf("a mark in front of the checkpoint: got %v and %v, want it", list, then)
	}
}
