package main

import (
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// logFlags say how to log.
type logFlags struct {
	Verbose   bool   `short:"V" help:"Log every batch, call and checkpoint. The same as --log-level debug."`
	LogLevel  string `enum:",debug,info,warn,error" default:"" placeholder:"LEVEL" without:"info" help:"What to log: debug, info, warn or error, and what is worse."`
	LogFormat string `enum:"text,json" default:"text" placeholder:"FORMAT" help:"How to write log lines: text or json. Default ${default}."`
}

// logger logs to w, from the given level on or from the lowest if verbose.
func (f logFlags) logger(w io.Writer, level slog.Level) *slog.Logger {
	if f.LogLevel != "" {
		_ = level.UnmarshalText([]byte(f.LogLevel)) // the grammar knows the words
	}
	if f.Verbose {
		level = slog.LevelDebug
	}
	options := &slog.HandlerOptions{Level: level}
	handler := func(w io.Writer) slog.Handler {
		if f.LogFormat == asJSON {
			return slog.NewJSONHandler(w, options)
		}
		return slog.NewTextHandler(w, options)
	}
	if waits, ok := w.(*logWriter); ok {
		waits.handledBy(handler)
	}
	return slog.New(handler(w))
}

// logFormat is how a command line, or else the environment, wants log lines: also a line
// that turns out to be wrong. It is empty if neither says.
func logFormat(args []string, getenv func(string) string) string {
	const flag, variable = "--log-format", "REACTOR_LOG_FORMAT"
	for i, arg := range args {
		if name, value, joined := strings.Cut(arg, "="); joined && name == flag {
			return value
		}
		if arg == flag && i+1 < len(args) {
			return args[i+1]
		}
	}
	return strings.TrimSpace(getenv(variable))
}

// asJSON is the log format for programs.
const asJSON = "json"

// logger is for commands without flags for a log.
func (s streams) logger(level slog.Level) *slog.Logger {
	flags := logFlags{}
	if s.json {
		flags.LogFormat = asJSON
	}
	return flags.logger(s.err, level)
}

// note writes something that passes, such as how far a command is: as a line for people,
// or as one of the log for programs.
func (s streams) note(line string) {
	if s.json {
		s.logger(slog.LevelInfo).Info("note", "text", line)
		return
	}
	fmt.Fprintln(s.err, line)
}

// milliseconds is a duration that may be written as a plain number, as the
// .NET program wants it.
type milliseconds time.Duration

// UnmarshalText reads 100, 100ms or 1.5s.
func (m *milliseconds) UnmarshalText(text []byte) error {
	duration, err := parseTime(text, time.Millisecond, "100 for milliseconds")
	*m = milliseconds(duration)
	return err
}

// seconds is as milliseconds, with another plain number.
type seconds time.Duration

// UnmarshalText reads 10, 500ms or 1.5s.
func (s *seconds) UnmarshalText(text []byte) error {
	duration, err := parseTime(text, time.Second, "10 for seconds")
	*s = seconds(duration)
	return err
}

// parseTime reads a plain number of units, or a time with a unit after it.
func parseTime(text []byte, unit time.Duration, example string) (time.Duration, error) {
	var duration time.Duration
	if number, err := strconv.ParseUint(string(text), 10, 31); err == nil {
		duration = time.Duration(number) * unit
	} else if duration, err = time.ParseDuration(string(text)); err != nil || duration < 0 {
		return 0, fmt.Errorf("%.40q is not a time: write %s, or a unit after it, as in 1.5s", text, example)
	}
	return duration, atMostAYear(duration)
}

// longestTime is the most that a flag may say of a time: some are multiplied, or added to
// a point in time, and none is meant to be longer.
const longestTime = 365 * 24 * time.Hour

func atMostAYear(of time.Duration) error {
	if of > longestTime {
		return fmt.Errorf("%v is longer than a year, %v, which is the most", of, longestTime)
	}
	return nil
}

// times reads flags that are a time with its unit.
func times() kong.Option {
	of := reflect.TypeFor[time.Duration]()
	usual := kong.NewRegistry().RegisterDefaults().ForType(of)
	return kong.TypeMapper(of, kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		if err := usual.Decode(ctx, target); err != nil {
			return err
		}
		return atMostAYear(time.Duration(target.Int()))
	}))
}

// What a flag may say. A number that something would take for its default is
// refused, so that nobody is left to wonder.

func atLeastOne(flag string, value int) error {
	if value < 1 {
		return &usageError{fmt.Sprintf("%s cannot be %d: it has to be at least 1", flag, value)}
	}
	return nil
}

func aboveZero[T ~int64](flag string, value T) error {
	if value <= 0 {
		shown := any(time.Duration(value))
		if bytes, ok := any(value).(byteCount); ok {
			shown = bytes
		}
		return &usageError{fmt.Sprintf("%s cannot be %v: it has to be above zero", flag, shown)}
	}
	return nil
}

func atLeast(flag string, value, least time.Duration) error {
	if value < least {
		return &usageError{fmt.Sprintf("%s cannot be %v: it has to be at least %v", flag, value, least)}
	}
	return nil
}

// firstTailSleep refuses a first pause at the end of the feed that is above the longest.
func firstTailSleep(longest, first milliseconds) error {
	if first > longest {
		return &usageError{fmt.Sprintf("--first-tail-sleep cannot be %v: it has to be at most --tail-sleep, which is %v", time.Duration(first), time.Duration(longest))}
	}
	return nil
}

func between(flag string, value, least, most int) error {
	if value < least || value > most {
		return &usageError{fmt.Sprintf("%s cannot be %d: it has to be from %d to %d", flag, value, least, most)}
	}
	return nil
}
