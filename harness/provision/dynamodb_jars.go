package provision

import (
	"bytes"
	"context"
	_ "embed" // for pom.xml
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"example.com/groupcheckout/internal/fetch"
)

// dynamoDBLocalVersion is the one that pom.xml names; a test compares them.
const dynamoDBLocalVersion = "3.1.0"

//go:embed dynamodblocal/pom.xml
var dynamoDBLocalPOM []byte

// DynamoDBLocalJars returns the folder with the files of DynamoDB Local, its
// dependencies and native libraries among them, and fetches them with Maven
// from Maven Central if this machine does not have them yet. Several processes
// may call it at once. A nil log is silent.
func DynamoDBLocalJars(ctx context.Context, log *slog.Logger) (string, error) {
	cache, err := fetch.Dir()
	if err != nil {
		return "", err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	versions := filepath.Join(cache, "dynamodb-local")
	if err := os.MkdirAll(versions, 0o755); err != nil {
		return "", fmt.Errorf("make the folder for fetched files: %w", err)
	}
	return fetch.Once(filepath.Join(versions, dynamoDBLocalVersion), func(dir string) error {
		log.InfoContext(ctx, "fetching DynamoDB Local with Maven", "version", dynamoDBLocalVersion)
		return fetchJars(ctx, dir)
	})
}

// fetchJars has Maven copy what pom.xml names into dir. Maven compares every
// file with the checksum that the repository gives for it. It keeps its own
// files beside dir, whose parent is this call's own, so that several calls at
// once do not meet.
func fetchJars(ctx context.Context, dir string) error {
	maven, err := exec.LookPath("mvn")
	if err != nil {
		return errors.New("DynamoDB Local comes from Maven Central, and mvn is not on the PATH; install Maven")
	}
	work := filepath.Dir(dir)
	if err := os.WriteFile(filepath.Join(work, "pom.xml"), dynamoDBLocalPOM, 0o600); err != nil {
		return fmt.Errorf("fetch DynamoDB Local: %w", err)
	}
	command := exec.CommandContext(ctx, maven, "--batch-mode", "--quiet", "--strict-checksums",
		"-Dmaven.repo.local="+filepath.Join(work, "repository"),
		copyGoal, "-DincludeScope=runtime", "-DoutputDirectory="+dir)
	command.Dir = work
	var complaints bytes.Buffer
	command.Stdout, command.Stderr = &complaints, &complaints
	if err := command.Run(); err != nil {
		return fmt.Errorf("mvn %s: %w\n%s", copyGoal, err, lastLines(complaints.String(), 10))
	}
	if jar := filepath.Join(dir, "DynamoDBLocal-"+dynamoDBLocalVersion+".jar"); !exists(jar) {
		return fmt.Errorf("mvn %s left no %s", copyGoal, filepath.Base(jar))
	}
	return nil
}

// copyGoal copies files into a folder; its version is pinned as those of the
// files are.
const copyGoal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"

// wantedJava is the oldest Java that runs DynamoDB Local.
const wantedJava = 17

// findJava returns the program java of JAVA_HOME, else of the PATH, and its
// version, such as 17.
func findJava(ctx context.Context) (program string, version int, err error) {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		program = filepath.Join(home, "bin", "java")
	} else if program, err = exec.LookPath("java"); err != nil {
		return "", 0, fmt.Errorf("DynamoDB Local needs Java %d, and java is not on the PATH; install a Java runtime, or set JAVA_HOME", wantedJava)
	}
	output, err := exec.CommandContext(ctx, program, "-version").CombinedOutput()
	if err != nil {
		return "", 0, fmt.Errorf("%s -version: %w\n%s", program, err, lastLines(string(output), 10))
	}
	version, ok := parseJavaVersion(string(output))
	switch {
	case !ok:
		return "", 0, fmt.Errorf("%s -version does not say which version it is:\n%s", program, lastLines(string(output), 10))
	case version < wantedJava:
		return "", 0, fmt.Errorf("DynamoDB Local needs Java %d, and %s is Java %d; install a newer one, or set JAVA_HOME", wantedJava, program, version)
	}
	return program, version, nil
}

// parseJavaVersion finds the version in what java -version says: 17.0.15 is 17,
// and 1.8.0_402 is 8.
func parseJavaVersion(text string) (int, bool) {
	found := regexp.MustCompile(`version "(?:1\.)?([0-9]+)`).FindStringSubmatch(text)
	if found == nil {
		return 0, false
	}
	version, err := strconv.Atoi(found[1])
	return version, err == nil
}
