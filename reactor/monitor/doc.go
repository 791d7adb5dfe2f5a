// Package monitor shows an operator what a reactor does and what it is at. A
// program that nobody operates, such as a test, does without it, and so without
// Prometheus. A metric goes into metrics.go, what counts as unhealthy into
// health.go, and what the status page shows into page.go and page.html.
//
// [Metrics] and [Log] are observers, for the reactor's Config: the one counts
// what happens, the other writes it down. A [reactor.Status] says what the reactor
// is at: [Gauges] shows it to Prometheus, and [NewPage] serves it to people and
// probes, with a judgement of its health.
package monitor
