package monitor_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/monitor"
)

// The page is served beside the reactor, here one that is always at the same.
func ExampleNewPage() {
	running := fixed{status: reactor.Status{Group: "Unloading", At: noon()}}
	metrics := monitor.NewMetrics() // also goes into the Observer of the reactor's Config
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics, monitor.Gauges(running))

	answer := httptest.NewRecorder()
	monitor.NewPage(running, registry).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	fmt.Print(answer.Code, " ", answer.Body)
	// Output: 200 healthy
}
