package messagedb

import (
	"os"
	"strings"
	"testing"

	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
)

var server = provisiontest.MessageDB() //nolint:gochecknoglobals // what tests share

func TestMain(m *testing.M) { os.Exit(provisiontest.Main(m, server)) }

// A program handles every stream that it finds. What others test at the same time on the
// same server must not be among them.
func TestOnlyReactorsInThisProcessShareADatabase(t *testing.T) {
	for _, variable := range server.Get(t).Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	site := func(processes bool) string {
		t.Helper()
		up, err := bringUp(provisiontest.Within(t), harness.Need{Categories: []string{"Parcel"}, Processes: processes, Way: string(provision.Address)})
		check.Must(t, err)
		made, err := up.Site(provisiontest.Within(t), false)
		check.Must(t, err)
		t.Cleanup(func() { made.Backend.Close() })
		return made.Address
	}
	if one, another := site(false), site(false); one != another {
		t.Errorf("got %s and %s, want one database for reactors that leave each other's streams alone", one, another)
	}
	one, another, shared := site(true), site(true), site(false)
	if one == another || one == shared || another == shared {
		t.Errorf("got the databases %s, %s and %s, want one for each harness that runs programs, beside that of all others", one, another, shared)
	}
}
