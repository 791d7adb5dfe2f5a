// Package dynamotest runs DynamoDB Local for the tests of the packages above:
// the real one, as a Java process of this machine. It needs Java 17 and, once,
// Maven to fetch it from Maven Central. Only tests import it.
package dynamotest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

const (
	version = "3.1.0"
	main    = "software.amazon.dynamodb.services.local.main.ServerRunner"
	pom     = `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>groupcheckout</groupId><artifactId>dynamodb-local</artifactId><version>1</version>
<dependencies><dependency><groupId>software.amazon.dynamodb</groupId><artifactId>DynamoDBLocal</artifactId><version>` + version + `</version></dependency></dependencies>
</project>`
)

// Local is a DynamoDB Local that runs. It keeps its tables in memory.
type Local struct {
	URL   string // http://127.0.0.1:port
	input io.Closer
	ended chan struct{}
	log   *lockedBuffer
}

// Start starts a DynamoDB Local and returns once it answers. When this process
// ends, however it does, the server does too.
func Start(ctx context.Context) (*Local, error) {
	jars, err := install(ctx)
	if err != nil {
		return nil, fmt.Errorf("install DynamoDB Local %s: %w", version, err)
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	l := &Local{URL: "http://127.0.0.1:" + port, ended: make(chan struct{}), log: &lockedBuffer{}}
	// The shell waits for the end of its input, which comes when our end of the
	// pipe is closed, by us or by the kernel.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "sh", "-c", `"$@" </dev/null & server=$!; cat >/dev/null; kill "$server"; wait "$server"`, "sh",
		"java", "-Djava.library.path="+jars, "-cp", filepath.Join(jars, "*"), main,
		"-inMemory", "-sharedDb", "-disableTelemetry", "-port", port)
	cmd.Stdout, cmd.Stderr = l.log, l.log
	if l.input, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start DynamoDB Local: %w", err)
	}
	go func() {
		// It is killed, so its status means nothing.
		_ = cmd.Wait()
		close(l.ended)
	}()
	if err := l.await(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start DynamoDB Local (is Java 17 installed?): %w\n%s", err, l.log), l.Close())
	}
	return l, nil
}

// Close stops the server and waits for its end.
func (l *Local) Close() error {
	err := l.input.Close()
	<-l.ended
	return err
}

// await asks until the server answers.
func (l *Local) await(ctx context.Context) error {
	const limit, between = time.Minute, 50 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ticker := time.NewTicker(between)
	defer ticker.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URL, http.NoBody)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err == nil {
			return response.Body.Close()
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-ticker.C:
		}
	}
}

// install returns a folder with the jars and native libraries. The first time
// Maven fetches them.
func install(ctx context.Context) (dir string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(cache, "groupcheckout", "dynamodb-local", version)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "fetching-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := os.WriteFile(filepath.Join(work, "pom.xml"), []byte(pom), 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=jars")
	cmd.Dir = work
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetch it with Maven: %w\n%s", err, output)
	}
	// Another process may have been faster; its files are as good.
	if err := os.Rename(filepath.Join(work, "jars"), dir); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return dir, nil
}

func freePort(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, errors.Join(err, listener.Close())
}

// lockedBuffer may be read while it is written.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
