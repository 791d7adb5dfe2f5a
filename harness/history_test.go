package harness_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/steps/hotel"
)

// attachments keeps what is attached to a report.
type attachments struct {
	gherkin.Recorder

	list []gherkin.Attachment
}

// Attach implements gherkin.Recorder.
func (a *attachments) Attach(attachment gherkin.Attachment) { a.list = append(a.list, attachment) }

// A charge that is on the bill twice, although it was made once, is in no history.
func TestAScenarioFailsWhoseHistoryCannotHaveBeenSo(t *testing.T) {
	t.Parallel()
	system := hotel.System()
	system.Audit = nil // it would find this as well
	h, err := harness.Open(t.Context(), harness.Options{System: system})
	opened(t, h, err)
	w, err := h.World(t.Context(), harness.Scenario{Key: t.Name()})
	check.Must(t, err)
	services := gueststay.NewService(w.Store(), w.Options())
	id := domain.StayID(uuid.New())
	stream := services.Stream(id)
	w.Name(stream, "Ann's stay")
	check.Must(t, services.Charge(w.As(t.Context(), "clerk 1"), id, domain.ChargeID(uuid.New()), domain.MoneyOf(30), at()))
	events, err := h.Raw().Read(t.Context(), stream, 0, es.FromLeader)
	check.Must(t, err)
	again := events[0].EventData
	again.ID = uuid.New()
	_, err = h.Raw().Append(t.Context(), stream, 1, []es.EventData{again})
	check.Must(t, err)

	report := &attachments{}
	err = w.Close(gherkin.WithRecorder(t.Context(), report))
	var wrong *harness.HistoryError
	if !errors.As(err, &wrong) {
		t.Fatalf("got %v, want an error about the history", err)
	}
	check.Contains(t, err.Error(),
		"the answers about Ann's stay cannot have been given one after the other: event 1 (Charged ",
		"is stored, and nobody was told so: it was written twice, or somebody was told that it was not written\nthe picture of it is ",
		"charge by clerk 1: done, version 1, Charged ",
	)
	page, err := os.ReadFile(wrong.Picture)
	if err != nil || !strings.Contains(string(page), "charge by clerk 1") {
		t.Errorf("got a picture of %d bytes and the error %v, want one that shows what was asked", len(page), err)
	}
	if want := filepath.Join("build", "histories", "ann-s-stay-"); !strings.Contains(wrong.Picture, want) {
		t.Errorf("got the picture %s, want it in %s", wrong.Picture, want)
	}
	if len(report.list) != 1 || report.list[0].MediaType != "text/html" || report.list[0].Text != string(page) {
		t.Errorf("got %d attachments, want the picture", len(report.list))
	}
}

// What somebody else writes, who is not recorded, has a place in any history.
func TestWhatAnotherProcessWritesIsNoFault(t *testing.T) {
	t.Parallel()
	h, _ := onPuppet(t, harness.Options{})
	w := stage(t, h)
	for i := range 3 {
		stream := streamName(t, fmt.Sprintf("Order-%d", i))
		appendTo(t, w.Store(), stream, 0, "Placed")
		appendTo(t, h.Raw(), stream, 1, "Sent")
	}
	check.OK(t, w.Close(context.WithoutCancel(t.Context())))
}
