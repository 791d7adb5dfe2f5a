package provision

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// dynamoDBPort is the port that the image publishes.
const dynamoDBPort = "8000/tcp"

// dynamoDBContainer runs a container of an image with DynamoDB Local.
func dynamoDBContainer(ctx context.Context, options Options) (*DynamoDBServer, error) {
	ctx, cancel := context.WithTimeout(ctx, containerLimit)
	defer cancel()
	started, err := startContainer(ctx, options, dynamoDBPort,
		// It answers a request that is not signed with a refusal.
		wait.ForHTTP("/").WithPort(dynamoDBPort).WithStatusCodeMatcher(func(status int) bool { return status == http.StatusBadRequest }),
		testcontainers.WithEnv(map[string]string{"JAVA_TOOL_OPTIONS": strings.Join(javaFlags(), " ")}),
		testcontainers.WithCmd(append([]string{"-jar", "DynamoDBLocal.jar"}, dynamoDBLocalFlags("")...)...))
	if err != nil {
		return nil, err
	}
	server := &DynamoDBServer{
		ServiceURL:      "http://" + net.JoinHostPort(started.host, started.port),
		AccessKeyID:     localKey,
		SecretAccessKey: localKey,
		How:             fmt.Sprintf("a container of the image %s, port %s", options.Image, started.port),
		closing:         closing{stop: started.stop},
	}
	if err := server.answers(ctx); err != nil {
		return nil, started.failed(fmt.Errorf("a container of the image %s: %w", options.Image, err))
	}
	return server, nil
}
