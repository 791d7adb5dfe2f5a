package provision

import (
	"context"
	"log/slog"

	"example.com/groupcheckout/internal/fetch"
)

// messageDBPackage holds the Message DB schema. Its checksum is the one that the
// registry gives: nothing else is run as a superuser.
func messageDBPackage() fetch.Package {
	return fetch.Package{
		Name:    "@eventide/message-db",
		Version: "1.3.1",
		SHA512:  "n3hdE5YAZNXTr2HK9gG0GJ6dusgdE544LTvS+21/yOEHBvNuUzNmXXw5vS05vpe6RSuhzTRy5Wg0q7c1VfJg+A==",
		Folder:  "message-db-1.3.1",
	}
}

// MessageDBPackage returns the folder with the npm package that holds the
// Message DB schema, and fetches it with npm if this machine does not have it
// yet. Several processes may call it at once. A nil log is silent.
func MessageDBPackage(ctx context.Context, log *slog.Logger) (string, error) {
	return fetch.NPM(ctx, messageDBPackage(), log)
}
