package parcels_test

import (
	"context"
	"strings"

	"example.com/groupcheckout/examples/parcels"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/run"
)

// system is the sorting centre as a harness sees it.
func system() harness.System {
	return harness.System{
		Categories: []string{parcels.Trucks},
		Start:      run.Starter(parcels.Start),
		Audit: func(ctx context.Context, left harness.Left) error {
			return parcels.Audit(ctx, left.Reader, left.Streams)
		},
		Program: &harness.Program{Package: "example.com/groupcheckout/examples/parcels/cmd/sorter", Command: command},
	}
}

// command is how the sorter's program follows a store.
func command(target harness.Target, group string) (args, env []string) {
	store := target.Connection
	if target.Store == "dynamodb" {
		server := strings.Replace(target.ServiceURL, "://", "://"+target.AccessKeyID+":"+target.SecretAccessKey+"@", 1)
		store = "dynamodb+" + server + "/" + target.Table + "?index=" + target.IndexTable
	}
	return []string{"-group", group, "-schema", target.CheckpointSchema, "-listen", "127.0.0.1:0"}, []string{"SORTER_STORE=" + store}
}
