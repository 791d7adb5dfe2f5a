package stock

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"example.com/groupcheckout/internal/fetch"
)

// version is that of the npm package.
const version = "24.2.0"

// Files returns the files of the npm package, which [Write] needs. It fetches
// them with npm if this machine does not have them yet; a nil log is silent.
func Files(ctx context.Context, log *slog.Logger) (fs.FS, error) {
	dir, err := fetch.NPM(ctx, fetch.Package{
		Name: "@cucumber/html-formatter", Version: version, Folder: "cucumber-html-formatter-" + version,
		SHA512: "6Y5ijKyFeNiaMdcYna/fo1Bluzebm8L+vSAyuymIt7Dxu5Fq1sDYMGqR1rYeuNdJmXyu/YRtGLOsrZdCJCQGIg==",
	}, log)
	if err != nil {
		return nil, fmt.Errorf("get Cucumber's report: %w", err)
	}
	return os.DirFS(dir), nil
}
