package proxy_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"example.com/groupcheckout/internal/proxy"
)

// A program that uses the proxy's address instead of the server's loses its
// connection when a test wants it to.
func ExampleProxy() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "here") }))
	defer server.Close()
	between, err := proxy.Listen(context.Background(), server.Listener.Addr().String(), proxy.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer between.Close()

	client := server.Client()
	defer client.CloseIdleConnections()
	reply, err := client.Get("http://" + between.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := io.ReadAll(reply.Body)
	fmt.Println(string(text), err, reply.Body.Close())
	fmt.Println(between.Cut(), "connection was cut")
	// Output:
	// here <nil> <nil>
	// 1 connection was cut
}
