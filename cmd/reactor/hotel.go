package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"example.com/groupcheckout/checkout/demo"
	"example.com/groupcheckout/stores/address"
)

//go:embed hotel
var hotelFiles embed.FS

// hotelPace is what clerks wait between two things that they do.
const hotelPace = 400 * time.Millisecond

// serve has a hotel work, and shows it in a browser, until ctx ends.
func (c *demoCommand) serve(ctx context.Context, s streams, store *address.Store, config demo.Config) error {
	p := &page{}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", onThisMachine(c.Listen))
	if err != nil {
		return &usageError{fmt.Sprintf("the hotel cannot be shown at %q: %v", c.Listen, err)}
	}
	p.listener = listener
	defer p.close()
	// What the size of a demo is meant for is over in a moment; a hotel has sizes of its own.
	config.Groups, config.Stays, config.Clerks = 0, 0, 0
	hotel, err := demo.NewHotel(store.Backend, config, hotelPace)
	if err != nil {
		return err
	}
	handler, err := hotelPage(ctx, hotel, config.Log)
	if err != nil {
		return err
	}
	p.run(listener, handler, answerLimit, config.Log)
	shown := "http://" + listener.Addr().String() + "/"
	fmt.Fprintf(s.out, "The hotel is at %s, on the store %s. It goes on until you end it with Ctrl-C.\n", s.styles.out.Strong(shown), store.Name)

	running, stop := context.WithCancel(ctx)
	defer stop()
	indexing := indexBeside(running, store, stop)
	err = hotel.Run(running)
	stop()
	if err := errors.Join(<-indexing, err); err != nil {
		return err
	}
	state := hotel.State()
	audited := "No round was over, so the books were not audited."
	if state.Balanced > 0 {
		audited = fmt.Sprintf("After %s the books were audited, and balanced.", countOf(state.Balanced, "round"))
	}
	_, err = fmt.Fprintf(s.out, "%s confirmed. %s\n", countOf(state.Confirmed, "group"), audited)
	return err
}

// hotelPage serves the page of a hotel, what it shows as JSON, and its button.
func hotelPage(ctx context.Context, hotel *demo.Hotel, log *slog.Logger) (http.Handler, error) {
	files, err := fs.Sub(hotelFiles, "hotel")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /state.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(hotel.State()) // a reader who left is no concern of ours
	})
	mux.HandleFunc("POST /kill", func(http.ResponseWriter, *http.Request) { hotel.KillReactor() })
	mux.HandleFunc("POST /start", func(w http.ResponseWriter, _ *http.Request) {
		if err := hotel.StartReactor(ctx); err != nil {
			log.Error("the reactor cannot be started", "reason", err)
			http.Error(w, "the reactor cannot be started", http.StatusInternalServerError)
		}
	})
	// Pages of others may not press the button.
	same := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		same.ServeHTTP(w, r)
	}), nil
}
