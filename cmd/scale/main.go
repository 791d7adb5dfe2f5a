package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/internal/program"
	"example.com/groupcheckout/internal/terminal"
)

const description = `Says where each store gives way first, and what a chain of hotels needs: docs/scale.md tells what the words mean.

Exit status: 0 it was said; 1 a number that was given cannot be, or a file cannot be read or written.`

// cli is the grammar of the command line.
type cli struct {
	Bench  string    `placeholder:"FILE" help:"What bench has measured, as build/bench.json. Without it, the costs of two quiet cores."`
	Hotels []float64 `default:"10,1000,100000" help:"Chains of so many hotels. Default: ${default}."`
	Groups float64   `default:"10" help:"Groups that check out of a hotel in a day. Default: ${default}."`
	Stays  float64   `default:"6" help:"Stays of a group. Default: ${default}."`
	Others float64   `default:"600" help:"Other appends of a hotel in a day: arrivals, charges, departures. Default: ${default}."`
	Peak   float64   `default:"0.25" help:"How much of a day falls into its busiest hour. Default: ${default}."`
	Cores  int       `default:"8" help:"Cores of a server of Message DB. Default: ${default}."`
	JSON   bool      `name:"json" help:"Print the result as JSON, for programs, in a form that stays."`
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
	style := terminal.Of(out, false, os.Getenv)
	var err error
	if c.JSON {
		err = c.json(out, measured, hotels)
	} else {
		err = errors.Join(c.costs(out, style, measured), c.limits(out, style, measured, hotels), c.chains(out, style, measured, hotels))
	}
	if err != nil || c.Out == "" {
		return err
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
func (c cli) costs(out io.Writer, style terminal.Style, m costs) error {
	said := fmt.Sprintf("Costs of %s: a transaction %.2f ms and %.3f ms for each append in it; %s groups a second on %s; %s events a second through a scheduler.",
		m.From, 1000*m.Lock.Fixed, 1000*m.Lock.Each, round(m.Groups), plural.Of(m.Cores, "core"), round(m.Feed))
	if m.Eight > 0 {
		model := m.Lock.closed(8)
		said += fmt.Sprintf(" Eight callers append %s times a second, says the model; measured are %s (%.2f).", round(model), round(m.Eight), model/m.Eight)
	}
	_, err := fmt.Fprintln(out, style.Wrap(said, ""))
	return err
}

// limits says what is full first.
func (c cli) limits(out io.Writer, style terminal.Style, m costs, hotels chain) error {
	fmt.Fprintln(out, "\n"+style.Wrap(fmt.Sprintf("What one store can do, in groups a day: %.0f stays a group, %.0f other appends for each group, %.0f %% of a day in one hour",
		hotels.Stays, hotels.Others/hotels.Groups, 100*hotels.Peak), "")+"\n")
	table := terminal.Table{Head: []string{"store", "station", "groups a day"}, Right: []bool{false, false, true}}
	for _, s := range c.stations(m) {
		store := s.store
		if s.store == onServers {
			store += ", " + plural.Of(c.Cores, "core")
		}
		table.Rows = append(table.Rows, []string{store, s.name, round(fill(s.station, hotels) * hotels.Groups)})
	}
	return table.Write(out, style)
}

// onServers is the store whose servers have cores.
const onServers = "Message DB"

type storesStation struct {
	store string
	station
}

// stations are those of each store.
func (c cli) stations(m costs) []storesStation {
	var made []storesStation
	for _, s := range append(messageDB(m, c.Cores), ungathered(m)) {
		made = append(made, storesStation{onServers, s})
	}
	for _, s := range dynamoDB(m) {
		made = append(made, storesStation{"DynamoDB", s})
	}
	return made
}

// chains says what chains need.
func (c cli) chains(out io.Writer, style terminal.Style, m costs, hotels chain) error {
	fmt.Fprintln(out, "\n"+style.Wrap(fmt.Sprintf("What a chain needs, with the fullest station of a store at %.0f %% in the busiest hour", 100*headroom), ""))
	onMDB := terminal.Table{
		Head:  []string{"hotels", "groups/s", "stores", "reactors", "connections", "append p50", "p99"},
		Right: []bool{true, true, true, true, true, true, true},
	}
	onDynamo := terminal.Table{Head: []string{"hotels", "groups/s", "pairs of tables", "reactors", "$ a month"}, Right: onMDB.Right}
	for _, n := range c.Hotels {
		hotels.Hotels = n
		mdb, dynamo := onMessageDB(m, hotels, c.Cores), onDynamoDB(m, hotels)
		peak := round(hotels.atPeak().groups)
		onMDB.Rows = append(onMDB.Rows, []string{
			round(n), peak, strconv.Itoa(mdb.stores), strconv.Itoa(mdb.slots), strconv.Itoa(mdb.connections),
			fmt.Sprintf("%.2f ms", 1000*mdb.median), fmt.Sprintf("%.2f ms", 1000*mdb.slowest),
		})
		onDynamo.Rows = append(onDynamo.Rows, []string{round(n), peak, strconv.Itoa(dynamo.stores), strconv.Itoa(dynamo.slots), round(dynamo.dollars)})
	}
	fmt.Fprintln(out, "\n"+style.Wrap("On Message DB; reactors and connections are those of each store:", "")+"\n")
	if err := onMDB.Write(out, style); err != nil {
		return err
	}
	fmt.Fprintln(out, "\n"+style.Wrap("On DynamoDB; reactors are those of each pair:", "")+"\n")
	return onDynamo.Write(out, style)
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
