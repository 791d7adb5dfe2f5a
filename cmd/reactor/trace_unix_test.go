//go:build unix

package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
)

// collecting is a receiver of traces by OTLP over HTTP. It hands on the text of each
// span: its name, trace, parent and service.
func collecting(t testing.TB) (address string, spans <-chan string) {
	t.Helper()
	received := make(chan string, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &request) != nil {
			t.Errorf("got %s %s with %d bytes, which is no OTLP: %v", r.Method, r.URL.Path, len(body), err)
			return
		}
		for _, resource := range request.ResourceSpans {
			service := ""
			for _, attribute := range resource.Resource.Attributes {
				if attribute.Key == "service.name" {
					service = attribute.Value.GetStringValue()
				}
			}
			for _, scope := range resource.ScopeSpans {
				for _, span := range scope.Spans {
					received <- fmt.Sprint(span.Name, " ", hex.EncodeToString(span.TraceId), " ", hex.EncodeToString(span.ParentSpanId), " ", service, " token ", r.Header.Get("X-Token"))
				}
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, received
}

func TestARunningReactorSendsTracesAndNothingWithoutBeingAsked(t *testing.T) {
	t.Parallel()
	env := initialised(t)
	h := openHotel(t, env)
	address, spans := collecting(t)
	env["OTEL_EXPORTER_OTLP_ENDPOINT"], env["OTEL_EXPORTER_OTLP_HEADERS"] = address, "x-token=S3cret"
	ask := func() (domain.GroupID, []domain.StayID) {
		stays, group := h.receive(t, 2), domain.GroupID(uuid.New())
		check.Must(t, h.groups.Select(commanded(within(t), "00-"+clerksTrace+"-"+clerksSpan+"-01"), group, stays, moment()))
		return group, stays
	}
	react := func(flags ...string) es.Cause {
		group, stays := ask()
		p := start(t, env, append([]string{"run", "-g", "night", "-V", "--log-format", "json"}, append(flags, "mdb")...)...)
		h.awaitMerged(t, group, stays)
		p.signal(t, syscall.SIGTERM)
		if status := p.awaitEnd(t); status.ExitStatus() != statusDone || strings.Contains(p.output(), "S3cret") {
			t.Errorf("got status %d, want 0 and no secret", status.ExitStatus())
		}
		events := h.read(t, h.groups.Stream(group))
		return es.CauseOf(events[len(events)-1])
	}
	if cause := react(); cause != (es.Cause{}) || len(spans) > 0 {
		t.Errorf("without --trace: got %+v and %d spans, want none", cause, len(spans))
	}
	if cause := react("--trace"); cause.Correlation != "the clerk's" || !strings.HasPrefix(cause.Trace, "00-"+clerksTrace) {
		t.Errorf("with --trace: got %+v, want the clerk's", cause)
	}
	want := "react to GroupCheckout " + clerksTrace + " " + clerksSpan + " reactor token S3cret"
	limit := time.After(provisiontest.Patience)
	for { // what the first reactor wrote may have been read once more, and has no cause
		select {
		case got := <-spans:
			if got == want {
				return
			}
			t.Logf("got the span %q", got)
		case <-limit:
			t.Fatalf("no span %q was sent", want)
		}
	}
}

func TestTracesThatCannotBeSentHoldNothingUp(t *testing.T) {
	t.Parallel()
	env := initialised(t)
	h := openHotel(t, env)
	env["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://user:S3cret@127.0.0.1:1"
	p := start(t, env, "run", "-g", "night", "--trace", "--log-format", "json", "mdb")
	p.awaitLog(t, "ready")
	stays := h.receive(t, 2)
	h.awaitMerged(t, h.selectStays(t, stays), stays)
	p.signal(t, syscall.SIGTERM)
	if status := p.awaitEnd(t); status.ExitStatus() != statusDone || strings.Contains(p.output(), "S3cret") {
		t.Errorf("got status %d and %s, want 0 and no secret", status.ExitStatus(), p.output())
	}
	env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc"
	p = start(t, env, "run", "-g", "night", "--trace", "mdb")
	if status := p.awaitEnd(t); status.ExitStatus() != statusConfiguration || !strings.Contains(p.output(), "--trace sends by http/protobuf alone") {
		t.Errorf("another protocol: got status %d and %s, want 1 and what to do", status.ExitStatus(), p.output())
	}
}
