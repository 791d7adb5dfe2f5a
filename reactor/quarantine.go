package reactor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/groupcheckout/es"
)

// QuarantineKind is the kind of the notes of streams that are set aside. They are named
// as the streams, and each is a [Quarantined].
const QuarantineKind = "quarantine"

// Quarantined is the note of a stream that is set aside, as JSON. Somebody else may
// write, change or drop it; a reactor looks each CheckpointInterval.
type Quarantined struct {
	Since time.Time  `json:"since"`
	Cause string     `json:"cause"`
	UpTo  es.Version `json:"upTo"`  // what was passed over is below it; 0 if nothing was yet
	Retry bool       `json:"retry"` // the handler is to be called for it again
}

// maxCause is how much of a cause a note keeps: that of a panic holds a whole stack.
const maxCause = 500

// quarantine brings the notes and the core together: it sets aside what notes say, or
// what has been troubled for too long, and writes what has changed. The notes come
// first, since a checkpoint passes what is set aside. Where the notes are known and some
// could not be written, it returns an [*unwrittenError].
func (r *Running) quarantine(ctx context.Context) error {
	if r.keeper == nil { // it is forgotten at the end of this run
		r.locked(func(core *core) {
			for _, t := range core.poisoned(time.Now(), 0) {
				core.setAside(t.stream.name, t.cause.Error(), time.Now(), t.stream.waiting.end())
			}
		})
		r.nudge()
		return nil
	}
	notes, bodies, err := r.readQuarantine(ctx)
	if err != nil {
		return err
	}
	if err := r.lookForLostNotes(ctx, notes); err != nil {
		return err
	}
	put, dropped := map[es.StreamName]Quarantined{}, []es.StreamName{}
	r.locked(func(core *core) {
		if r.notesLost.Swap(false) { // nobody has dropped what is not there
			for name, a := range core.aside {
				a.changed = true
				delete(r.noted, name)
			}
		}
		for name, note := range notes {
			if core.aside[name] == nil && (!r.noted[name] || !core.holds(SlotOf(name, core.slots))) {
				// Of a slot that was lost whoever holds it decides, whatever was handled here.
				core.setAside(name, note.Cause, note.Since, note.UpTo)
			}
			if a := core.aside[name]; note.Retry && a != nil && !a.failed && core.holds(SlotOf(name, core.slots)) {
				core.retry(name)
			}
		}
		for name := range r.noted {
			switch _, there := notes[name]; {
			case there && core.aside[name] == nil: // handled after a retry
				dropped = append(dropped, name)
			case !there && core.aside[name] != nil:
				core.drop(name)
			}
		}
		for _, t := range core.poisoned(time.Now(), r.config.QuarantineAfter) {
			put[t.stream.name] = Quarantined{Since: time.Now(), Cause: t.cause.Error(), UpTo: t.stream.waiting.end()}
		}
		for name, a := range core.aside {
			if a.changed && core.holds(SlotOf(name, core.slots)) {
				put[name] = Quarantined{Since: a.since, Cause: a.cause, UpTo: a.upTo, Retry: a.retrying || notes[name].Retry && !a.failed}
			}
		}
	})
	r.noted = map[es.StreamName]bool{}
	for name := range notes {
		r.noted[name] = true
	}
	defer r.nudge()
	var failed []error // what cannot be written keeps nothing else from it
	for _, name := range dropped {
		err := r.change(ctx, name, bodies[name], nil)
		switch {
		case err == nil:
			delete(r.noted, name)
		case !errors.Is(err, errSlotLost) && !errors.Is(err, errNoteChanged):
			failed = append(failed, fmt.Errorf("note that %s is not set aside any more: %w", name, err))
		}
		if IsOutage(err) || err != nil && ctx.Err() != nil {
			return unwritten(failed)
		}
	}
	for name, note := range put {
		note.Cause = strings.ReplaceAll(note.Cause[:min(len(note.Cause), maxCause)], "\x00", "") // which PostgreSQL keeps in no text
		body, err := json.Marshal(note)
		if err == nil {
			err = r.change(ctx, name, bodies[name], body)
		}
		if err != nil {
			if !errors.Is(err, errSlotLost) && !errors.Is(err, errNoteChanged) {
				failed = append(failed, fmt.Errorf("note that %s is set aside: %w", name, err))
			}
			if ctx.Err() != nil || IsOutage(err) {
				break
			}
			continue
		}
		r.noted[name] = true
		r.locked(func(core *core) {
			if a := core.aside[name]; a != nil {
				a.changed, a.failed = a.upTo > note.UpTo, a.failed && note.Retry
			} else if s := core.streams[name]; s != nil && s.trouble != nil || !core.holds(SlotOf(name, core.slots)) {
				// Of a slot that was lost meanwhile it is a note like those of others.
				core.setAside(name, note.Cause, note.Since, note.UpTo)
			}
		})
	}
	return unwritten(failed)
}

// lookForLostNotes finds out whether a note that is not there any more was dropped, or whether a
// fail-over lost it.
func (r *Running) lookForLostNotes(ctx context.Context, notes map[es.StreamName]Quarantined) error {
	missing := false
	r.locked(func(core *core) {
		for name := range r.noted {
			_, there := notes[name]
			missing = missing || !there && core.aside[name] != nil
		}
	})
	if !missing || r.keeping == nil {
		return nil
	}
	back, err := r.keeping.wentBack(ctx)
	if back {
		r.notesLost.Store(true)
	}
	return err
}

// unwrittenError is of notes that could not be written. What other notes say is known, so
// work may go on.
type unwrittenError struct{ error }

func (e *unwrittenError) Unwrap() error { return e.error }

func isUnwritten(err error) bool {
	_, is := errors.AsType[*unwrittenError](err)
	return is
}

func unwritten(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	return &unwrittenError{errors.Join(errs...)}
}

// errNoteChanged says that somebody has changed a note since it was read, such as an operator
// who has asked for a retry. What they want is seen at the next look.
var errNoteChanged = errors.New("the note was changed meanwhile")

// change replaces the note of a stream as it was read, or drops it if there is no body, if its
// slot is still our own: it looks before, and again once its turn has come, which may take longer
// than a lease while the server cannot be reached.
func (r *Running) change(ctx context.Context, name es.StreamName, before, body []byte) error {
	if !r.mayNote(name) {
		return errSlotLost
	}
	done := false
	err := r.ask(ctx, saveLimit, r.config.Breakers.Checkpoints, func(ctx context.Context) (err error) {
		if !r.mayNote(name) {
			return errSlotLost
		}
		done, err = r.keeper.ReplaceNote(ctx, r.config.Group, QuarantineKind, name.String(), before, body)
		return err
	})
	if err == nil && !done {
		return errNoteChanged
	}
	return err
}

// mayNote tells whether the slot of a stream is still our own. A process that was paused
// finds out before it writes over what the next holder has noted. The one note that is being
// sent may still arrive: what it sets aside is seen to be, and what it drops is set aside again
// by the next holder, if its call fails too.
func (r *Running) mayNote(name es.StreamName) bool {
	if r.keeping == nil {
		return true
	}
	held, _ := r.keeping.own()
	_, ours := held[SlotOf(name, r.slots())]
	return ours
}

// readQuarantine reads the notes, and returns them as they stand there too. A name that is
// none, or a body that cannot be read, is passed over: somebody wrote it by hand.
func (r *Running) readQuarantine(ctx context.Context) (map[es.StreamName]Quarantined, map[es.StreamName][]byte, error) {
	var bodies map[string][]byte
	err := r.ask(ctx, r.config.ReadLimit, r.config.Breakers.Checkpoints, func(ctx context.Context) (err error) {
		bodies, err = r.keeper.Notes(ctx, r.config.Group, QuarantineKind)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read which streams are set aside: %w", err)
	}
	notes, found := map[es.StreamName]Quarantined{}, map[es.StreamName][]byte{}
	for name, body := range bodies {
		stream, err := es.ParseStreamName(name)
		if err != nil {
			continue
		}
		found[stream] = body
		var note Quarantined
		if json.Unmarshal(body, &note) == nil {
			notes[stream] = note
		}
	}
	return notes, found, nil
}
