package main

import (
	"io"
	"log/slog"
)

// logFlags say how to log.
type logFlags struct {
	Verbose   bool   `short:"V" help:"Log every batch, call and checkpoint."`
	LogFormat string `enum:"text,json" default:"text" placeholder:"FORMAT" help:"How to write log lines: text or json. Default ${default}."`
}

// logger logs to w, from the given level on or from the lowest if verbose.
func (f logFlags) logger(w io.Writer, level slog.Level) *slog.Logger {
	if f.Verbose {
		level = slog.LevelDebug
	}
	options := &slog.HandlerOptions{Level: level}
	if f.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
