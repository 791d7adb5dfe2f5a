package report

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"example.com/groupcheckout/gherkin/suite"
)

// Config says what a report cannot learn from the run. The zero value will do.
type Config struct {
	// Folder stands before the paths of feature files, such as "features".
	Folder string

	// Root is the folder that messages give the places of steps and hooks from. The
	// nearest parent of the working directory with a go.mod unless given.
	Root string

	// On and How say what the run was on, such as a database, and how that was
	// brought up. Both may be empty.
	On, How string

	// Properties are more to say of the run. They must not hold secrets.
	Properties map[string]string

	// Getenv reads the environment, for what messages say of the CI job. os.Getenv
	// unless given.
	Getenv func(string) string
}

// Messages writes Cucumber Messages to a file, which is made, with its folder,
// when the run starts. A second run overwrites the file.
func Messages(file string, config Config) suite.Reporter {
	if config.Getenv == nil {
		config.Getenv = os.Getenv
	}
	if config.Root == "" {
		config.Root = moduleRoot()
	}
	return &messages{name: file, config: config}
}

// JUnit writes JUnit XML to a file when the run has finished. A file of that name
// is removed when the run starts, so that it cannot be taken for the report of a
// run that was ended from outside. A second run overwrites the file.
func JUnit(file string, config Config) suite.Reporter { return &junit{name: file, config: config} }

// replace writes a file beside the named one, which takes its name once it is whole.
func replace(name string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
