package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// healthCommand is reactor health.
type healthCommand struct {
	URL   string        `name:"url" default:"http://127.0.0.1:8080/healthz" placeholder:"URL" help:"What to ask: /healthz says whether somebody should see to the reactor; /readyz whether it works now. Default ${default}."`
	Limit time.Duration `default:"5s" placeholder:"TIME" help:"How long the answer may take. Default ${default}."`
}

// Help is the text behind the summary.
func (*healthCommand) Help() string {
	return `Prints what a reactor on this machine answers, and ends with status 0 if that is yes and with status 2 otherwise. It is for the health check of a container whose image has no other program in it.

A certificate is not verified: nothing secret is sent.`
}

// maxAnswer is how much of an answer is read: reasons have no end.
const maxAnswer = 64 << 10

// Run asks.
func (c *healthCommand) Run(ctx context.Context, s streams) error {
	if err := aboveZero("--limit", c.Limit); err != nil {
		return err
	}
	if asked, err := url.Parse(c.URL); err != nil || asked.Host == "" || asked.Scheme != "http" && asked.Scheme != "https" || asked.User != nil {
		return &usageError{"--url has to be one like http://127.0.0.1:8080/healthz, without a user"}
	}
	ctx, cancel := context.WithTimeout(ctx, c.Limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask for the health: %w", err)
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the certificate has the name that others use
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return fmt.Errorf("the reactor does not answer; say with --url where it does: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("the answer of the reactor breaks off: %w", err)
	}
	if _, err := s.out.Write(answer); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the reactor answers with status %d", response.StatusCode)
	}
	return nil
}
