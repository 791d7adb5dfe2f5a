// Package dynamotest is for the tests of the packages above: a DynamoDB that they
// share, and requests that are counted, go wrong or are lost on purpose.
package dynamotest

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/harness/provision/provisiontest"
)

// Server is a DynamoDB that the tests of a package share. It comes up for the first
// that asks. Calls may overlap, but for Close.
type Server struct {
	Network *http.Transport // for the requests of all clients
	shared  *provisiontest.Shared[*provision.DynamoDBServer]
	prepare func(context.Context, *dynamodb.Client) error
	once    sync.Once
	err     error // of prepare
}

// Share returns a server. Before the first test gets it, prepare is called, which
// may create tables.
func Share(prepare func(context.Context, *dynamodb.Client) error) *Server {
	network := &http.Transport{MaxIdleConnsPerHost: 64}
	return &Server{Network: network, shared: provisiontest.DynamoDB(), prepare: prepare}
}

// URL is the address of the server. Where none can be had the test fails.
func (s *Server) URL(t testing.TB) string {
	t.Helper()
	url := s.shared.Require(t).ServiceURL
	s.once.Do(func() { s.err = s.prepare(provisiontest.Within(t), NewClient(url, s.Network)) })
	if s.err != nil {
		t.Fatal(s.err)
	}
	return url
}

// Client returns a client whose requests go through a transport; nil for
// [Server.Network].
func (s *Server) Client(t testing.TB, through http.RoundTripper) *dynamodb.Client {
	t.Helper()
	if through == nil {
		through = s.Network
	}
	return NewClient(s.URL(t), through)
}

// Close takes the server down.
func (s *Server) Close() error {
	s.Network.CloseIdleConnections()
	return s.shared.Close()
}
