package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"example.com/groupcheckout/internal/program"
)

const description = `Says where each store gives way first, and what a chain of hotels needs: docs/scale.md tells what the words mean.`

// cli is the grammar of the command line.
type cli struct {
	Bench  string    `placeholder:"FILE" help:"What bench has measured, as build/bench.json. Without it, the costs of two quiet cores."`
	Hotels []float64 `default:"10,1000,100000" help:"Chains of so many hotels. Default: ${default}."`
	Groups float64   `default:"10" help:"Groups that check out of a hotel in a day. Default: ${default}."`
	Stays  float64   `default:"6" help:"Stays of a group. Default: ${default}."`
	Others float64   `default:"600" help:"Other appends of a hotel in a day: arrivals, charges, departures. Default: ${default}."`
	Peak   float64   `default:"0.25" help:"How much of a day falls into its busiest hour. Default: ${default}."`
	Cores  int       `default:"8" help:"Cores of a server of Message DB. Default: ${default}."`
	Out    string    `placeholder:"DIR" help:"Where to draw the curves. Without it they are not drawn."`
}

func main() { program.Main(run) }

// run carries out a command line and returns the exit status.
func run(_ context.Context, args []string, out, complaints io.Writer) int {
	var grammar cli
	return program.Program{
		Name: "scale", Description: description, Grammar: &grammar,
		Do: func() error { return grammar.say(out) },
	}.Run(args, out, complaints)
}

func (c cli) say(out io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	measured := quiet()
	if c.Bench != "" {
		var err error
		if measured, err = readCosts(c.Bench); err != nil {
			return err
		}
	}
	hotels := chain{Hotels: 1, Groups: c.Groups, Stays: c.Stays, Others: c.Others, Peak: c.Peak}
	c.costs(out, measured)
	c.limits(out, measured, hotels)
	c.chains(out, measured, hotels)
	if c.Out == "" {
		return nil
	}
	return c.draw(measured, hotels)
}

func (c cli) check() error {
	for _, hotels := range c.Hotels {
		if hotels < 1 {
			return fmt.Errorf("--hotels %v: a chain has one at least", hotels)
		}
	}
	if c.Groups <= 0 || c.Stays <= 0 || c.Others < 0 || c.Cores < 1 {
		return errors.New("--groups, --stays and --cores have to be above zero, and --others not below it")
	}
	if c.Peak < 1.0/24 || c.Peak > 1 {
		return fmt.Errorf("--peak %v: the busiest hour has at least 1/24 of a day, and at most all of it", c.Peak)
	}
	return nil
}

// costs says what the model is fed with.
func (c cli) costs(out io.Writer, m costs) {
	fmt.Fprintf(out, "Costs of %s: a transaction %.2f ms and %.3f ms for each append in it; %.0f groups a second on %d cores; %.0f events a second through a scheduler.\n",
		m.From, 1000*m.Lock.Fixed, 1000*m.Lock.Each, m.Groups, m.Cores, m.Feed)
	if m.Eight > 0 {
		said := m.Lock.closed(8)
		fmt.Fprintf(out, "Eight callers append %.0f times a second, says the model; measured are %.0f (%.2f).\n", said, m.Eight, said/m.Eight)
	}
}

// limits says what is full first.
func (c cli) limits(out io.Writer, m costs, hotels chain) {
	fmt.Fprintf(out, "\nWhat one store can do, in groups a day: %.0f stays a group, %.0f other appends for each group, %.0f %% of a day in one hour\n",
		hotels.Stays, hotels.Others/hotels.Groups, 100*hotels.Peak)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, store := range []struct {
		name     string
		stations []station
	}{{fmt.Sprintf("Message DB, %d cores", c.Cores), append(messageDB(m, c.Cores), ungathered(m))}, {"DynamoDB", dynamoDB(m)}} {
		for _, s := range store.stations {
			fmt.Fprintf(w, "%s\t%s\t%s\n", store.name, s.name, round(fill(s, hotels)*hotels.Groups))
		}
	}
	_ = w.Flush() // an error shows with what is printed last
}

// chains says what chains need.
func (c cli) chains(out io.Writer, m costs, hotels chain) {
	fmt.Fprintf(out, "\nWhat a chain needs, with the fullest station of a store at %.0f %% in the busiest hour\n", 100*headroom)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "hotels\tgroups/s at peak\tMessage DB: stores\treactors each\tconnections each\tappend p50\tp99\tDynamoDB: pairs of tables\treactors each\t$ a month")
	for _, n := range c.Hotels {
		hotels.Hotels = n
		mdb, dynamo := onMessageDB(m, hotels, c.Cores), onDynamoDB(m, hotels)
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%.2f ms\t%.2f ms\t%d\t%d\t%s\n", round(n), round(hotels.atPeak().groups),
			mdb.stores, mdb.slots, mdb.connections, 1000*mdb.median, 1000*mdb.slowest, dynamo.stores, dynamo.slots, round(dynamo.dollars))
	}
	if err := w.Flush(); err != nil {
		fmt.Fprintln(out, err)
	}
}

// round writes two digits that count, with commas.
func round(x float64) string {
	if x < 10 {
		return strconv.FormatFloat(x, 'g', 2, 64)
	}
	size := 1.0
	for x/size >= 100 {
		size *= 10
	}
	text := strconv.FormatInt(int64(x/size+0.5)*int64(size), 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// draw writes the curves.
func (c cli) draw(m costs, hotels chain) error {
	if err := os.MkdirAll(c.Out, 0o755); err != nil { //nolint:gosec // nothing secret
		return err
	}
	use := chart{title: "How full the stations of one store are at the peak", across: "hotels", up: "in use", top: 1}
	for _, s := range append(messageDB(m, c.Cores), ungathered(m), dynamoDB(m)[0]) {
		l := line{name: s.name}
		for n := 10.0; n <= 1e6; n *= 1.1 {
			hotels.Hotels = n
			l.points = append(l.points, point{n, s.uses(hotels.atPeak())})
		}
		use.lines = append(use.lines, l)
	}
	waits := chart{title: "How long an append to one category of Message DB takes", across: "appends a second", up: "ms", top: 10}
	for _, room := range []int{1, gathered} {
		l := m.Lock
		l.Room = room
		median, slow := line{name: fmt.Sprintf("p50, %d in a transaction", room)}, line{name: fmt.Sprintf("p99, %d in a transaction", room)}
		for rate := 100.0; rate < 0.97*l.most(); rate *= 1.15 {
			took := l.waits(rate, 30_000, 1, 0.5, 0.99)
			median.points, slow.points = append(median.points, point{rate, 1000 * took[0]}), append(slow.points, point{rate, 1000 * took[1]})
		}
		waits.lines = append(waits.lines, median, slow)
	}
	for name, drawing := range map[string]chart{"scale-stations.svg": use, "scale-appends.svg": waits} {
		if err := os.WriteFile(filepath.Join(c.Out, name), []byte(drawing.svg()), 0o644); err != nil { //nolint:gosec // nothing secret
			return err
		}
	}
	return nil
}
